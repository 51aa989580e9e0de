import Foundation

/// A temporary file without a name: records are appended, then read back by their offsets.
///
/// Appending belongs to one thread; reading, after `flush()`, to any number.
final class SpoolFile: @unchecked Sendable {
    private let descriptor: Int32
    private let folder: String
    private var buffer: [UInt8] = []
    private var written: UInt64 = 0

    private static let bufferedBytes = 1 << 20

    /// Makes the file in `folder`, or in the system's folder for temporary files.
    init(folder: String? = nil) throws(TrainingError) {
        let folder = folder ?? NSTemporaryDirectory()
        let path = folder + "/sheaf-spool-\(UUID().uuidString)"
        descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        self.folder = folder
        guard descriptor >= 0 else {
            throw .cannotWrite(path: path, reason: Self.reason())
        }
        // The descriptor alone keeps the file: nothing is left however the process ends.
        unlink(path)
    }

    deinit {
        close(descriptor)
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
        var done = 0
        while done < buffer.count {
            let count = buffer.withUnsafeBytes { raw in
                pwrite(
                    descriptor, raw.baseAddress.map { $0 + done }, raw.count - done,
                    off_t(written) + off_t(done))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .cannotWrite(path: folder, reason: Self.reason()) }
            done += count
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
        var failed = false
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let start = buffer.baseAddress.map { $0 + filled }
                let got = pread(
                    descriptor, start, count - filled, off_t(offset) + off_t(filled))
                if got < 0, errno == EINTR { continue }
                guard got > 0 else {
                    failed = true
                    return
                }
                filled += got
            }
        }
        if failed { throw .cannotRead(path: folder, reason: Self.reason()) }
        return bytes
    }

    private static func reason() -> String { String(cString: strerror(errno)) }
}
