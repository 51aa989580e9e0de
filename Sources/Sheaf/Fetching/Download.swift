import Base
import Foundation
import FoundationNetworking

/// One file fetched over HTTP, from where an earlier attempt stopped.
///
/// Bytes go to `path.part`; the file takes its name when it is whole and has the digest it should
/// have.
struct Download: Sendable {
    var url: URL
    var path: String
    /// What the file must come to, where that is known.
    var bytes: UInt64?
    /// SHA-256 of the content in lower-case hex, where that is known.
    var sha256: String?

    private var partPath: String { path + ".part" }

    /// Fetches the file unless it is there already.
    ///
    /// - Parameter progress: Called with the bytes at hand and those there will be, where known.
    func run(
        _ session: URLSession, progress: @escaping @Sendable (UInt64, UInt64?) -> Void
    ) async throws(SheafError) {
        if FileManager.default.fileExists(atPath: path) { return }
        let resumed = size(partPath)
        try await transfer(session, from: resumed, progress)
        do throws(SheafError) {
            try check()
        } catch {
            try? FileManager.default.removeItem(atPath: partPath)
            // What an earlier attempt left may have been of another file.
            guard resumed > 0 else { throw error }
            try await transfer(session, from: 0, progress)
            try check()
        }
        try giving(SheafError.init(writing:)) { () throws(FileError) in
            try FileNames.sync(file: partPath)
            try FileNames.rename(partPath, to: path)
        }
    }

    private func size(_ path: String) -> UInt64 {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        return (attributes?[.size] as? NSNumber)?.uint64Value ?? 0
    }

    private func check() throws(SheafError) {
        let found = size(partPath)
        if let bytes, found != bytes {
            throw .request(
                "\(url) gave \(found) bytes, not \(bytes). Run the same command again.")
        }
        guard let sha256 else { return }
        let digest = try giving(SheafError.init(writing:)) { () throws(FileError) in
            try OpenFile.sha256(partPath)
        }
        guard digest == sha256 else {
            throw .request(
                """
                \(url) has the SHA-256 \(digest), not \(sha256). Do not use it; try again, or \
                another source.
                """)
        }
    }

    private func transfer(
        _ session: URLSession, from offset: UInt64,
        _ progress: @escaping @Sendable (UInt64, UInt64?) -> Void
    ) async throws(SheafError) {
        if offset > 0, offset == bytes { return }
        var request = URLRequest(url: url)
        if offset > 0 { request.setValue("bytes=\(offset)-", forHTTPHeaderField: "Range") }
        let receiver = try Receiver(path: partPath, offset: offset, total: bytes, progress)
        // A delegate of the task alone is not called on Linux.
        let own = URLSession(
            configuration: session.configuration, delegate: receiver, delegateQueue: nil)
        defer { own.finishTasksAndInvalidate() }
        let task = own.dataTask(with: request)
        let failure = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                receiver.begin(continuation)
                task.resume()
            }
        } onCancel: {
            task.cancel()
        }
        guard let failure else { return }
        if Task.isCancelled {
            throw .interrupted("Interrupted. The same command goes on from there.")
        }
        throw failure
    }
}

/// Writes what a transfer brings.
private final class Receiver: NSObject, URLSessionDataDelegate {
    private struct State {
        var file: FileHandle
        var done: UInt64
        var total: UInt64?
        var failure: SheafError?
        var continuation: CheckedContinuation<SheafError?, Never>?
    }

    private let path: String
    private let offset: UInt64
    private let progress: @Sendable (UInt64, UInt64?) -> Void
    private let state: Locked<State>

    init(
        path: String, offset: UInt64, total: UInt64?,
        _ progress: @escaping @Sendable (UInt64, UInt64?) -> Void
    ) throws(SheafError) {
        self.path = path
        self.offset = offset
        self.progress = progress
        if !FileManager.default.fileExists(atPath: path) {
            _ = FileManager.default.createFile(atPath: path, contents: nil)
        }
        guard let file = FileHandle(forWritingAtPath: path) else {
            throw .cannotWrite(path: path, reason: FileError.words())
        }
        state = Locked(State(file: file, done: offset, total: total))
    }

    func begin(_ continuation: CheckedContinuation<SheafError?, Never>) {
        state.withLock { $0.continuation = continuation }
    }

    func urlSession(
        _ session: URLSession, dataTask: URLSessionDataTask, didReceive response: URLResponse,
        completionHandler: @escaping (URLSession.ResponseDisposition) -> Void
    ) {
        let status = (response as? HTTPURLResponse)?.statusCode ?? 0
        let isGood = state.withLock { state in
            do {
                switch status {
                case 206:
                    try state.file.seek(toOffset: offset)
                    try state.file.truncate(atOffset: offset)
                case 200:
                    // The server does not resume: from the start, then.
                    try state.file.truncate(atOffset: 0)
                    state.done = 0
                    if state.total == nil, response.expectedContentLength > 0 {
                        state.total = UInt64(response.expectedContentLength)
                    }
                case 416:
                    // The part is longer than the file.
                    try state.file.truncate(atOffset: 0)
                    throw SheafError.request("The server has changed the file. Run it again.")
                default:
                    throw SheafError.request(
                        """
                        \(dataTask.originalRequest?.url?.absoluteString ?? "The server") answers \
                        with HTTP status \(status). Check the name and the address.
                        """)
                }
                return true
            } catch {
                state.failure = SheafError(error)
                return false
            }
        }
        completionHandler(isGood ? .allow : .cancel)
    }

    func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
        let report = state.withLock { state -> (UInt64, UInt64?)? in
            do {
                try state.file.write(contentsOf: data)
                state.done += UInt64(data.count)
                return (state.done, state.total)
            } catch {
                state.failure = .cannotWrite(path: path, reason: "\(error)")
                return nil
            }
        }
        if let report { progress(report.0, report.1) } else { dataTask.cancel() }
    }

    func urlSession(
        _ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?
    ) {
        let (continuation, failure) = state.withLock { state in
            try? state.file.close()
            let url = task.originalRequest?.url?.absoluteString ?? "The server"
            let failure =
                state.failure
                ?? error.map {
                    SheafError.request(
                        """
                        \(url) cannot be fetched: \($0.localizedDescription). Check the network \
                        and run the same command again; it goes on from there.
                        """)
                }
            defer { state.continuation = nil }
            return (state.continuation, failure)
        }
        continuation?.resume(returning: failure)
    }
}
