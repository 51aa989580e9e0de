import Foundation

/// A file being written: it takes its name only when it is whole.
///
/// Text goes to a temporary file beside the target, which `finish()` syncs and renames. A target
/// that is no regular file, such as `/dev/stdout`, is written to directly.
package final class TextOutput {
    private let path: String
    private let temporary: String?
    private let descriptor: Int32
    private var buffer: [UInt8] = []
    private var isFinished = false

    private static let bufferedBytes = 256 << 10

    /// Opens the temporary file.
    package init(path: String) throws(CorpusError) {
        self.path = path
        var status = stat()
        let exists = unsafe stat(path, &status) == 0
        if exists && status.st_mode & S_IFMT == S_IFDIR {
            throw .cannotWrite(path: path, reason: "it is a folder")
        }
        let isRegular = !exists || status.st_mode & S_IFMT == S_IFREG
        temporary = isRegular ? "\(path).\(UUID().uuidString).partial" : nil
        let flags = O_WRONLY | O_CLOEXEC | (isRegular ? O_CREAT | O_EXCL : 0)
        descriptor = unsafe open(temporary ?? path, flags, 0o644)
        guard descriptor >= 0 else {
            throw .cannotWrite(path: path, reason: FileBytes.reason(errno))
        }
    }

    deinit {
        close(descriptor)
        if !isFinished, let temporary { unsafe unlink(temporary) }
    }

    /// Adds text.
    package func write(_ text: String) throws(CorpusError) {
        buffer.append(contentsOf: text.utf8)
        if buffer.count >= Self.bufferedBytes { try flush() }
    }

    /// Writes what is left and gives the file its name.
    package func finish() throws(CorpusError) {
        precondition(!isFinished, "an output is finished once")
        try flush()
        if let temporary {
            guard fsync(descriptor) == 0, unsafe rename(temporary, path) == 0 else {
                throw .cannotWrite(path: path, reason: FileBytes.reason(errno))
            }
        }
        isFinished = true
    }

    private func flush() throws(CorpusError) {
        var done = 0
        while done < buffer.count {
            let count = unsafe buffer.withUnsafeBytes { raw in
                unsafe Glibc.write(
                    descriptor, raw.baseAddress.map { unsafe $0 + done }, raw.count - done)
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else {
                throw .cannotWrite(path: path, reason: FileBytes.reason(errno))
            }
            done += count
        }
        buffer.removeAll(keepingCapacity: true)
    }
}
