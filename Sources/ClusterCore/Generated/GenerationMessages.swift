// Written by scripts/generate-proto from proto/; not by hand.
// Publishing: which segments a worker serves, and how it gets those it lacks.

/// One committed segment, as a generation names it.
public struct SegmentRef: Hashable, Sendable {
    /// The segment's SHA-256, lower-case hex.
    public var sha256: String
    /// The batch it holds.
    public var batch: UInt64
    /// The ordinal of its first passage.
    public var firstOrdinal: UInt64
    /// How many passages it holds.
    public var rows: UInt64
    /// The file's size.
    public var bytes: UInt64

    /// Creates the message; every field left out has its default.
    public init(
        sha256: String = "", batch: UInt64 = 0, firstOrdinal: UInt64 = 0, rows: UInt64 = 0,
        bytes: UInt64 = 0
    ) {
        self.sha256 = sha256
        self.batch = batch
        self.firstOrdinal = firstOrdinal
        self.rows = rows
        self.bytes = bytes
    }
}

/// One shard of a generation.
public struct ShardSpec: Hashable, Sendable {
    /// The shard's number.
    public var shard: UInt32
    /// Its segments.
    public var segments: [SegmentRef]

    /// Creates the message; every field left out has its default.
    public init(shard: UInt32 = 0, segments: [SegmentRef] = []) {
        self.shard = shard
        self.segments = segments
    }
}

/// The coordinator asks a worker to make shards of a generation searchable.
public struct LoadGeneration: Hashable, Sendable {
    /// The collection's name.
    public var collection: String
    /// The generation's number.
    public var generation: UInt64
    /// Components of a vector.
    public var dimension: UInt32
    /// How vectors are stored, compared and searched.
    public var index: IndexSettings
    /// The shards to load.
    public var shards: [ShardSpec]
    /// The encoder fingerprint that every segment must carry.
    public var fingerprint: String
    /// Tells it from every other load of the collection.
    public var loadID: UInt64

    /// Creates the message; every field left out has its default.
    public init(
        collection: String = "", generation: UInt64 = 0, dimension: UInt32 = 0,
        index: IndexSettings = IndexSettings(), shards: [ShardSpec] = [], fingerprint: String = "",
        loadID: UInt64 = 0
    ) {
        self.collection = collection
        self.generation = generation
        self.dimension = dimension
        self.index = index
        self.shards = shards
        self.fingerprint = fingerprint
        self.loadID = loadID
    }
}

/// What a worker holds of a generation: its answer to ``LoadGeneration``, and what damage has left.
public struct GenerationLoaded: Hashable, Sendable {
    /// The collection's name.
    public var collection: String
    /// The generation's number.
    public var generation: UInt64
    /// The shards now searchable in this generation.
    public var shards: [UInt32]
    /// Empty, or why the others are not.
    public var failure: String
    /// Whether trying again with the same segments must fail again.
    public var lasting: Bool
    /// That of the load which was carried out last, and from which the shards follow.
    public var loadID: UInt64

    /// Creates the message; every field left out has its default.
    public init(
        collection: String = "", generation: UInt64 = 0, shards: [UInt32] = [],
        failure: String = "", lasting: Bool = false, loadID: UInt64 = 0
    ) {
        self.collection = collection
        self.generation = generation
        self.shards = shards
        self.failure = failure
        self.lasting = lasting
        self.loadID = loadID
    }
}

/// No search uses a generation any more; the worker may free it.
public struct UnloadGeneration: Hashable, Sendable {
    /// The collection's name.
    public var collection: String
    /// The generation's number.
    public var generation: UInt64

    /// Creates the message; every field left out has its default.
    public init(collection: String = "", generation: UInt64 = 0) {
        self.collection = collection
        self.generation = generation
    }
}

/// A worker asks for bytes of a segment it lacks.
///
/// The coordinator relays the copy of a holder, in chunks.
public struct SegmentRequest: Hashable, Sendable {
    /// The collection's name.
    public var collection: String
    /// The segment's SHA-256, lower-case hex.
    public var sha256: String
    /// The first byte wanted.
    public var offset: UInt64

    /// Creates the message; every field left out has its default.
    public init(collection: String = "", sha256: String = "", offset: UInt64 = 0) {
        self.collection = collection
        self.sha256 = sha256
        self.offset = offset
    }
}

/// Bytes of a segment, in the message's one raw frame.
public struct SegmentChunk: Hashable, Sendable {
    /// The collection's name.
    public var collection: String
    /// The segment's SHA-256, lower-case hex.
    public var sha256: String
    /// Where the frame's first byte lies in the file.
    public var offset: UInt64
    /// The file's size.
    public var total: UInt64
    /// Whether nobody holds it; there are no bytes then.
    public var missing: Bool

    /// Creates the message; every field left out has its default.
    public init(
        collection: String = "", sha256: String = "", offset: UInt64 = 0, total: UInt64 = 0,
        missing: Bool = false
    ) {
        self.collection = collection
        self.sha256 = sha256
        self.offset = offset
        self.total = total
        self.missing = missing
    }
}

/// The coordinator asks which segments a worker holds, whole and as they were written.
///
/// The worker reads each of them once and sets a damaged one aside.
public struct CheckSegments: Hashable, Sendable {
    /// The collection's name.
    public var collection: String
    /// The source digest that every one of them must name.
    public var sourceDigest: String
    /// The encoder fingerprint that every one of them must carry.
    public var fingerprint: String
    /// The segments, ``pageSize`` at most.
    public var segments: [SegmentRef]

    /// Creates the message; every field left out has its default.
    public init(
        collection: String = "", sourceDigest: String = "", fingerprint: String = "",
        segments: [SegmentRef] = []
    ) {
        self.collection = collection
        self.sourceDigest = sourceDigest
        self.fingerprint = fingerprint
        self.segments = segments
    }
}

/// A worker's answer to ``CheckSegments``; what is in neither list is not there.
public struct SegmentsChecked: Hashable, Sendable {
    /// The collection's name.
    public var collection: String
    /// SHA-256 of the segments that are as they were written.
    public var sound: [String]
    /// SHA-256 of those that were not, and are set aside.
    public var damaged: [String]

    /// Creates the message; every field left out has its default.
    public init(collection: String = "", sound: [String] = [], damaged: [String] = []) {
        self.collection = collection
        self.sound = sound
        self.damaged = damaged
    }
}
