package import Base
internal import CZlib

/// A zip archive whose members are stored or deflated, with zip64; in a mapped file, where stored
/// members stay.
///
/// Source: PKWARE's APPNOTE.TXT 6.3.10, §4.3 and §4.5.3 (zip64).
package struct ZipArchive: Sendable {
    /// A file of the archive.
    package struct Member: Equatable, Sendable {
        /// Its path in the archive, which leads nowhere else.
        package var name: String
        /// Whether its bytes are deflated; else they are stored as they are.
        package var isDeflated: Bool
        /// Where its bytes lie in the archive.
        package var range: Range<Int>
        /// The bytes it unpacks to.
        package var size: Int
        /// The CRC-32 of these.
        package var crc32: UInt32
    }

    /// The members, in the order of the directory.
    package private(set) var members: [Member] = []
    /// The archive.
    package let file: MappedFile

    private static let endMark: UInt32 = 0x0605_4B50
    private static let end64Mark: UInt32 = 0x0606_4B50
    private static let locatorMark: UInt32 = 0x0706_4B50
    private static let entryMark: UInt32 = 0x0201_4B50
    private static let memberMark: UInt32 = 0x0403_4B50

    /// Reads the archive's directory.
    package init(_ file: MappedFile) throws(FormatError) {
        self.file = file
        let (count, directory) = try findDirectory()
        var offset = directory.lowerBound
        var names: Set<String> = []
        for _ in 0..<count {
            let next = try readEntry(at: offset, end: directory.upperBound)
            if let name = members.last?.name, !names.insert(name).inserted {
                throw failure(offset, "the member \(name) occurs twice")
            }
            offset = next
        }
    }

    private func failure(_ offset: Int, _ reason: String) -> FormatError {
        FormatError(offset, reason)
    }

    private func integer<T: FixedWidthInteger & UnsignedInteger>(
        _ offset: Int, _ type: T.Type
    ) throws(FormatError) -> Int {
        guard offset >= 0, offset <= file.bytes.count - MemoryLayout<T>.size,
            let value = Int(exactly: file.integer(at: offset, as: T.self))
        else { throw failure(max(0, offset), "the zip archive is cut off") }
        return value
    }

    /// Number of entries and the byte range of the central directory.
    private func findDirectory() throws(FormatError) -> (count: Int, range: Range<Int>) {
        let size = file.bytes.count
        let lowest = max(0, size - 22 - 0xFFFF)
        var end = size - 22
        while end >= lowest {
            if try integer(end, UInt32.self) == Int(Self.endMark),
                try integer(end + 20, UInt16.self) == size - end - 22
            {
                break
            }
            end -= 1
        }
        guard end >= lowest else {
            throw failure(size, "the zip archive has no central directory")
        }
        var count = try integer(end + 10, UInt16.self)
        var length = try integer(end + 12, UInt32.self)
        var start = try integer(end + 16, UInt32.self)
        if count == 0xFFFF || length == 0xFFFF_FFFF || start == 0xFFFF_FFFF {
            guard try integer(end - 20, UInt32.self) == Int(Self.locatorMark) else {
                throw failure(end, "the zip64 directory is not found")
            }
            let end64 = try integer(end - 12, UInt64.self)
            guard try integer(end64, UInt32.self) == Int(Self.end64Mark) else {
                throw failure(end64, "the zip64 directory is not found")
            }
            count = try integer(end64 + 32, UInt64.self)
            length = try integer(end64 + 40, UInt64.self)
            start = try integer(end64 + 48, UInt64.self)
        }
        guard start <= end, length <= end - start, count <= length / 46 else {
            throw failure(end, "the central directory lies outside the zip archive")
        }
        return (count, start..<start + length)
    }

    /// Reads one entry and returns the offset of the next.
    private mutating func readEntry(at offset: Int, end: Int) throws(FormatError) -> Int {
        guard offset <= end - 46, try integer(offset, UInt32.self) == Int(Self.entryMark) else {
            throw failure(offset, "the central directory is damaged")
        }
        let nameLength = try integer(offset + 28, UInt16.self)
        let extraLength = try integer(offset + 30, UInt16.self)
        let next = offset + 46 + nameLength + extraLength + (try integer(offset + 32, UInt16.self))
        guard next <= end else { throw failure(offset, "the central directory is damaged") }
        let bytes = file.bytes[offset + 46..<offset + 46 + nameLength]
        guard let name = String(validating: bytes, as: UTF8.self) else {
            throw failure(offset, "a member's name is not UTF-8")
        }
        guard !name.hasPrefix("/"), !name.split(separator: "/").contains("..") else {
            throw failure(offset, "the member \(name) leads outside the archive")
        }
        let method = try integer(offset + 10, UInt16.self)
        guard try integer(offset + 8, UInt16.self) & 1 == 0, method == 0 || method == 8 else {
            throw failure(offset, "the member \(name) is packed in an unknown way, or encrypted")
        }
        var size = try integer(offset + 20, UInt32.self)
        var unpacked = try integer(offset + 24, UInt32.self)
        var header = try integer(offset + 42, UInt32.self)
        try readZip64(
            offset + 46 + nameLength, extraLength, &unpacked, &size, &header)
        guard method == 8 || size == unpacked else {
            throw failure(offset, "the member \(name) has two different sizes")
        }
        // Deflate makes at most 1,032 bytes of one.
        guard size < 1 << 40, unpacked <= 1032 * (size + 1) else {
            throw failure(offset, "the member \(name) announces too much")
        }
        members.append(
            Member(
                name: name, isDeflated: method == 8,
                range: try content(header: header, size: size, name: name), size: unpacked,
                crc32: UInt32(try integer(offset + 16, UInt32.self))))
        return next
    }

    /// Replaces 32-bit fields that are all ones by the 64-bit ones of the extra field 1.
    private func readZip64(
        _ start: Int, _ length: Int, _ unpacked: inout Int, _ size: inout Int, _ header: inout Int
    ) throws(FormatError) {
        var offset = start
        while offset + 4 <= start + length {
            let kind = try integer(offset, UInt16.self)
            let end = offset + 4 + (try integer(offset + 2, UInt16.self))
            guard end <= start + length else { throw failure(offset, "an extra field is damaged") }
            if kind == 1 {
                var field = offset + 4
                func next(_ value: Int) throws(FormatError) -> Int {
                    guard value == 0xFFFF_FFFF else { return value }
                    guard field + 8 <= end else {
                        throw failure(field, "a zip64 field is missing")
                    }
                    defer { field += 8 }
                    return try integer(field, UInt64.self)
                }
                unpacked = try next(unpacked)
                size = try next(size)
                header = try next(header)
            }
            offset = end
        }
    }

    private func content(header: Int, size: Int, name: String) throws(FormatError) -> Range<Int> {
        guard header <= file.bytes.count - 30,
            try integer(header, UInt32.self) == Int(Self.memberMark)
        else { throw failure(min(header, file.bytes.count), "the member \(name) is not there") }
        let start =
            header + 30 + (try integer(header + 26, UInt16.self))
            + (try integer(header + 28, UInt16.self))
        guard start <= file.bytes.count, size <= file.bytes.count - start else {
            throw failure(header, "the member \(name) is cut off")
        }
        return start..<start + size
    }
}

