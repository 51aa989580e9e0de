import Base
import Foundation

/// A temporary file without a name: records are appended, then read back by their offsets.
///
/// Appending belongs to one thread; reading, after `flush()`, to any number.
final class SpoolFile: @unchecked Sendable {
    private let file: OpenFile
    private let folder: String
    private var buffer: [UInt8] = []
    private var written: UInt64 = 0

    private static let bufferedBytes = 1 << 20

    /// Makes the file in `folder`, or in the system's folder for temporary files.
    init(folder: String? = nil) throws(TrainingError) {
        let folder = folder ?? NSTemporaryDirectory()
        self.folder = folder
        file = try giving(TrainingError.init(writing:)) { () throws(FileError) in
            try OpenFile(namelessIn: folder)
        }
    }

    /// Appends a record and gives the offset to read it by.
    func append(_ record: [UInt8]) throws(TrainingError) -> UInt64 {
        let offset = written + UInt64(buffer.count)
        var length = ByteRecord()
        length.append(UInt64(record.count))
        buffer += length.bytes
        buffer += record
        if buffer.count >= Self.bufferedBytes { try flush() }
        return offset
    }

    /// Writes what is still in memory.
    func flush() throws(TrainingError) {
        do throws(FileError) {
            try file.write(buffer, at: written)
        } catch {
            throw .cannotWrite(path: folder, reason: error.reason)
        }
        written += UInt64(buffer.count)
        buffer.removeAll(keepingCapacity: true)
    }

    /// Reads the record at an offset.
    func read(at offset: UInt64) throws(TrainingError) -> [UInt8] {
        var header = ByteRecord(try read(8, at: offset))
        return try read(Int(header.number()), at: offset + 8)
    }

    private func read(_ count: Int, at offset: UInt64) throws(TrainingError) -> [UInt8] {
        do throws(FileError) {
            return try file.read(count, at: offset)
        } catch {
            throw .cannotRead(path: folder, reason: error.reason)
        }
    }
}
