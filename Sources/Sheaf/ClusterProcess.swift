public import ClusterRuntime
import Logging
import Tensors

/// The long-running roles: each call lasts until the process is asked to stop.
public enum ClusterProcess {
    /// Runs the coordinator of a data folder.
    ///
    /// - Parameters:
    ///   - stop: Yields once when the process is asked to end.
    ///   - started: Called with the control endpoint once the cluster can be reached.
    public static func coordinator(
        _ options: CoordinatorOptions, stop: AsyncStream<Void>,
        started: @Sendable (String) -> Void = { _ in }
    ) async throws(SheafError) {
        OpenBLAS.useOneThread()
        let log = logger("coordinator")
        if options.security == .insecure {
            log.warning(
                """
                --insecure: anyone who reaches \(options.endpoint ?? "this host") can read and \
                remove every collection
                """)
        }
        try await typed(interrupted: "Interrupted.") {
            try await Coordinator.run(options: options, log: log, stop: stop, started: started)
        }
    }

    /// Runs a worker.
    ///
    /// - Parameter stop: Yields once when the process is asked to end.
    public static func worker(
        _ options: WorkerOptions, stop: AsyncStream<Void>
    ) async throws(SheafError) {
        OpenBLAS.useOneThread()
        let log = logger(options.name.isEmpty ? "worker" : options.name)
        try await typed(interrupted: "Interrupted.") {
            try await Worker.run(options: options, log: log, stop: stop)
        }
    }

    /// A log on the standard error, each line with time and level.
    private static func logger(_ label: String) -> Logger {
        Logger(label: label) { StreamLogHandler.standardError(label: $0) }
    }
}
