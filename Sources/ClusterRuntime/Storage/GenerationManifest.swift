public import ClusterCore
import Crypto
import Foundation
public import VectorIndex

/// The set of segments that a search of one generation sees, written once and never changed.
public struct GenerationManifest: Codable, Equatable, Sendable {
    /// Version of this file's form.
    public static let currentVersion = 1

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

    /// Makes the manifest of generation `number` over `segments`.
    public init(_ record: CollectionRecord, number: UInt64, segments: [SegmentRecord]) {
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

    /// The shard that holds `ordinal`.
    public func shard(ofOrdinal ordinal: UInt64) -> ShardNumber {
        BatchNumber(Int(ordinal / UInt64(batchSize))).shard(of: shardCount)
    }

    /// Writes the manifest so that it survives, or leaves nothing.
    ///
    /// - Returns: SHA-256 of the file, lower-case hex.
    public func write(_ folder: DataFolder) throws(ClusterError) -> String {
        let path = GenerationManifest.path(folder, collection, generation)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            let data = try encoder.encode(self)
            try DurableFile.write(data, to: path)
            return GenerationManifest.sha256(of: data)
        } catch {
            throw ClusterError.wrap(error)
        }
    }

    /// Reads the manifest of one generation.
    public static func read(
        _ folder: DataFolder, _ collection: String, _ generation: UInt64
    ) throws(ClusterError) -> GenerationManifest {
        let path = path(folder, collection, generation)
        let manifest: GenerationManifest
        do {
            let data = try Data(contentsOf: URL(fileURLWithPath: path))
            manifest = try JSONDecoder().decode(GenerationManifest.self, from: data)
        } catch {
            throw .storage(
                path: path, reason: "cannot be read: \(error.localizedDescription)",
                remedy: "Run `sheaf index` again with the same corpus to publish a new one.")
        }
        guard manifest.version == currentVersion else {
            throw .storage(
                path: path,
                reason: "has version \(manifest.version), this program reads \(currentVersion)",
                remedy: "Use the release of Sheaf that wrote it.")
        }
        return manifest
    }

    /// The digest by which the catalog knows a manifest, lower-case hex.
    static func sha256(of data: Data) -> String {
        SHA256.hash(data: data).map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
    }

    /// Removes the manifest of one generation, if it is there.
    static func remove(_ folder: DataFolder, _ collection: String, _ generation: UInt64) {
        unlink(path(folder, collection, generation))
    }

    private static func path(
        _ folder: DataFolder, _ collection: String, _ generation: UInt64
    ) -> String {
        let digits = String(generation)
        let padded = String(repeating: "0", count: max(0, 10 - digits.count)) + digits
        return folder.generations(collection) + "/" + padded + ".json"
    }
}