extension ZipArchive {
    /// Bytes whose pages are held while a checksum is computed.
    private static let checkedAtOnce = 4 << 20

    /// Compares a stored member with its checksum; its pages are let go of behind that.
    package static func check(
        _ file: MappedFile, _ range: Range<Int>, crc32 expected: UInt32
    ) throws(FormatError) {
        var checksum = uLong(0)
        for start in stride(from: range.lowerBound, to: range.upperBound, by: checkedAtOnce) {
            let part = start..<min(start + checkedAtOnce, range.upperBound)
            checksum = Self.checksum(
                checksum, UnsafeRawBufferPointer(rebasing: file.bytes[part]))
            file.release(part)
        }
        guard UInt32(truncatingIfNeeded: checksum) == expected else {
            throw FormatError(
                range.lowerBound, "a member of the archive does not have its checksum")
        }
    }

    /// The bytes of a member, compared with its checksum.
    package func content(of member: Member) throws(FormatError) -> [UInt8] {
        let packed = UnsafeRawBufferPointer(rebasing: file.bytes[member.range])
        let start = member.range.lowerBound
        guard let content = member.isDeflated ? inflated(packed, member.size) : Array(packed) else {
            throw failure(start, "the member \(member.name) cannot be unpacked")
        }
        let checksum = content.withUnsafeBytes { Self.checksum(0, $0) }
        guard UInt32(truncatingIfNeeded: checksum) == member.crc32 else {
            throw failure(start, "the member \(member.name) does not have its checksum")
        }
        return content
    }

    private static func checksum(_ before: uLong, _ bytes: UnsafeRawBufferPointer) -> uLong {
        crc32_z(before, bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count)
    }

    /// What raw deflated bytes unpack to; nil where they are damaged or not of this size.
    private func inflated(_ packed: UnsafeRawBufferPointer, _ size: Int) -> [UInt8]? {
        var stream = z_stream()
        guard packed.count <= UInt32.max, size <= UInt32.max,
            sheaf_inflate_raw_init(&stream) == Z_OK
        else { return nil }
        defer { inflateEnd(&stream) }
        var isWhole = false
        let content = [UInt8](unsafeUninitializedCapacity: size) { output, filled in
            stream.next_in = UnsafeMutablePointer(
                mutating: packed.bindMemory(to: UInt8.self).baseAddress)
            stream.avail_in = UInt32(packed.count)
            stream.next_out = output.baseAddress
            stream.avail_out = UInt32(size)
            isWhole = inflate(&stream, Z_FINISH) == Z_STREAM_END && stream.avail_out == 0
            filled = isWhole ? size : 0
        }
        return isWhole ? content : nil
    }
}
