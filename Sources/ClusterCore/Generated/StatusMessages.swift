// Written by scripts/generate-proto from proto/; not by hand.
// What a client asks about the cluster itself.

/// A client asks how the cluster is.
public struct StatusRequest: Hashable, Sendable {
    /// The collection to tell about; empty: all.
    public var collection: String

    /// Creates the message; every field left out has its default.
    public init(collection: String = "") {
        self.collection = collection
    }
}

/// How one worker is.
public struct WorkerStatus: Hashable, Sendable {
    /// The worker's name.
    public var name: String
    /// Its host.
    public var host: String
    /// Its process id there.
    public var processID: UInt32
    /// Its state in the coordinator's eyes.
    public var state: String
    /// Its compute threads.
    public var threads: UInt32
    /// Passages it encoded since start.
    public var passagesEncoded: UInt64
    /// Searches it answered since start.
    public var searches: UInt64
    /// Its resident memory.
    public var residentBytes: UInt64
    /// Shards it serves.
    public var shards: UInt32
    /// Leases it holds.
    public var leases: UInt32
    /// Whether it sees the coordinator's data folder.
    public var sharesData: Bool

    /// Creates the message; every field left out has its default.
    public init(
        name: String = "", host: String = "", processID: UInt32 = 0, state: String = "",
        threads: UInt32 = 0, passagesEncoded: UInt64 = 0, searches: UInt64 = 0,
        residentBytes: UInt64 = 0, shards: UInt32 = 0, leases: UInt32 = 0, sharesData: Bool = false
    ) {
        self.name = name
        self.host = host
        self.processID = processID
        self.state = state
        self.threads = threads
        self.passagesEncoded = passagesEncoded
        self.searches = searches
        self.residentBytes = residentBytes
        self.shards = shards
        self.leases = leases
        self.sharesData = sharesData
    }
}

/// How one shard is.
public struct ShardStatus: Hashable, Sendable {
    /// The shard's number.
    public var shard: UInt32
    /// Its rows in the newest generation.
    public var rows: UInt64
    /// Who serves it; empty: nobody.
    public var worker: String
    /// Whether it is searchable there.
    public var loaded: Bool

    /// Creates the message; every field left out has its default.
    public init(shard: UInt32 = 0, rows: UInt64 = 0, worker: String = "", loaded: Bool = false) {
        self.shard = shard
        self.rows = rows
        self.worker = worker
        self.loaded = loaded
    }
}

/// How one collection is.
public struct CollectionStatus: Hashable, Sendable {
    /// The collection's name.
    public var name: String
    /// Its state.
    public var state: String
    /// Passages known to its source.
    public var passages: UInt64
    /// Passages in committed segments.
    public var committed: UInt64
    /// Components of a vector.
    public var dimension: UInt32
    /// How vectors are stored, compared and searched.
    public var index: IndexSettings
    /// How texts become vectors.
    public var encoder: EncoderSettings
    /// How many shards it has.
    public var shardCount: UInt32
    /// The newest published generation.
    public var generation: UInt64
    /// Batches of its source.
    public var batches: UInt64
    /// Batches committed.
    public var batchesCommitted: UInt64
    /// Folder of the question tower; empty: none.
    public var questionModel: String
    /// Folder of the context tower.
    public var contextModel: String
    /// The encoder fingerprint, lower-case hex.
    public var fingerprint: String
    /// The source's digest, lower-case hex.
    public var sourceDigest: String
    /// The files or folders of its source.
    public var paths: [String]
    /// Bytes of its segments.
    public var bytes: UInt64
    /// What a search would reach now.
    public var coverage: Coverage?
    /// How each shard is.
    public var shards: [ShardStatus]
    /// When it was made, ISO 8601 in UTC.
    public var created: String
    /// What holds of the question tower; missing where it was not found out yet, or there is none.
    public var questionEncoder: EncoderSettings?
    /// What holds of the context tower; missing where it was not found out yet.
    public var contextEncoder: EncoderSettings?

    /// Creates the message; every field left out has its default.
    public init(
        name: String = "", state: String = "", passages: UInt64 = 0, committed: UInt64 = 0,
        dimension: UInt32 = 0, index: IndexSettings = IndexSettings(),
        encoder: EncoderSettings = EncoderSettings(), shardCount: UInt32 = 0,
        generation: UInt64 = 0, batches: UInt64 = 0, batchesCommitted: UInt64 = 0,
        questionModel: String = "", contextModel: String = "", fingerprint: String = "",
        sourceDigest: String = "", paths: [String] = [], bytes: UInt64 = 0,
        coverage: Coverage? = nil, shards: [ShardStatus] = [], created: String = "",
        questionEncoder: EncoderSettings? = nil, contextEncoder: EncoderSettings? = nil
    ) {
        self.name = name
        self.state = state
        self.passages = passages
        self.committed = committed
        self.dimension = dimension
        self.index = index
        self.encoder = encoder
        self.shardCount = shardCount
        self.generation = generation
        self.batches = batches
        self.batchesCommitted = batchesCommitted
        self.questionModel = questionModel
        self.contextModel = contextModel
        self.fingerprint = fingerprint
        self.sourceDigest = sourceDigest
        self.paths = paths
        self.bytes = bytes
        self.coverage = coverage
        self.shards = shards
        self.created = created
        self.questionEncoder = questionEncoder
        self.contextEncoder = contextEncoder
    }
}

/// How the cluster is.
public struct Status: Hashable, Sendable {
    /// The cluster's id.
    public var clusterID: String
    /// The coordinator's epoch.
    public var epoch: UInt64
    /// The coordinator's process id.
    public var processID: UInt32
    /// The coordinator's program version.
    public var release: String
    /// Its workers.
    public var workers: [WorkerStatus]
    /// Its collections.
    public var collections: [CollectionStatus]
    /// The indexing run under way, if any.
    public var indexing: IndexProgress?
    /// Resident memory of the coordinator.
    public var residentBytes: UInt64
    /// What of the stored files only the user can settle, each with the command that does.
    public var problems: [String]

    /// Creates the message; every field left out has its default.
    public init(
        clusterID: String = "", epoch: UInt64 = 0, processID: UInt32 = 0, release: String = "",
        workers: [WorkerStatus] = [], collections: [CollectionStatus] = [],
        indexing: IndexProgress? = nil, residentBytes: UInt64 = 0, problems: [String] = []
    ) {
        self.clusterID = clusterID
        self.epoch = epoch
        self.processID = processID
        self.release = release
        self.workers = workers
        self.collections = collections
        self.indexing = indexing
        self.residentBytes = residentBytes
        self.problems = problems
    }
}

/// A client asks for a collection to be removed.
public struct DropRequest: Hashable, Sendable {
    /// The collection's name.
    public var collection: String

    /// Creates the message; every field left out has its default.
    public init(collection: String = "") {
        self.collection = collection
    }
}

/// A request that has no other answer is carried out.
public struct Done: Hashable, Sendable {
    /// What was done, for people.
    public var note: String

    /// Creates the message; every field left out has its default.
    public init(note: String = "") {
        self.note = note
    }
}

/// A client asks the cluster to stop.
public struct Shutdown: Hashable, Sendable {
    /// Whether work under way is finished first.
    public var drain: Bool

    /// Creates the message; every field left out has its default.
    public init(drain: Bool = false) {
        self.drain = drain
    }
}
