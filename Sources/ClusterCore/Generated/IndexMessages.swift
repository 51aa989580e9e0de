// Written by scripts/generate-proto from proto/; not by hand.
// What a client asks about indexing.

/// A client asks for a source to be indexed.
public struct IndexRequest: Hashable, Sendable {
    /// The collection's name.
    public var collection: String
    /// The files or folders of the source.
    public var paths: [String]
    /// The source's format; empty: by name and first line.
    public var format: String
    /// Folder of the question tower; empty: the collection has none.
    public var questionModel: String
    /// Folder of the context tower.
    public var contextModel: String
    /// How texts become vectors.
    public var encoder: EncoderSettings
    /// How vectors are stored, compared and searched.
    public var index: IndexSettings
    /// How many shards the collection has, for ever.
    public var shards: UInt32
    /// Passages per batch.
    public var batchSize: UInt32
    /// Whether a malformed line is skipped and counted instead of ending the scan.
    public var skipMalformed: Bool

    /// Creates the message; every field left out has its default.
    public init(
        collection: String = "", paths: [String] = [], format: String = "",
        questionModel: String = "", contextModel: String = "",
        encoder: EncoderSettings = EncoderSettings(), index: IndexSettings = IndexSettings(),
        shards: UInt32 = 0, batchSize: UInt32 = 0, skipMalformed: Bool = false
    ) {
        self.collection = collection
        self.paths = paths
        self.format = format
        self.questionModel = questionModel
        self.contextModel = contextModel
        self.encoder = encoder
        self.index = index
        self.shards = shards
        self.batchSize = batchSize
        self.skipMalformed = skipMalformed
    }
}

/// Where an indexing run is.
public enum IndexState: Int32, CaseIterable, Sendable {
    /// Not said.
    case unknown = 0
    /// The source is read once for its digest and batch boundaries.
    case scanning = 1
    /// Batches are leased, encoded and committed.
    case encoding = 2
    /// All batches are committed; workers load the last generation.
    case publishing = 3
    /// Every passage is searchable.
    case complete = 4
    /// Waiting; the note says for what.
    case paused = 5
    /// What an earlier run made is read once and compared with its digests.
    case checking = 6
}

/// What an indexing run found wrong and put right, by kind.
public struct Healing: Hashable, Sendable {
    /// Segments that no living holder had: their batches were encoded again.
    public var segmentsMissing: UInt64
    /// Segment files that were set aside and replaced.
    public var segmentsDamaged: UInt64
    /// Copies that their holders lacked, of segments that others hold.
    public var copiesLost: UInt64
    /// Copies that the catalog did not know of.
    public var copiesFound: UInt64
    /// Manifests that were written again.
    public var manifests: UInt64
    /// Rows of the catalog that were put right.
    public var rows: UInt64

    /// Creates the message; every field left out has its default.
    public init(
        segmentsMissing: UInt64 = 0, segmentsDamaged: UInt64 = 0, copiesLost: UInt64 = 0,
        copiesFound: UInt64 = 0, manifests: UInt64 = 0, rows: UInt64 = 0
    ) {
        self.segmentsMissing = segmentsMissing
        self.segmentsDamaged = segmentsDamaged
        self.copiesLost = copiesLost
        self.copiesFound = copiesFound
        self.manifests = manifests
        self.rows = rows
    }
}

/// How far an indexing run has come.
public struct IndexProgress: Hashable, Sendable {
    /// The collection's name.
    public var collection: String
    /// Where the run is.
    public var state: IndexState
    /// Passages in the source.
    public var passagesTotal: UInt64
    /// Passages in committed segments.
    public var passagesCommitted: UInt64
    /// Batches of the source.
    public var batchesTotal: UInt64
    /// Batches committed.
    public var batchesCommitted: UInt64
    /// Batches leased more than once.
    public var batchesRepeated: UInt64
    /// Malformed lines skipped.
    public var skippedLines: UInt64
    /// Workers taking part.
    public var workers: UInt32
    /// What this run cut off its passages.
    public var cuts: Cuts
    /// The newest published generation.
    public var generation: UInt64
    /// Why it is paused, or what is being waited for.
    public var note: String
    /// Whether there was nothing to do.
    public var alreadyComplete: Bool
    /// Passages encoded by this run: finished batches and the ones being worked on.
    public var passagesEncoded: UInt64
    /// What was found wrong and put right.
    public var healing: Healing
    /// What people ought to know of the collection, as sentences.
    public var notes: [String]

    /// Creates the message; every field left out has its default.
    public init(
        collection: String = "", state: IndexState = .unknown, passagesTotal: UInt64 = 0,
        passagesCommitted: UInt64 = 0, batchesTotal: UInt64 = 0, batchesCommitted: UInt64 = 0,
        batchesRepeated: UInt64 = 0, skippedLines: UInt64 = 0, workers: UInt32 = 0,
        cuts: Cuts = Cuts(), generation: UInt64 = 0, note: String = "",
        alreadyComplete: Bool = false, passagesEncoded: UInt64 = 0, healing: Healing = Healing(),
        notes: [String] = []
    ) {
        self.collection = collection
        self.state = state
        self.passagesTotal = passagesTotal
        self.passagesCommitted = passagesCommitted
        self.batchesTotal = batchesTotal
        self.batchesCommitted = batchesCommitted
        self.batchesRepeated = batchesRepeated
        self.skippedLines = skippedLines
        self.workers = workers
        self.cuts = cuts
        self.generation = generation
        self.note = note
        self.alreadyComplete = alreadyComplete
        self.passagesEncoded = passagesEncoded
        self.healing = healing
        self.notes = notes
    }
}
