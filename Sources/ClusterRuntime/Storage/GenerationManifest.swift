public import ClusterCore
import Corpus
import Crypto
import Foundation
public import VectorIndex

/// The set of segments that a search of one generation sees, written once and never changed.
///
/// Version 2 says besides what the catalog knows of the collection, so that the catalog can be made
/// anew from manifests and segments, and ends with a digest of itself. Version 1 is still read.
public struct GenerationManifest: Codable, Equatable, Sendable {
    /// Version of this file's form.
    public static let currentVersion = 2

    /// Version of the form of this file.
    public var version = GenerationManifest.currentVersion
    /// The collection.
    public var collection: String
    /// Number of the generation, from 1.
    public var generation: UInt64
    /// Fingerprint of the encoder that made the vectors.
    public var fingerprint: String
    /// Dimension of the vectors.
    public var dimension: Int
    /// Metric of the scores.
    public var metric: Metric?
    /// Index kind.
    public var kind: String?
    /// The numbers that the segments hold.
    public var vectors: VectorPrecision?
    /// What of a shard may stay in memory.
    public var memory: ShardMemory?
    /// Number of shards; a batch lies in shard number batch modulo this.
    public var shardCount: Int
    /// Passages per batch, which gives the first ordinal of each.
    public var batchSize: Int
    /// The segments, by batch.
    public var segments: [SegmentRecord]
    /// What the collection is; nil in version 1.
    public var record: CollectionRecord?
    /// The epoch of the coordinator that published it; nil in version 1.
    public var epoch: UInt64?

    /// Makes the manifest of generation `number` over `segments`.
    ///
    /// - Parameters:
    ///   - epoch: The coordinator's.
    ///   - isComplete: Whether every batch of the source is among the segments.
    public init(
        _ record: CollectionRecord, number: UInt64, segments: [SegmentRecord], epoch: UInt64,
        isComplete: Bool
    ) {
        collection = record.name
        generation = number
        fingerprint = record.contextFingerprint
        dimension = record.dimension
        metric = record.metric
        kind = record.kind
        vectors = record.vectors
        memory = record.memory
        shardCount = record.shardCount
        batchSize = record.batchSize
        self.segments = segments
        self.epoch = epoch
        self.record = record
        self.record?.isComplete = isComplete
    }

    /// How its vectors are compared and searched.
    public var index: IndexOptions {
        IndexOptions(metric: metric, kind: kind, vectors: vectors, memory: memory)
    }

    /// The segments of `shard`.
    public func segments(of shard: ShardNumber) -> [SegmentRecord] {
        segments.filter { $0.batch.shard(of: shardCount) == shard }
    }

    /// Rows of each shard, empty shards included.
    public var rows: [ShardNumber: UInt64] {
        var rows: [ShardNumber: UInt64] = [:]
        for shard in 0..<shardCount { rows[ShardNumber(shard)] = 0 }
        for segment in segments {
            rows[segment.batch.shard(of: shardCount), default: 0] += segment.rows
        }
        return rows
    }

    /// The first ordinal of `batch`: batches lie in the collection in their order.
    public func firstOrdinal(of batch: BatchNumber) -> UInt64 {
        UInt64(batch.rawValue) * UInt64(batchSize)
    }

    /// The shard that may hold `ordinal`; nil beyond the last batch.
    func shard(holding ordinal: UInt64) -> ShardNumber? {
        guard let last = segments.last else { return nil }
        return ordinal < firstOrdinal(of: last.batch) + last.rows ? shard(ofOrdinal: ordinal) : nil
    }

    /// The shard that holds `ordinal`.
    public func shard(ofOrdinal ordinal: UInt64) -> ShardNumber {
        BatchNumber(Int(ordinal / UInt64(batchSize))).shard(of: shardCount)
    }
}
