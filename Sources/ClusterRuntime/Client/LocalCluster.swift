import ClusterCore
import Foundation

/// A cluster on this host: found where one runs on the data folder, else started.
public struct LocalCluster: Sendable {
    /// The connection to its coordinator.
    public let client: ClusterClient
    /// True when this process started it, and ends it.
    public let isOurs: Bool
    private let data: DataFolder
    private let coordinator: CoordinatorProcess?

    /// How a cluster is started where none runs.
    public struct Size: Sendable {
        /// Worker processes.
        public var workers: Int
        /// Compute threads of each.
        public var threads: Int

        /// Makes a size.
        public init(workers: Int, threads: Int = 1) {
            self.workers = max(0, workers)
            self.threads = max(1, threads)
        }
    }

    /// Time that coordinator and workers have to be ready.
    private static let startTime: Duration = .seconds(60)

    /// Connects to the cluster of `data`, which is started for this process where none runs.
    public static func open(
        data: DataFolder, size: Size
    ) async throws(ClusterError) -> LocalCluster {
        if let client = try await find(data) {
            return LocalCluster(client: client, isOurs: false, data: data, coordinator: nil)
        }
        return try await start(data: data, size: size, detached: false)
    }

    /// Starts a cluster that outlives this process; refuses where one runs.
    public static func startDetached(
        data: DataFolder, size: Size
    ) async throws(ClusterError) -> LocalCluster {
        if let announcement = Announcement.read(data) {
            throw .dataFolderLocked(path: data.lock, holder: String(announcement.processID))
        }
        return try await start(data: data, size: size, detached: true)
    }

    /// Connects to the cluster of `data` where one runs.
    public static func find(_ data: DataFolder) async throws(ClusterError) -> ClusterClient? {
        guard let announcement = Announcement.read(data) else { return nil }
        return try await ClusterClient.connect(to: announcement.endpoint, security: .localOnly)
    }

    private static func start(
        data: DataFolder, size: Size, detached: Bool
    ) async throws(ClusterError) -> LocalCluster {
        try data.create()
        let process = try CoordinatorProcess(data: data, size: size, detached: detached)
        let deadline = MonotonicClock.now() + startTime
        do {
            let client = try await process.waitForClient(until: deadline)
            try await process.waitForWorkers(client, count: size.workers, until: deadline)
            return LocalCluster(
                client: client, isOurs: !detached, data: data,
                coordinator: detached ? nil : process)
        } catch {
            let end = await process.endedEarly()
            process.stop()
            throw end ?? ClusterError.wrap(error)
        }
    }

    /// Ends the connection, and the cluster where this process started it.
    public func close() async {
        if isOurs { try? await client.shutDown() }
        await client.close()
        guard let coordinator else { return }
        await coordinator.waitForEnd()
    }

    /// Stops the cluster of `data`; false when none runs.
    public static func stop(_ data: DataFolder) async throws(ClusterError) -> Bool {
        guard let client = try await find(data) else { return false }
        try await client.shutDown()
        await client.close()
        let deadline = MonotonicClock.now() + .seconds(15)
        while FolderLock.isHeld(data.lock) {
            guard MonotonicClock.now() < deadline else {
                throw .unavailable("The coordinator has not stopped in 15 s.", nil)
            }
            try? await Task.sleep(for: .milliseconds(20))
        }
        return true
    }
}

/// A coordinator that this process has started.
private final class CoordinatorProcess: Sendable {
    private let process: Process
    private let data: DataFolder
    private let logStart: UInt64

    init(data: DataFolder, size: LocalCluster.Size, detached: Bool) throws(ClusterError) {
        self.data = data
        let log = try data.makeLog("coordinator")
        let attributes = try? FileManager.default.attributesOfItem(atPath: log)
        logStart = (attributes?[.size] as? NSNumber)?.uint64Value ?? 0
        process = ChildProcess.make(
            arguments: [
                "coordinator", "--data", data.path, "--workers", String(size.workers),
                "--threads", String(size.threads),
            ] + (detached ? ["--detach"] : ["--on-demand", "--parent", String(getpid())]),
            log: log)
        do {
            try process.run()
        } catch {
            throw .storage(
                path: ChildProcess.executable, reason: "cannot be started: \(error)",
                remedy: "Check that the program is still there.")
        }
    }

    func waitForClient(until deadline: Instant) async throws(ClusterError) -> ClusterClient {
        while MonotonicClock.now() < deadline {
            if let announcement = Announcement.read(data),
                announcement.processID == process.processIdentifier
            {
                return try await ClusterClient.connect(
                    to: announcement.endpoint, security: .localOnly)
            }
            guard process.isRunning else {
                throw .unavailable("The coordinator ended at once:\n\(logTail())", nil)
            }
            try? await Task.sleep(for: .milliseconds(5))
        }
        throw .unavailable("The coordinator did not start:\n\(logTail())", nil)
    }

    func waitForWorkers(
        _ client: ClusterClient, count: Int, until deadline: Instant
    ) async throws(ClusterError) {
        while MonotonicClock.now() < deadline {
            let ready = try await client.status(of: "-").workers.count { $0.state == "ready" }
            if ready >= count { return }
            guard process.isRunning else {
                throw .unavailable("The coordinator has ended:\n\(logTail())", nil)
            }
            try? await Task.sleep(for: .milliseconds(10))
        }
        throw .unavailable(
            "The workers did not start; their logs are in \(data.run).", nil)
    }

    /// What it said where it has ended by itself: its connection breaks a moment before it ends.
    func endedEarly() async -> ClusterError? {
        for _ in 0..<30 where process.isRunning {
            try? await Task.sleep(for: .milliseconds(10))
        }
        return process.isRunning
            ? nil : .unavailable("The coordinator has ended:\n\(logTail())", nil)
    }

    func waitForEnd() async {
        for _ in 0..<500 where process.isRunning {
            try? await Task.sleep(for: .milliseconds(10))
        }
        stop()
    }

    func stop() {
        if process.isRunning { process.terminate() }
    }

    private func logTail() -> String {
        guard let file = FileHandle(forReadingAtPath: data.log("coordinator")) else { return "" }
        defer { try? file.close() }
        try? file.seek(toOffset: logStart)
        let text = String(decoding: (try? file.readToEnd()) ?? Data(), as: UTF8.self)
        return text.split(separator: "\n").suffix(5).joined(separator: "\n")
    }
}
