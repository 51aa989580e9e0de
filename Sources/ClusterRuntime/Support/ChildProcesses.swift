import Base
import ClusterCore
import Foundation
import Logging

/// The processes that a coordinator starts on its own host and keeps running, each by its name.
///
/// One that ends is started again, after a pause that grows while it keeps ending soon.
final class ChildProcesses: Sendable {
    /// How long is waited before a process is started again.
    struct Pauses: Sendable {
        /// The pause after the first end, doubled for each soon end in a row.
        var first: Duration
        /// The longest pause.
        var longest: Duration
        /// A process that ran for longer than this did not end soon.
        var calm: Duration

        /// A worker loads models and shards, so a crash in a row costs the host much.
        static let workers = Pauses(
            first: .seconds(1), longest: .seconds(30), calm: .seconds(60))
        /// All other ranks wait for the one that is missing.
        static let trainers = Pauses(
            first: .milliseconds(100), longest: .seconds(10), calm: .seconds(10))
    }

    private struct State {
        var running: [String: Process] = [:]
        var isStopping = false
    }

    private let names: [String]
    private let pauses: Pauses
    private let log: Logger
    private let make: @Sendable (_ name: String) -> Process
    private let ended: @Sendable (_ name: String, _ processID: Int32, _ reason: String) -> Void
    private let state = Locked(State())

    /// - Parameters:
    ///   - names: one process each.
    ///   - make: gives the process of a name, not yet started.
    ///   - ended: is called when a process has ended.
    init(
        names: [String], pauses: Pauses, log: Logger,
        make: @escaping @Sendable (_ name: String) -> Process,
        ended: @escaping @Sendable (_ name: String, _ processID: Int32, _ reason: String) -> Void
    ) {
        self.names = names
        self.pauses = pauses
        self.log = log
        self.make = make
        self.ended = ended
    }

    /// True for the names that are started here.
    func isOurs(_ name: String) -> Bool { names.contains(name) }

    func start() {
        for name in names { start(name, pause: pauses.first) }
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

    private func start(_ name: String, pause: Duration) {
        guard !state.withLock({ $0.isStopping }) else { return }
        let process = make(name)
        let began = MonotonicClock.now()
        process.terminationHandler = { [self] process in
            let isStopping = state.withLock { state in
                state.running[name] = nil
                return state.isStopping
            }
            let kind = process.terminationReason == .uncaughtSignal ? "signal" : "status"
            let how = "\(kind) \(process.terminationStatus)"
            ended(name, process.processIdentifier, "it ended (\(how))")
            guard !isStopping else { return }
            log.warning("\(name) ended (\(how)); it is started again")
            let wait = MonotonicClock.now() - began > pauses.calm ? pauses.first : pause
            DispatchQueue.global().asyncAfter(deadline: .now() + wait / .seconds(1)) { [self] in
                start(name, pause: min(wait * 2, pauses.longest))
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
