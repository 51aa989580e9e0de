import ClusterCore

/// A published generation, as it lies on disk.
struct Manifest: Equatable {
    var number: UInt64
    var segments: [SegmentRecord]
    var rows: [ShardNumber: UInt64]

    init(_ publication: Publication) {
        number = publication.generation
        segments = publication.segments
        rows = publication.shape.rows(of: publication.segments)
    }

    var served: ServingTable.Generation { ServingTable.Generation(number: number, rows: rows) }

    /// The segments of a shard.
    func segments(of shard: ShardNumber) -> Set<String> {
        Set(segments.filter { $0.batch.shard(of: rows.count) == shard }.map(\.sha256))
    }

    /// A load of it, in the words of the wire.
    func message(_ load: ServingTable.Load) -> LoadGeneration {
        LoadGeneration(
            collection: SimulatedCoordinator.collection, generation: number,
            shards: load.shards.map { shard in
                ShardSpec(
                    shard: UInt32(shard.rawValue),
                    segments: segments.filter { $0.batch.shard(of: rows.count) == shard }.map {
                        SegmentRef(
                            sha256: $0.sha256, batch: UInt64($0.batch.rawValue), rows: $0.rows,
                            bytes: $0.rows * UInt64(SimulationSettings.passageBytes))
                    })
            }, loadID: load.id)
    }
}

/// What survives the coordinator: each call is one transaction, whole or not at all.
struct SimulatedCatalog {
    /// Which rule is broken.
    var broken: ProtocolRule?
    /// The workers that the next coordinator expects; a hint beside the catalog.
    var expectedWorkers: Set<String> = []

    private(set) var epoch: UInt64 = 0
    private(set) var segments: [BatchNumber: SegmentRecord] = [:]
    private(set) var copies: [String: Set<String>] = [:]
    private(set) var manifests: [UInt64: Manifest] = [:]
    private(set) var generation: UInt64 = 0
    private(set) var isComplete = false

    mutating func beginEpoch() -> UInt64 {
        epoch += 1
        return epoch
    }

    /// Enters a segment, unless its batch has one already, which stands.
    mutating func commit(
        _ segment: SegmentRecord, holder: String
    ) -> (standing: SegmentRecord, isNew: Bool) {
        if let standing = segments[segment.batch], broken != .uniqueBatch {
            return (standing, false)
        }
        segments[segment.batch] = segment
        copies[segment.sha256, default: []].insert(holder)
        return (segment, true)
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
