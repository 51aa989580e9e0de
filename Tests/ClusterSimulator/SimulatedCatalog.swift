import ClusterCore

/// A committed segment.
struct SegmentRow: Equatable {
    var batch: BatchNumber
    var sha256: String
    var rows: UInt64
    var attempt: Attempt
}

/// A published generation, as it lies on disk.
struct Manifest: Equatable {
    var number: UInt64
    var segments: [SegmentRow]
    var rows: [ShardNumber: UInt64]

    init(number: UInt64, segments: [SegmentRow], shardCount: Int) {
        self.number = number
        self.segments = segments
        rows = Dictionary(uniqueKeysWithValues: (0..<shardCount).map { (ShardNumber($0), 0) })
        for segment in segments {
            rows[segment.batch.shard(of: shardCount), default: 0] += segment.rows
        }
    }

    /// The segments of a shard.
    func segments(of shard: ShardNumber) -> Set<String> {
        Set(segments.filter { $0.batch.shard(of: rows.count) == shard }.map(\.sha256))
    }

    func order(_ shards: [ShardNumber]) -> LoadGeneration {
        LoadGeneration(
            generation: number,
            shards: shards.map { shard in
                ShardSpec(
                    shard: UInt32(shard.rawValue),
                    segments: segments.filter { $0.batch.shard(of: rows.count) == shard }.map {
                        SegmentRef(
                            sha256: $0.sha256, batch: UInt64($0.batch.rawValue), rows: $0.rows,
                            bytes: $0.rows * UInt64(SimulationSettings.passageBytes))
                    })
            })
    }
}

/// What survives the coordinator: each call is one transaction, whole or not at all.
struct SimulatedCatalog {
    /// The holder's name for files in the coordinator's own folder.
    static let sharedHolder = ""

    /// The workers that the next coordinator expects; a hint beside the catalog.
    var expectedWorkers: Set<String> = []

    private(set) var epoch: UInt64 = 0
    private(set) var segments: [BatchNumber: SegmentRow] = [:]
    private(set) var copies: [String: Set<String>] = [:]
    private(set) var manifests: [UInt64: Manifest] = [:]
    private(set) var generation: UInt64 = 0
    private(set) var isComplete = false

    mutating func beginEpoch() -> UInt64 {
        epoch += 1
        return epoch
    }

    /// Enters a segment; false when its batch has one already.
    mutating func commit(_ segment: SegmentRow, holder: String) -> Bool {
        guard segments[segment.batch] == nil else { return false }
        segments[segment.batch] = segment
        copies[segment.sha256, default: []].insert(holder)
        return true
    }

    mutating func addCopy(_ sha256: String, holder: String) {
        copies[sha256, default: []].insert(holder)
    }

    mutating func publish(_ manifest: Manifest, isComplete: Bool) {
        manifests[manifest.number] = manifest
        generation = manifest.number
        self.isComplete = isComplete
    }
}
