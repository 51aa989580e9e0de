import Base

/// A stretch of a file and the CRC-32 it must have.
struct MemberChecksum: Equatable, Sendable {
    var range: Range<Int>
    var crc32: UInt32
}

/// The directory of a zip archive whose members are stored without compression, as PyTorch writes
/// them; nothing is unpacked, members stay where they are in the mapped file.
///
/// Source: PKWARE's APPNOTE.TXT 6.3.10, §4.3 and §4.5.3 (zip64).
struct ZipDirectory {
    /// Byte ranges of the members' contents, by name.
    private(set) var members: [String: Range<Int>] = [:]
    /// The members with the CRC-32 the directory gives for each.
    private(set) var checksums: [MemberChecksum] = []
    private let file: MappedFile

    private static let endMark: UInt32 = 0x0605_4B50
    private static let end64Mark: UInt32 = 0x0606_4B50
    private static let locatorMark: UInt32 = 0x0706_4B50
    private static let entryMark: UInt32 = 0x0201_4B50
    private static let memberMark: UInt32 = 0x0403_4B50

    init(_ file: MappedFile) throws(ModelError) {
        self.file = file
        let (count, directory) = try findDirectory()
        var offset = directory.lowerBound
        for _ in 0..<count { offset = try readEntry(at: offset, end: directory.upperBound) }
    }

    private func failure(_ offset: Int, _ reason: String) -> ModelError {
        .malformedFile(path: file.path, offset: offset, reason: reason)
    }

    private func integer<T: FixedWidthInteger & UnsignedInteger>(
        _ offset: Int, _ type: T.Type
    ) throws(ModelError) -> Int {
        guard offset >= 0, offset <= file.bytes.count - MemoryLayout<T>.size,
            let value = Int(exactly: file.integer(at: offset, as: T.self))
        else { throw failure(max(0, offset), "the zip archive is cut off") }
        return value
    }

    /// Number of entries and the byte range of the central directory.
    private func findDirectory() throws(ModelError) -> (count: Int, range: Range<Int>) {
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
    private mutating func readEntry(at offset: Int, end: Int) throws(ModelError) -> Int {
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
        guard try integer(offset + 8, UInt16.self) & 1 == 0,
            try integer(offset + 10, UInt16.self) == 0
        else { throw failure(offset, "the member \(name) is compressed or encrypted") }
        var size = try integer(offset + 20, UInt32.self)
        var unpacked = try integer(offset + 24, UInt32.self)
        var header = try integer(offset + 42, UInt32.self)
        try readZip64(
            offset + 46 + nameLength, extraLength, &unpacked, &size, &header)
        guard size == unpacked else {
            throw failure(offset, "the member \(name) has two different sizes")
        }
        let content = try content(header: header, size: size, name: name)
        let crc = try integer(offset + 16, UInt32.self)
        checksums.append(MemberChecksum(range: content, crc32: UInt32(crc)))
        guard members.updateValue(content, forKey: name) == nil else {
            throw failure(offset, "the member \(name) occurs twice")
        }
        return next
    }

    /// Replaces 32-bit fields that are all ones by the 64-bit ones of the extra field 1.
    private func readZip64(
        _ start: Int, _ length: Int, _ unpacked: inout Int, _ size: inout Int, _ header: inout Int
    ) throws(ModelError) {
        var offset = start
        while offset + 4 <= start + length {
            let kind = try integer(offset, UInt16.self)
            let end = offset + 4 + (try integer(offset + 2, UInt16.self))
            guard end <= start + length else { throw failure(offset, "an extra field is damaged") }
            if kind == 1 {
                var field = offset + 4
                func next(_ value: Int) throws(ModelError) -> Int {
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

    private func content(header: Int, size: Int, name: String) throws(ModelError) -> Range<Int> {
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
