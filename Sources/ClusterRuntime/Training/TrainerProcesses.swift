import Foundation
import Locks
import Logging

/// The rank processes that the coordinator of a training run starts on its own host.
///
/// A rank that ends is started again, after a pause that grows while it keeps ending at once.
final class TrainerProcesses: Sendable {
    private static let firstPause = 0.1
    private static let longestPause = 10.0

    private struct State {
        var running: [String: Process] = [:]
        var isStopping = false
    }

    private let names: [String]
    private let arguments: [String]
    private let logFolder: String
    private let log: Logger
    private let ended: @Sendable (_ processID: Int32, _ reason: String) -> Void
    private let state = Locked(State())

    /// - Parameters:
    ///   - names: one process each.
    ///   - arguments: of every process; its name and its parent are added.
    ///   - ended: is called when a process has ended.
    init(
        names: [String], arguments: [String], logFolder: String, log: Logger,
        ended: @escaping @Sendable (_ processID: Int32, _ reason: String) -> Void
    ) {
        self.names = names
        self.arguments = arguments
        self.logFolder = logFolder
        self.log = log
        self.ended = ended
    }

    func start() {
        for name in names { start(name, pause: Self.firstPause) }
    }

    /// Ends a process at once, stopped or not; nothing happens where it is none of ours.
    func kill(_ name: String) {
        guard let process = state.withLock({ $0.running[name] }), process.isRunning else { return }
        Foundation.kill(process.processIdentifier, SIGKILL)
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
        for process in running where process.isRunning {
            Foundation.kill(process.processIdentifier, SIGKILL)
        }
    }

    private func start(_ name: String, pause: Double) {
        let process = ChildProcess.make(
            arguments: arguments + ["--name", name, "--parent", String(getpid())],
            log: "\(logFolder)/\(name).log")
        let began = Date()
        process.terminationHandler = { [self] process in
            let isStopping = state.withLock { state in
                state.running[name] = nil
                return state.isStopping
            }
            let how = process.terminationReason == .uncaughtSignal ? "signal" : "status"
            ended(process.processIdentifier, "it ended (\(how) \(process.terminationStatus))")
            guard !isStopping else { return }
            let wait = Date().timeIntervalSince(began) > 10 ? Self.firstPause : pause
            log.warning("\(name) ended (\(how) \(process.terminationStatus)); it is started again")
            DispatchQueue.global().asyncAfter(deadline: .now() + wait) { [self] in
                start(name, pause: min(wait * 2, Self.longestPause))
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
