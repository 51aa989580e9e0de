import Foundation

/// Writing files that a reader sees whole or not at all.
///
/// The bytes go to a temporary name beside the file, are synced, and renamed.
enum WholeFile {
    /// Takes the next bytes of a file.
    typealias Put = (UnsafeRawBufferPointer) throws(ModelError) -> Void

    /// Writes what `body` hands over; where it throws, the old file stays.
    ///
    /// Throws `ModelError.unwritableFile`, and what `body` throws.
    static func write(
        to path: String, _ body: (@escaping Put) throws(ModelError) -> Void
    ) throws(ModelError) {
        let temporary = path + ".partial"
        do throws(ModelError) {
            let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
            try check(descriptor >= 0, path)
            defer { close(descriptor) }
            try body { bytes throws(ModelError) in
                try check(writeAll(bytes, to: descriptor), path)
            }
            try check(fsync(descriptor) == 0, path)
            try check(rename(temporary, path) == 0, path)
            try synchronize(parent(path), path)
        } catch {
            unlink(temporary)
            throw error
        }
    }

    /// Throws what errno says where `isGood` is false.
    private static func check(_ isGood: Bool, _ path: String) throws(ModelError) {
        guard isGood else {
            throw .unwritableFile(path: path, reason: String(cString: strerror(errno)))
        }
    }

    /// Writes all of `bytes`; where that fails, errno says why.
    private static func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Bool {
        var written = 0
        while written < bytes.count {
            let start = bytes.baseAddress.map { $0 + written }
            let count = Foundation.write(descriptor, start, bytes.count - written)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            written += count
        }
        return true
    }

    private static func synchronize(_ folder: String, _ path: String) throws(ModelError) {
        let descriptor = open(folder, O_RDONLY | O_CLOEXEC)
        try check(descriptor >= 0, path)
        defer { close(descriptor) }
        try check(fsync(descriptor) == 0, path)
    }
}
