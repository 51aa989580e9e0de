import Foundation
import Locks
import Logging

/// The worker processes that a coordinator starts on its own host and keeps running.
final class WorkerProcesses: Sendable {
    /// Pause before a crashed worker is started again, doubled for each crash in a row.
    private static let firstPause: Double = 1
    private static let longestPause: Double = 30

    private struct State {
        var running: [String: Process] = [:]
        var isStopping = false
    }

    private let count: Int
    private let threads: Int
    private let data: DataFolder
    private let endpoint: String
    private let log: Logger
    private let ended: @Sendable (String, Int32) -> Void
    private let state = Locked(State())

    /// - Parameter ended: Called with name and process id when one has ended.
    init(
        count: Int, threads: Int, data: DataFolder, endpoint: String, log: Logger,
        ended: @escaping @Sendable (String, Int32) -> Void
    ) {
        self.count = count
        self.threads = threads
        self.data = data
        self.endpoint = endpoint
        self.log = log
        self.ended = ended
    }

    func start() {
        for number in 1...count { start("worker-\(number)", pause: WorkerProcesses.firstPause) }
    }

    func stopRestarting() {
        state.withLock { $0.isStopping = true }
    }

    /// Ends the processes: asked first, then made to.
    func stop() async {
        stopRestarting()
        let running = state.withLock { Array($0.running.values) }
        running.forEach { $0.terminate() }
        for _ in 0..<100 where running.contains(where: \.isRunning) {
            try? await Task.sleep(for: .milliseconds(20))
        }
        for process in running where process.isRunning { kill(process.processIdentifier, SIGKILL) }
    }

    private func start(_ name: String, pause: Double) {
        let process = ChildProcess.make(
            arguments: [
                "worker", "--coordinator", endpoint, "--data", data.path, "--name", name,
                "--threads", String(threads), "--parent", String(getpid()),
            ],
            log: data.log(name))
        let began = Date()
        process.terminationHandler = { [self] process in
            let isStopping = state.withLock { state in
                state.running[name] = nil
                return state.isStopping
            }
            ended(name, process.processIdentifier)
            guard !isStopping else { return }
            log.warning("\(name) ended (status \(process.terminationStatus)); it is started again")
            let wait = Date().timeIntervalSince(began) > 60 ? WorkerProcesses.firstPause : pause
            DispatchQueue.global().asyncAfter(deadline: .now() + wait) { [self] in
                guard !state.withLock({ $0.isStopping }) else { return }
                start(name, pause: min(wait * 2, WorkerProcesses.longestPause))
            }
        }
        do {
            try state.withLock { state in
                guard !state.isStopping else { return }
                try process.run()
                state.running[name] = process
            }
        } catch {
            log.error("cannot start \(name): \(error)")
        }
    }
}
