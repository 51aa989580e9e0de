import ClusterCore
import Foundation
import Logging
import Synchronization

/// A coordinator and its workers as tasks and threads of this process.
///
/// They are the same actors over the same sockets as in processes of their own, so the answers are
/// the same, and other processes reach them as they reach any cluster of the data folder.
final class InProcessCluster: Sendable {
    /// The coordinator's control endpoint.
    let endpoint: String
    private let coordinator: Role
    private let workers: [Role]

    /// A role under way, which can be told to stop.
    private struct Role {
        let stop: AsyncStream<Void>.Continuation
        let task: Task<Void, any Error>

        func end() async {
            stop.yield()
            stop.finish()
            _ = await task.result
        }
    }

    /// How many workers it has.
    var workerCount: Int { workers.count }

    private init(endpoint: String, coordinator: Role, workers: [Role]) {
        self.endpoint = endpoint
        self.coordinator = coordinator
        self.workers = workers
    }

    /// Starts a cluster on a data folder; its workers join soon after.
    static func start(
        _ data: DataFolder, _ size: LocalCluster.Size
    ) async throws -> InProcessCluster {
        try ProcessLimits.check(.host(members: size.workers))
        let (started, announce) = AsyncStream.makeStream(of: String.self)
        let (stop, stopping) = AsyncStream.makeStream(of: Void.self)
        let options = CoordinatorOptions(
            data: data, endpoint: nil, localWorkers: 0, threadsPerWorker: size.threads,
            questionThreads: ProcessInfo.processInfo.activeProcessorCount, loadsOnDemand: true,
            security: .localOnly)
        let coordinator = Role(
            stop: stopping,
            task: Task {
                defer { announce.finish() }
                try await Coordinator.runWithin(
                    options: options,
                    log: FileLog.logger("coordinator", to: data.log("coordinator")), stop: stop
                ) { announce.yield($0) }
            })
        var endpoints = started.makeAsyncIterator()
        guard let endpoint = await endpoints.next() else {
            try await coordinator.task.value
            throw ClusterError.unavailable("The coordinator ended at once.", nil)
        }
        let workers = (0..<size.workers).map { number in
            worker("worker-\(number + 1)", at: endpoint, data, threads: size.threads)
        }
        return InProcessCluster(endpoint: endpoint, coordinator: coordinator, workers: workers)
    }

    private static func worker(
        _ name: String, at endpoint: String, _ data: DataFolder, threads: Int
    ) -> Role {
        let (stop, stopping) = AsyncStream.makeStream(of: Void.self)
        let options = WorkerOptions(
            coordinator: endpoint, name: name, data: data, threads: threads, security: .localOnly)
        let log = FileLog.logger(name, to: data.log(name))
        return Role(
            stop: stopping,
            task: Task {
                do {
                    try await Worker.runWithin(options: options, log: log, stop: stop)
                } catch {
                    log.error("\(name) ended: \(error)")
                }
            })
    }

    /// Ends workers and coordinator; returns when none of their tasks and threads is left.
    func end() async {
        await coordinator.end()
        for worker in workers { await worker.end() }
    }
}

/// The clusters that run within this process, one for each data folder, shared by all who open it.
actor InProcessClusters {
    static let all = InProcessClusters()

    /// The share of one who has opened a cluster; given back once.
    struct Hold: Sendable {
        let cluster: InProcessCluster
        fileprivate let folder: String
        fileprivate let number: Int
    }

    private struct Running {
        let number: Int
        let start: Task<InProcessCluster, any Error>
        var holders = 0
    }

    private var running: [String: Running] = [:]
    private var ending: [String: Task<Void, Never>] = [:]
    private var lastNumber = 0

    /// Whether a cluster runs or starts here on a folder.
    func has(_ data: DataFolder) -> Bool { running[Self.name(data)] != nil }

    /// Takes a share of the cluster of a folder, which is started where none runs here.
    func hold(_ data: DataFolder, _ size: LocalCluster.Size) async throws -> Hold {
        let folder = Self.name(data)
        while true {
            while let last = ending[folder] { await last.value }
            let there = running[folder] ?? begin(data, size, folder)
            running[folder]?.holders += 1
            let cluster: InProcessCluster
            do {
                cluster = try await there.start.value
            } catch {
                if running[folder]?.number == there.number { running[folder] = nil }
                throw error
            }
            let hold = Hold(cluster: cluster, folder: folder, number: there.number)
            if try FolderLock.isHeld(data.lock) { return hold }
            // Somebody has told its coordinator to stop.
            await end(hold)
        }
    }

    /// Gives a share back; with the last one the cluster ends.
    func release(_ hold: Hold) async {
        guard running[hold.folder]?.number == hold.number else { return }
        running[hold.folder]?.holders -= 1
        if running[hold.folder]?.holders == 0 { await end(hold) }
    }

    private func begin(_ data: DataFolder, _ size: LocalCluster.Size, _ folder: String) -> Running {
        lastNumber += 1
        // A task of its own: others may wait for it when the first is cancelled.
        let begun = Running(
            number: lastNumber, start: Task { try await InProcessCluster.start(data, size) })
        running[folder] = begun
        return begun
    }

    private func end(_ hold: Hold) async {
        guard running[hold.folder]?.number == hold.number else { return }
        running[hold.folder] = nil
        let end = Task { await hold.cluster.end() }
        ending[hold.folder] = end
        await end.value
        ending[hold.folder] = nil
    }

    /// One name for a folder, whatever links lead to it.
    private static func name(_ data: DataFolder) -> String {
        URL(fileURLWithPath: data.path).resolvingSymlinksInPath().path
    }
}
