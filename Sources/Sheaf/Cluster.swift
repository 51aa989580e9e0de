public import ClusterCore
public import ClusterRuntime
import Foundation
import Tensors

/// A cluster to index into and to search.
///
/// What a program starts runs within it, unless it asks for processes.
///
///     let cluster = try await Cluster.open(.resolve(nil))
///     let order = IndexOrder(collection: "wiki", corpus: ["psgs.tsv"], model: "all-MiniLM-L6-v2")
///     _ = try await cluster.index(order) { progress in }
///     let answer = try await cluster.search("who wrote faust", in: "wiki", k: 10)
///     await cluster.close()
public struct Cluster: Sendable {
    let client: ClusterClient
    private let local: LocalCluster?
    /// What the cluster runs on where the data folder itself cannot be written to.
    private let view: ReadOnlyView?

    private init(client: ClusterClient, local: LocalCluster?, view: ReadOnlyView? = nil) {
        self.client = client
        self.local = local
        self.view = view
    }

    /// True when this process has started the cluster, so that `close()` ends it, unless others of
    /// this process use it too.
    public var isOurs: Bool { local?.isOurs ?? false }

    /// Whether the cluster ends with `close()`, whoever else may use it.
    var endsWithClose: Bool { isOurs && local?.isShared != true }

    /// Worker processes of a cluster on this host where nobody names a number: one per core.
    public static var defaultWorkers: Int { ProcessInfo.processInfo.activeProcessorCount }

    /// Connects to the cluster of a data folder, or starts one that ends with `close()`.
    ///
    /// What runs in this process is shared by all of it that open the same folder, and ends when
    /// the last of them has closed it; the first decides its size. It uses SIGBUS for its memory
    /// maps, and raises the limit of open files as far as the system lets it.
    ///
    /// - Parameters:
    ///   - workers: nil: one within this process, which has one copy of a model then; one process
    ///     per core.
    ///   - threads: Compute threads of each worker; nil: one per core for all workers together.
    ///   - mode: Where the cluster runs if it is started.
    public static func open(
        _ data: DataFolder, workers: Int? = nil, threads: Int? = nil,
        mode: ClusterMode = .inProcess
    ) async throws(SheafError) -> Cluster {
        try await typed(interrupted: "Interrupted while the cluster started.") {
            let workers = workers ?? (mode == .inProcess ? 1 : defaultWorkers)
            let threads = threads ?? max(1, defaultWorkers / max(1, workers))
            if mode == .inProcess { OpenBLAS.useOneThread() }
            let local = try await LocalCluster.open(
                data: data, size: try size(workers: workers, threads: threads), mode: mode)
            return Cluster(client: local.client, local: local)
        }
    }

    /// As `open(_:workers:threads:mode:)`, for a folder that must hold collections already.
    ///
    /// One that may only be read is searched as it is: nothing in it changes, and what would change
    /// it is refused.
    public static func openExisting(
        _ data: DataFolder, workers: Int? = nil, threads: Int? = nil,
        mode: ClusterMode = .inProcess
    ) async throws(SheafError) -> Cluster {
        guard data.holdsCollections else {
            // A folder of another user hides what is in it, and says so where it is locked.
            _ = try typed { try data.holder() }
            throw .request(
                """
                There are no collections in \(data.path). Name the folder they are in with --data, \
                or make one with `sheaf index CORPUS --collection NAME --model DIR`.
                """)
        }
        guard ReadOnlyView.isNeeded(for: data) else {
            return try await open(data, workers: workers, threads: threads, mode: mode)
        }
        if let running = try await find(data) { return running }
        let view = try typed { try ReadOnlyView(of: data) }
        do {
            let opened = try await open(view.data, workers: workers, threads: threads, mode: mode)
            return Cluster(client: opened.client, local: opened.local, view: view)
        } catch {
            view.remove()
            throw error
        }
    }

    /// Connects to the coordinator whose control endpoint is named.
    public static func connect(
        to endpoint: String, security: SecurityPolicy = .localOnly
    ) async throws(SheafError) -> Cluster {
        try await typed(interrupted: "Interrupted while connecting.") {
            Cluster(
                client: try await ClusterClient.connect(to: endpoint, security: security),
                local: nil)
        }
    }

    /// The cluster that runs on a data folder; nil where none does.
    public static func find(_ data: DataFolder) async throws(SheafError) -> Cluster? {
        try await typed(interrupted: "Interrupted while connecting.") {
            try await LocalCluster.find(data).map { Cluster(client: $0, local: nil) }
        }
    }

    /// Starts a cluster that outlives this process; refused where one runs.
    ///
    /// - Parameter models: Where towers may lie whose folders were moved.
    public static func startDetached(
        _ data: DataFolder, workers: Int = defaultWorkers, threads: Int = 1,
        models: ModelPlaces = ModelPlaces()
    ) async throws(SheafError) -> Cluster {
        try await typed(interrupted: "Interrupted while the cluster started.") {
            let local = try await LocalCluster.startDetached(
                data: data, size: try size(workers: workers, threads: threads), models: models)
            return Cluster(client: local.client, local: local)
        }
    }

    /// Stops the cluster that runs on a data folder; false where none does.
    public static func stop(_ data: DataFolder) async throws(SheafError) -> Bool {
        try await typed(interrupted: "Interrupted while the cluster stopped.") {
            try await LocalCluster.stop(data)
        }
    }

    /// Ends the connection, and the cluster too where this process has started it.
    ///
    /// Does so even from a cancelled task.
    public func close() async {
        let (client, local, view) = (client, local, view)
        await Task {
            if let local { await local.close() } else { await client.close() }
            view?.remove()
        }.value
    }

    /// Runs `body` and closes the cluster, however the body ends.
    public func closing<Value: Sendable>(
        _ body: () async throws -> Value
    ) async throws(SheafError) -> Value {
        do {
            let value = try await body()
            await close()
            return value
        } catch {
            await close()
            throw SheafError(error)
        }
    }

    private static func size(workers: Int, threads: Int) throws(SheafError) -> LocalCluster.Size {
        guard (0...1024).contains(workers) else {
            throw .request("\(workers) workers: name a number from 0 to 1024.")
        }
        guard (1...1024).contains(threads) else {
            throw .request("\(threads) threads: name a number from 1 to 1024.")
        }
        return LocalCluster.Size(workers: workers, threads: threads)
    }
}

extension Cluster {
    /// How the cluster is, and its collections: all, or the one named.
    ///
    /// Throws `ClusterError.unknownCollection` where the one named is not there.
    public func status(of collection: String? = nil) async throws(SheafError) -> Status {
        try await typed(interrupted: "Interrupted.") {
            let status = try await client.status(of: collection ?? "")
            if let collection, !status.collections.contains(where: { $0.name == collection }) {
                let existing = try await client.status().collections.map(\.name)
                throw ClusterError.unknownCollection(collection, existing: existing)
            }
            return status
        }
    }

    /// Tells the coordinator to stop its workers and itself.
    public func shutDown() async throws(SheafError) {
        try await typed(interrupted: "Interrupted.") { try await client.shutDown() }
    }

    /// Removes a collection and its files.
    public func drop(_ collection: String) async throws(SheafError) {
        guard view == nil else {
            throw .request(
                "“\(collection)” lies in a folder that may only be read. Let its owner remove it.")
        }
        try await typed(interrupted: "Interrupted.") { try await client.drop(collection) }
    }
}
