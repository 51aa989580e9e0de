import ClusterCore
import Foundation

/// A cluster on this host: found where one runs on the data folder, else started.
public struct LocalCluster: Sendable {
    /// The connection to its coordinator.
    public let client: ClusterClient
    /// True when this process started it, and ends it.
    public let isOurs: Bool
    private let data: DataFolder
    private let host: Host

    /// Where its coordinator runs.
    private enum Host {
        case elsewhere
        case child(CoordinatorProcess)
        case here(InProcessClusters.Hold)
    }

    /// How a cluster is started where none runs.
    public struct Size: Sendable {
        /// Workers.
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
    /// Time that a cluster which is just ending, or just starting elsewhere, is waited for.
    private static let handOverTime: Duration = .seconds(5)

    /// Whether others of this process may use the cluster after this one has closed it.
    public var isShared: Bool {
        if case .here = host { true } else { false }
    }
    /// Time that a coordinator which holds the folder has to say where it is.
    private static let announcementTime: Duration = .seconds(4)

    /// Connects to the cluster of `data`, which is started for this process where none runs.
    ///
    /// Within one process all who open a folder in mode `inProcess` share one cluster, which has
    /// the size that the first asked for and ends when the last has closed it.
    public static func open(
        data: DataFolder, size: Size, mode: ClusterMode
    ) async throws(ClusterError) -> LocalCluster {
        if mode == .inProcess { return try await openHere(data: data, size: size) }
        if let client = try await find(data) {
            return LocalCluster(client: client, isOurs: false, data: data, host: .elsewhere)
        }
        return try await start(data: data, size: size, detached: false)
    }

    private static func openHere(
        data: DataFolder, size: Size
    ) async throws(ClusterError) -> LocalCluster {
        let deadline = MonotonicClock.now() + handOverTime
        while true {
            if !(await InProcessClusters.all.has(data)), let client = try await find(data) {
                return LocalCluster(client: client, isOurs: false, data: data, host: .elsewhere)
            }
            do {
                try ChildProcess.refuseInChild()
                try data.create()
                let hold = try await InProcessClusters.all.hold(data, size)
                return try await connect(hold, data)
            } catch ClusterError.dataFolderLocked where MonotonicClock.now() < deadline {
                // Whoever holds the folder says in a moment where it can be reached, or ends.
                try? await Task.sleep(for: .milliseconds(20))
            } catch {
                throw ClusterError.wrap(error)
            }
        }
    }

    private static func connect(
        _ hold: InProcessClusters.Hold, _ data: DataFolder
    ) async throws -> LocalCluster {
        do {
            let client = try await ClusterClient.connect(
                to: hold.cluster.endpoint, security: .localOnly)
            let cluster = LocalCluster(client: client, isOurs: true, data: data, host: .here(hold))
            do {
                try await cluster.waitForWorkers(
                    hold.cluster.workerCount, until: MonotonicClock.now() + startTime)
                return cluster
            } catch {
                await client.close()
                throw error
            }
        } catch {
            await InProcessClusters.all.release(hold)
            throw error
        }
    }

    /// Starts a cluster that outlives this process; refuses where one runs.
    public static func startDetached(
        data: DataFolder, size: Size, models: ModelPlaces = ModelPlaces()
    ) async throws(ClusterError) -> LocalCluster {
        if let holder = try data.holder() {
            throw .dataFolderLocked(path: data.lock, holder: holder)
        }
        return try await start(data: data, size: size, models: models, detached: true)
    }

    /// Connects to the cluster of `data` where one runs.
    public static func find(_ data: DataFolder) async throws(ClusterError) -> ClusterClient? {
        let deadline = MonotonicClock.now() + announcementTime
        while true {
            switch try Announcement.presence(in: data) {
            case .nobody: return nil
            case .here(let announcement):
                do {
                    return try await connect(announcement)
                } catch {
                    // It was about to end, or to say anew where it is.
                    let now = try Announcement.presence(in: data)
                    if now == .nobody { return nil }
                    if now == .here(announcement) { throw error }
                }
            case .unannounced(let holder):
                guard MonotonicClock.now() < deadline else {
                    throw .unavailable(
                        """
                        Process \(holder) holds \(data.path) and does not say where it can be \
                        reached. Wait until it has started or stopped; if it does neither, end it.
                        """, nil)
                }
                try? await Task.sleep(for: .milliseconds(20))
            }
        }
    }

    private static func connect(
        _ announcement: Announcement
    ) async throws(ClusterError) -> ClusterClient {
        try await ClusterClient.connect(to: announcement.endpoint, security: .localOnly)
    }

