import CZlib
import Foundation

/// A zip archive whose members are stored or deflated, as wheels of Python's package registry are.
///
/// Source: PKWARE's APPNOTE.TXT 6.3.10, §4.3; archives beyond 4 GiB are refused.
public struct ZipArchive: Sendable {
    /// The archive's path.
    public let path: String
    private let entries: [Entry]

    private struct Entry: Sendable {
        var name: String
        var isDeflated: Bool
        var crc32: UInt32
        var packed: Int
        var size: Int
        var header: Int
    }

    /// Reads the archive's directory.
    ///
    /// - Throws: `CorpusError`.
    public init(path: String) throws(CorpusError) {
        self.path = path
        let bytes = try Self.bytes(path)
        entries = try Self.directory(Record(bytes: bytes, path: path))
    }

    /// Writes the members below `folder` of the archive to `target`, which is made.
    ///
    /// Each one is compared with its checksum.
    ///
    /// - Throws: `CorpusError` where the archive is damaged or a file cannot be written.
    public func extract(_ folder: String, to target: String) throws(CorpusError) {
        let record = Record(bytes: try Self.bytes(path), path: path)
        let wanted = entries.filter { $0.name.hasPrefix(folder + "/") && !$0.name.hasSuffix("/") }
        guard !wanted.isEmpty else { throw record.damaged(0, "it holds no \(folder)") }
        for entry in wanted {
            let name = entry.name.dropFirst(folder.count + 1)
            guard !name.split(separator: "/").contains("..") else {
                throw record.damaged(entry.header, "the member \(entry.name) leads elsewhere")
            }
            let content = try Self.content(entry, record)
            let file = URL(fileURLWithPath: target + "/" + name)
            do {
                try FileManager.default.createDirectory(
                    at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
                try content.write(to: file)
            } catch {
                throw .cannotWrite(path: file.path, reason: error.localizedDescription)
            }
        }
    }

    private static func bytes(_ path: String) throws(CorpusError) -> Data {
        do {
            return try Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe)
        } catch {
            throw .cannotOpen(path: path, reason: error.localizedDescription)
        }
    }

    /// The archive's bytes, read with their bounds checked.
    private struct Record {
        var bytes: Data
        var path: String

        func damaged(_ offset: Int, _ reason: String) -> CorpusError {
            .corruptGzip(path: path, byteOffset: UInt64(max(0, offset)), reason: reason)
        }

        func number(_ offset: Int, _ count: Int) throws(CorpusError) -> Int {
            guard offset >= 0, offset <= bytes.count - count else {
                throw damaged(offset, "the archive is cut off")
            }
            return (0..<count).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * $1) }
        }

        func range(_ offset: Int, _ count: Int) throws(CorpusError) -> Data {
            guard offset >= 0, count >= 0, offset <= bytes.count - count else {
                throw damaged(offset, "the archive is cut off")
            }
            return bytes[offset..<offset + count]
        }
    }

    private static func directory(_ record: Record) throws(CorpusError) -> [Entry] {
        let size = record.bytes.count
        var end = size - 22
        while end >= 0, end > size - 22 - 0xFFFF {
            if try record.number(end, 4) == 0x0605_4B50 { break }
            end -= 1
        }
        guard end >= 0, try record.number(end, 4) == 0x0605_4B50 else {
            throw record.damaged(size, "it has no directory")
        }
        var entries: [Entry] = []
        var offset = try record.number(end + 16, 4)
        for _ in 0..<(try record.number(end + 10, 2)) {
            guard try record.number(offset, 4) == 0x0201_4B50 else {
                throw record.damaged(offset, "its directory is damaged")
            }
            let length = try record.number(offset + 28, 2)
            let method = try record.number(offset + 10, 2)
            let name = String(decoding: try record.range(offset + 46, length), as: UTF8.self)
            guard method == 0 || method == 8, try record.number(offset + 8, 2) & 1 == 0 else {
                throw record.damaged(offset, "the member \(name) is packed in an unknown way")
            }
            entries.append(
                Entry(
                    name: name, isDeflated: method == 8,
                    crc32: UInt32(try record.number(offset + 16, 4)),
                    packed: try record.number(offset + 20, 4),
                    size: try record.number(offset + 24, 4),
                    header: try record.number(offset + 42, 4)))
            offset +=
                46 + length + (try record.number(offset + 30, 2))
                + (try record.number(offset + 32, 2))
        }
        return entries
    }

    private static func content(_ entry: Entry, _ record: Record) throws(CorpusError) -> Data {
        let start =
            entry.header + 30 + (try record.number(entry.header + 26, 2))
            + (try record.number(entry.header + 28, 2))
        let packed = try record.range(start, entry.packed)
        let name = entry.name
        // Deflate makes at most 1,032 bytes of one.
        guard entry.size <= 1032 * (entry.packed + 1) else {
            throw record.damaged(entry.header, "the member \(name) announces too much")
        }
        guard let content = entry.isDeflated ? inflated(packed, entry.size) : packed,
            content.count == entry.size
        else { throw record.damaged(start, "the member \(name) cannot be unpacked") }
        let checksum = unsafe content.withUnsafeBytes { bytes in
            unsafe crc32_z(0, bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count)
        }
        guard UInt32(truncatingIfNeeded: checksum) == entry.crc32 else {
            throw record.damaged(start, "the member \(name) does not have its checksum")
        }
        return content
    }

    /// What raw deflated bytes unpack to; nil where they are damaged or not of this size.
    private static func inflated(_ packed: Data, _ size: Int) -> Data? {
        var stream = unsafe z_stream()
        guard unsafe sheaf_inflate_raw_init(&stream) == Z_OK else { return nil }
        defer { unsafe inflateEnd(&stream) }
        var content = Data(count: size)
        let isWhole = unsafe content.withUnsafeMutableBytes { output in
            unsafe packed.withUnsafeBytes { input in
                unsafe stream.next_in = UnsafeMutablePointer(
                    mutating: input.bindMemory(to: UInt8.self).baseAddress)
                unsafe stream.avail_in = UInt32(clamping: input.count)
                unsafe stream.next_out = output.bindMemory(to: UInt8.self).baseAddress
                unsafe stream.avail_out = UInt32(clamping: output.count)
                let code = unsafe inflate(&stream, Z_FINISH)
                return unsafe code == Z_STREAM_END && stream.avail_out == 0
            }
        }
        return isWhole ? content : nil
    }
}
