import Base
import Foundation

/// Where results are written: the standard output, or a file that appears when it is complete.
///
/// A file is written under a temporary name beside its own, and renamed by `finish()`: a reader
/// sees the whole of it or nothing. Without `finish()` the temporary file is removed. What is no
/// regular file, such as `/dev/null`, is written to directly.
public final class OutputSink: Sendable {
    private let path: String?
    /// Nil once a file is finished or given up.
    private let file: Locked<WholeFile?>

    /// Opens the standard output, or a file at `path`.
    public init(path: String?) throws(SheafError) {
        self.path = path
        guard let path else {
            file = Locked(nil)
            return
        }
        do throws(FileError) {
            file = Locked(try WholeFile(path))
        } catch {
            throw .cannotWrite(path: path, reason: error.reason)
        }
    }

    /// Writes bytes; to the standard output at once, so that a reader sees each answer as it comes.
    public func write(_ bytes: [UInt8]) throws(SheafError) {
        try change { file throws(FileError) in
            if path == nil {
                try OpenFile.writeToStandardOutput(bytes)
            } else {
                try file?.write(bytes)
            }
        }
    }

    /// Writes text.
    public func write(_ text: String) throws(SheafError) { try write(Array(text.utf8)) }

    /// Replaces bytes already written to a file, from `offset` on.
    func rewrite(_ bytes: [UInt8], at offset: UInt64) throws(SheafError) {
        try change { file throws(FileError) in try file?.rewrite(bytes, at: offset) }
    }

    /// Writes what is left and gives a file its name.
    public func finish() throws(SheafError) {
        try change { file throws(FileError) in
            try file?.finish()
            file = nil
        }
    }

    /// Removes an unfinished file.
    public func discard() { file.withLock { $0 = nil } }

    private func change(
        _ body: (inout WholeFile?) throws(FileError) -> Void
    ) throws(SheafError) {
        do throws(FileError) {
            try file.withLock { file throws(FileError) in try body(&file) }
        } catch {
            if path == nil, error.code == EPIPE { throw .readerGone }
            throw .cannotWrite(path: path ?? "standard output", reason: error.reason)
        }
    }
}
