import ClusterCore
import Corpus
import Formats
import Foundation
public import Models
public import VectorIndex

/// What a collection is: decided at its creation, and the same ever after.
public struct CollectionRecord: Codable, Equatable, Sendable {
    /// Its name.
    public var name: String
    /// SHA-256 of the source's content.
    public var sourceDigest: String
    /// The format of the source.
    public var format: String
    /// Where the source was found.
    public var paths: [String]
    /// True when malformed lines were passed over.
    public var skipsMalformed: Bool
    /// How many were.
    public var skippedLines: Int
    /// Passages in the source.
    public var passages: UInt64
    /// Passages per batch.
    public var batchSize: Int
    /// Batches in the source.
    public var batchCount: Int
    /// Number of shards.
    public var shardCount: Int
    /// Folder of the question tower, empty when there is none.
    public var questionModel: String
    /// Folder of the context tower.
    public var contextModel: String
    /// Fingerprint of the question tower, empty when there is none.
    public var questionFingerprint: String
    /// Fingerprint of the context tower.
    public var contextFingerprint: String
    /// What was chosen for the towers beside their folders.
    public var encoder: EncoderOptions
    /// What holds of the question tower, whatever its folder comes to say; nil where an earlier
    /// release made the collection and nobody has loaded the tower since.
    public var questionEncoder: EncoderOptions?
    /// What holds of the context tower.
    public var contextEncoder: EncoderOptions?
    /// Dimension of the vectors.
    public var dimension: Int
    /// Metric of the scores.
    public var metric: Metric?
    /// Index kind.
    public var kind: String?
    /// The numbers that its segments hold.
    public var vectors: VectorPrecision?
    /// What of a shard may stay in memory.
    public var memory: ShardMemory?
    /// When it was made, ISO 8601.
    public var created: String
    /// Digest of the batch boundaries; nil where an earlier release found them.
    public var boundaries: String?
    /// True when every batch of the source is in the newest generation.
    public var isComplete = false
    /// Number of the newest generation, 0 before the first.
    public var generation: UInt64 = 0
    /// SHA-256 of that generation's manifest; nil where an earlier release published it.
    public var manifestSHA256: String?

    private enum CodingKeys: String, CodingKey {
        case name, sourceDigest, format, paths, skipsMalformed, skippedLines, passages, batchSize
        case batchCount, shardCount, questionModel, contextModel, questionFingerprint
        case contextFingerprint, encoder, questionEncoder, contextEncoder, dimension, metric
        case kind, vectors
        case memory, created, boundaries, isComplete
    }

    /// Reads the text that ``json()`` made; nil where it is another.
    init?(json: String) {
        // Earlier releases wrote no seal.
        guard SealedJSON.check(Array(json.utf8)) != .broken,
            let record = try? JSONDecoder().decode(CollectionRecord.self, from: Data(json.utf8)),
            record.isConsistent
        else { return nil }
        self = record
    }

    /// The text of the catalog's row, which ends with a digest of itself.
    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: SealedJSON.seal(try encoder.encode(self)), as: UTF8.self)
    }
}

extension CollectionRecord {
    /// Whether its numbers agree, so that arithmetic with them is safe.
    var isConsistent: Bool {
        batchSize >= 1 && (1...IndexPlan.largestShardCount).contains(shardCount)
            && dimension >= 1 && batchCount >= 1 && passages >= 1
            && (passages - 1) / UInt64(batchSize) == UInt64(batchCount) - 1
    }

    /// Its source in numbers.
    var shape: SourceShape {
        SourceShape(
            passages: passages, batchSize: batchSize, batchCount: batchCount,
            shardCount: shardCount, skippedLines: skippedLines)
    }

    /// Whether `other` is the same collection, however far either has come.
    func isSame(as other: CollectionRecord) -> Bool {
        var (mine, its) = (self, other)
        mine.isComplete = its.isComplete
        mine.generation = its.generation
        mine.manifestSHA256 = its.manifestSHA256
        // Where its towers lie, what was found out of them, and a question tower may come later.
        mine.questionModel = its.questionModel
        mine.contextModel = its.contextModel
        mine.questionEncoder = its.questionEncoder
        mine.contextEncoder = its.contextEncoder
        if mine.questionFingerprint.isEmpty { mine.questionFingerprint = its.questionFingerprint }
        if its.questionFingerprint.isEmpty { its.questionFingerprint = mine.questionFingerprint }
        return mine == its
    }

    /// The options that a tower is loaded with: what holds of it, or what was asked for.
    func options(of tower: Tower) -> EncoderOptions {
        (tower == .question ? questionEncoder : contextEncoder) ?? encoder
    }

    /// The same collection with towers as they were found.
    func with(_ models: CollectionModels) -> CollectionRecord {
        var record = self
        record.contextModel = models.contextFolder
        record.contextEncoder = models.contextOptions
        if !models.questionFingerprint.isEmpty {
            record.questionModel = models.questionFolder
            record.questionFingerprint = models.questionFingerprint
            record.questionEncoder = models.questionOptions
        }
        return record
    }

    /// How its vectors are stored, compared and searched.
    public var index: IndexOptions {
        IndexOptions(metric: metric, kind: kind, vectors: vectors, memory: memory)
    }

    /// Makes the record of a collection about to be indexed.
    init(
        name: String, sourceDigest: String, format: String, paths: [String], skipsMalformed: Bool,
        skippedLines: Int, passages: UInt64, batchSize: Int, batchCount: Int, shardCount: Int,
        models: CollectionModels, index: IndexOptions, created: String,
        boundaries: String? = nil
    ) {
        self.name = name
        self.sourceDigest = sourceDigest
        self.format = format
        self.paths = paths
        self.skipsMalformed = skipsMalformed
        self.skippedLines = skippedLines
        self.passages = passages
        self.batchSize = batchSize
        self.batchCount = batchCount
        self.boundaries = boundaries
        self.shardCount = shardCount
        questionModel = models.questionFolder
        contextModel = models.contextFolder
        questionFingerprint = models.questionFingerprint
        contextFingerprint = models.contextFingerprint
        encoder = models.options
        questionEncoder = models.questionOptions
        contextEncoder = models.contextOptions
        dimension = models.dimension
        metric = index.complete.metric
        kind = index.complete.kind
        vectors = index.complete.vectors
        memory = index.complete.memory
        self.created = created
    }
}

/// The towers of a collection.
struct CollectionModels: Equatable, Sendable {
    var questionFolder: String
    var contextFolder: String
    var questionFingerprint: String
    var contextFingerprint: String
    /// What was asked for.
    var options: EncoderOptions
    /// What holds of the question tower; nil where there is none.
    var questionOptions: EncoderOptions?
    /// What holds of the context tower.
    var contextOptions: EncoderOptions?
    var dimension: Int
    /// What people ought to know of them.
    var notes: [String] = []
}
