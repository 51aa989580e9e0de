import Base
import Foundation

/// Where results are written: the standard output, or a file that appears when it is complete.
///
/// A file is written under a temporary name beside its own, and renamed by `finish()`: a reader
/// sees the whole of it or nothing. Without `finish()` the temporary file is removed. What is no
/// regular file, such as `/dev/null`, is written to directly. Of one document the standard output
/// gets the whole or nothing too; what else is written there comes at once, so that a reader sees
/// each answer as it comes.
public final class OutputSink: Sendable {
    private enum Target {
        case standardOutput
        /// Kept for the standard output until it is whole.
        case document(KeptOutput)
        /// Nil once it is finished or given up.
        case file(WholeFile?)
    }

    private let path: String?
    private let target: Locked<Target>

    /// Opens the standard output, or a file at `path`.
    ///
    /// - Parameter isOneDocument: Whether a part of what is written is of no use.
    public init(path: String?, isOneDocument: Bool = false) throws(SheafError) {
        self.path = path
        guard let path else {
            target = Locked(isOneDocument ? .document(KeptOutput()) : .standardOutput)
            return
        }
        do throws(FileError) {
            target = Locked(.file(try WholeFile(path)))
        } catch {
            throw .cannotWrite(path: path, reason: error.reason)
        }
    }

    /// Writes bytes.
    public func write(_ bytes: [UInt8]) throws(SheafError) {
        try change { target throws(FileError) in
            switch target {
            case .standardOutput: try OpenFile.writeToStandardOutput(bytes)
            case .document(let kept): try kept.add(bytes)
            case .file(let file): try file?.write(bytes)
            }
        }
    }

    /// Writes text.
    public func write(_ text: String) throws(SheafError) { try write(Array(text.utf8)) }

    /// Replaces bytes already written to a file, from `offset` on.
    func rewrite(_ bytes: [UInt8], at offset: UInt64) throws(SheafError) {
        try change { target throws(FileError) in
            if case .file(let file) = target { try file?.rewrite(bytes, at: offset) }
        }
    }

    /// Writes what is left and gives a file its name.
    public func finish() throws(SheafError) {
        try change { target throws(FileError) in
            switch target {
            case .standardOutput: break
            case .document(let kept): try kept.writeToStandardOutput()
            case .file(let file):
                try file?.finish()
                target = .file(nil)
            }
        }
    }

    /// Removes an unfinished file.
    public func discard() {
        target.withLock { if case .file = $0 { $0 = .file(nil) } }
    }

    private func change(
        _ body: (inout Target) throws(FileError) -> Void
    ) throws(SheafError) {
        do throws(FileError) {
            try target.withLock { target throws(FileError) in try body(&target) }
        } catch {
            if path == nil, error.code == EPIPE { throw .readerGone }
            throw .cannotWrite(path: path ?? "standard output", reason: error.reason)
        }
    }
}