    private static func start(
        data: DataFolder, size: Size, models: ModelPlaces = ModelPlaces(), detached: Bool
    ) async throws(ClusterError) -> LocalCluster {
        try ChildProcess.refuseInChild()
        try ProcessLimits.check(.host(members: 1))
        let program = try await RoleProgram.find()
        try data.create()
        // The coordinator could not even say why it ends.
        guard !ReadOnlyView.isNeeded(for: data) else {
            throw .storage(
                path: data.path, reason: "this user may not write to it",
                remedy: "Name a folder you may write to with --data.")
        }
        let process = try CoordinatorProcess(
            program: program, data: data, size: size, models: models, detached: detached)
        let deadline = MonotonicClock.now() + startTime
        do {
            let client = try await process.waitForClient(until: deadline)
            let cluster = LocalCluster(
                client: client, isOurs: !detached, data: data, host: .child(process))
            try await cluster.waitForWorkers(size.workers, until: deadline)
            return cluster
        } catch {
            let end = await process.endedEarly()
            process.stop()
            throw end ?? ClusterError.wrap(error)
        }
    }

    private func waitForWorkers(_ count: Int, until deadline: Instant) async throws {
        while MonotonicClock.now() < deadline {
            try Task.checkCancellation()
            let ready = try await client.status(of: "-").workers.count { $0.state == "ready" }
            if ready >= count { return }
            if case .child(let process) = host { try process.checkIsRunning() }
            try? await Task.sleep(for: .milliseconds(10))
        }
        throw ClusterError.unavailable(
            "The workers did not start; their logs are in \(data.run).", nil)
    }

    /// Ends the connection, and the cluster where this process started it.
    public func close() async {
        if case .child = host, isOurs { try? await client.shutDown() }
        await client.close()
        switch host {
        case .elsewhere: break
        case .child(let process): if isOurs { await process.waitForEnd() }
        case .here(let hold): await InProcessClusters.all.release(hold)
        }
    }

    /// Stops the cluster of `data`; false when none runs.
    public static func stop(_ data: DataFolder) async throws(ClusterError) -> Bool {
        guard let client = try await find(data) else { return false }
        try await client.shutDown()
        await client.close()
        let deadline = MonotonicClock.now() + .seconds(15)
        while try data.holder() != nil {
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

    init(
        program: String, data: DataFolder, size: LocalCluster.Size, models: ModelPlaces,
        detached: Bool
    ) throws(ClusterError) {
        self.data = data
        let log = try data.makeLog("coordinator")
        let attributes = try? FileManager.default.attributesOfItem(atPath: log)
        logStart = (attributes?[.size] as? NSNumber)?.uint64Value ?? 0
        process = ChildProcess.make(
            program: program,
            arguments: [
                "coordinator", "--data", data.path, "--workers", String(size.workers),
                "--threads", String(size.threads),
            ] + (models.question.isEmpty ? [] : ["--question-model", models.question])
                + (models.context.isEmpty ? [] : ["--context-model", models.context])
                + (detached ? ["--detach"] : ["--on-demand", "--parent", String(getpid())]),
            log: log)
        try ChildProcess.start(process)
    }

    func waitForClient(until deadline: Instant) async throws(ClusterError) -> ClusterClient {
        while MonotonicClock.now() < deadline {
            if case .here(let announcement) = try Announcement.presence(in: data),
                announcement.processID == process.processIdentifier
            {
                return try await ClusterClient.connect(
                    to: announcement.endpoint, security: .localOnly)
            }
            guard process.isRunning else { throw ended("at once") }
            try? await Task.sleep(for: .milliseconds(5))
        }
        throw .unavailable("The coordinator did not start:\n\(logTail())", nil)
    }

    func checkIsRunning() throws(ClusterError) {
        guard process.isRunning else { throw ended("while workers started") }
    }

    /// What it said where it has ended by itself: its connection breaks a moment before it ends.
    func endedEarly() async -> ClusterError? {
        for _ in 0..<30 where process.isRunning {
            try? await Task.sleep(for: .milliseconds(10))
        }
        return process.isRunning ? nil : ended("while it started")
    }

    /// Why it ended, in its own words; on a full disk it may have left none.
    private func ended(_ when: String) -> ClusterError {
        let tail = logTail()
        if tail.isEmpty, SpaceReserve.isMissing(in: data.path) {
            return .storage(
                path: data.path, reason: "the disk is full",
                remedy: "Free some disk space and run the same command again.")
        }
        return .unavailable("The coordinator ended \(when):\n\(tail)", nil)
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
