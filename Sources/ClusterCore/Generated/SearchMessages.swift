// Written by scripts/generate-proto from proto/; not by hand.
// Questions on their way from coordinator to worker, and hits and passages back.

/// One question batch for shards of a pinned generation; one raw frame: float32 `[count,
/// dimension]`.
public struct Search: Hashable, Sendable {
    /// The collection's name.
    public var collection: String
    /// The generation to search.
    public var generation: UInt64
    /// The shards to search on this worker.
    public var shards: [UInt32]
    /// Hits wanted per question.
    public var k: UInt32
    /// Questions in the frame.
    public var count: UInt32
    /// Components of a vector.
    public var dimension: UInt32
    /// Bytes that passages of the hits may take in the answer; 0: hits alone are wanted.
    public var passageBytes: UInt32
    /// False wants ids alone of them.
    public var texts: Bool

    /// Creates the message; every field left out has its default.
    public init(
        collection: String = "", generation: UInt64 = 0, shards: [UInt32] = [], k: UInt32 = 0,
        count: UInt32 = 0, dimension: UInt32 = 0, passageBytes: UInt32 = 0, texts: Bool = false
    ) {
        self.collection = collection
        self.generation = generation
        self.shards = shards
        self.k = k
        self.count = count
        self.dimension = dimension
        self.passageBytes = passageBytes
        self.texts = texts
    }
}

/// What one shard gave to a search.
public struct ShardCoverage: Hashable, Sendable {
    /// The shard's number.
    public var shard: UInt32
    /// Rows it holds in the generation searched.
    public var rows: UInt64
    /// Whether its hits are in the answer.
    public var answered: Bool

    /// Creates the message; every field left out has its default.
    public init(shard: UInt32 = 0, rows: UInt64 = 0, answered: Bool = false) {
        self.shard = shard
        self.rows = rows
        self.answered = answered
    }
}

/// How much of what was asked did answer.
public struct Coverage: Hashable, Sendable {
    /// Shards asked.
    public var shardsTotal: UInt32
    /// Shards that answered.
    public var shardsAnswered: UInt32
    /// Rows in the shards asked.
    public var rowsTotal: UInt64
    /// Rows in the shards that answered.
    public var rowsAnswered: UInt64

    /// Creates the message; every field left out has its default.
    public init(
        shardsTotal: UInt32 = 0, shardsAnswered: UInt32 = 0, rowsTotal: UInt64 = 0,
        rowsAnswered: UInt64 = 0
    ) {
        self.shardsTotal = shardsTotal
        self.shardsAnswered = shardsAnswered
        self.rowsTotal = rowsTotal
        self.rowsAnswered = rowsAnswered
    }
}

/// Hits; raw frames: uint32 hits per question `[count]`, uint64 ordinals `[sum]`, float64 scores
/// `[sum]`, and a passage block of the first `passages` ordinals, each once, where there are some.
public struct SearchResult: Hashable, Sendable {
    /// What each shard gave.
    public var shards: [ShardCoverage]
    /// Microseconds the search took at the worker.
    public var computeUs: UInt64
    /// Passages in the block; the rest must be asked for.
    public var passages: UInt32

    /// Creates the message; every field left out has its default.
    public init(shards: [ShardCoverage] = [], computeUs: UInt64 = 0, passages: UInt32 = 0) {
        self.shards = shards
        self.computeUs = computeUs
        self.passages = passages
    }
}

/// Asks for the passages of ordinals; one raw frame: uint64 ordinals.
public struct Fetch: Hashable, Sendable {
    /// The collection's name.
    public var collection: String
    /// The generation they were found in.
    public var generation: UInt64
    /// False asks for ids alone.
    public var texts: Bool
    /// Bytes that the passages may take in the block; 0 leaves it to the worker, which sends one at
    /// least.
    public var mostBytes: UInt32

    /// Creates the message; every field left out has its default.
    public init(
        collection: String = "", generation: UInt64 = 0, texts: Bool = false, mostBytes: UInt32 = 0
    ) {
        self.collection = collection
        self.generation = generation
        self.texts = texts
        self.mostBytes = mostBytes
    }
}

/// One raw frame: a passage block of the first `count` ordinals asked for.
public struct FetchResult: Hashable, Sendable {
    /// Passages in the block; the rest must be asked for again.
    public var count: UInt32
    /// Bytes that the next passage takes, where it had no room; else 0.
    public var nextBytes: UInt32

    /// Creates the message; every field left out has its default.
    public init(count: UInt32 = 0, nextBytes: UInt32 = 0) {
        self.count = count
        self.nextBytes = nextBytes
    }
}

/// The answer to a search is no longer wanted; one that waits for its turn fails.
public struct Cancel: Hashable, Sendable {
    /// The request.
    public var requestID: UInt64

    /// Creates the message; every field left out has its default.
    public init(requestID: UInt64 = 0) {
        self.requestID = requestID
    }
}
