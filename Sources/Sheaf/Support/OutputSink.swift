import Foundation
import Locks

/// Where results are written: the standard output, or a file that appears when it is complete.
///
/// A file is written under a temporary name beside its own, and renamed by `finish()`: a reader
/// sees the whole of it or nothing. Without `finish()` the temporary file is removed. What is no
/// regular file, such as `/dev/null`, is written to directly.
public final class OutputSink: Sendable {
    private static let bufferBytes = 1 << 16

    private struct State {
        var file: FileHandle
        var buffer: [UInt8] = []
        var isOpen = true
    }

    private let path: String?
    /// Nil where bytes go straight to their place.
    private let temporaryPath: String?
    private let state: Locked<State>

    /// Opens the standard output, or a file at `path`.
    public init(path: String?) throws(SheafError) {
        self.path = path
        guard let path else {
            temporaryPath = nil
            state = Locked(State(file: FileHandle.standardOutput))
            return
        }
        var status = stat()
        let kind = unsafe stat(path, &status) == 0 ? status.st_mode & S_IFMT : S_IFREG
        guard kind != S_IFDIR else { throw .cannotWrite(path: path, reason: "it is a folder") }
        temporaryPath =
            kind == S_IFREG ? "\(path).\(ProcessInfo.processInfo.processIdentifier).part" : nil
        guard
            temporaryPath.map({ FileManager.default.createFile(atPath: $0, contents: nil) })
                ?? true, let file = FileHandle(forWritingAtPath: temporaryPath ?? path)
        else {
            throw .cannotWrite(path: path, reason: OutputSink.text(of: errno))
        }
        state = Locked(State(file: file))
    }

    deinit {
        discard()
    }

    /// Writes bytes; to the standard output at once, so that a reader sees each answer as it comes.
    public func write(_ bytes: [UInt8]) throws(SheafError) {
        let isFile = path != nil
        try state.withLock { state throws(SheafError) in
            state.buffer.append(contentsOf: bytes)
            if !isFile || state.buffer.count >= OutputSink.bufferBytes { try flush(&state) }
        }
    }

    /// Writes text.
    public func write(_ text: String) throws(SheafError) { try write(Array(text.utf8)) }

    /// Replaces bytes already written to a file, from `offset` on.
    func rewrite(_ bytes: [UInt8], at offset: UInt64) throws(SheafError) {
        try state.withLock { state throws(SheafError) in
            try flush(&state)
            do {
                let end = try state.file.offset()
                try state.file.seek(toOffset: offset)
                try write(bytes, to: state.file)
                try state.file.seek(toOffset: end)
            } catch {
                throw failure(error)
            }
        }
    }

    /// Writes what is left and gives a file its name.
    public func finish() throws(SheafError) {
        try state.withLock { state throws(SheafError) in
            guard state.isOpen else { return }
            try flush(&state)
            guard let path, let temporaryPath else { return }
            state.isOpen = false
            do {
                try state.file.synchronize()
                try state.file.close()
            } catch {
                throw failure(error)
            }
            guard unsafe rename(temporaryPath, path) == 0 else {
                throw failure(POSIXError(.init(rawValue: errno) ?? .EIO))
            }
        }
    }

    /// Removes an unfinished file.
    public func discard() {
        guard let temporaryPath else { return }
        state.withLock { state in
            guard state.isOpen else { return }
            state.isOpen = false
            try? state.file.close()
            try? FileManager.default.removeItem(atPath: temporaryPath)
        }
    }

    private func flush(_ state: inout State) throws(SheafError) {
        do {
            try write(state.buffer, to: state.file)
        } catch {
            throw failure(error)
        }
        state.buffer.removeAll(keepingCapacity: true)
    }

    /// Writes all bytes; `FileHandle` would hide that the reader of a pipe has gone.
    private func write(_ bytes: [UInt8], to file: FileHandle) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = unsafe rest.withUnsafeBytes {
                unsafe Foundation.write(file.fileDescriptor, $0.baseAddress, $0.count)
            }
            if written >= 0 {
                rest = rest.dropFirst(written)
            } else if errno != EINTR {
                throw POSIXError(.init(rawValue: errno) ?? .EIO)
            }
        }
    }

    private func failure(_ error: any Error) -> SheafError {
        if path == nil, (error as? POSIXError)?.code == .EPIPE { return .readerGone }
        let reason = (error as? POSIXError).map { OutputSink.text(of: $0.code.rawValue) }
        return .cannotWrite(path: path ?? "standard output", reason: reason ?? "\(error)")
    }

    private static func text(of code: Int32) -> String { unsafe String(cString: strerror(code)) }
}
