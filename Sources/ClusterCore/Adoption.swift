/// Which segments and manifests on the disk a catalog takes over that is behind them.
///
/// A catalog is behind after a backup was put back, or when it was damaged. A segment says itself
/// which batch of which source it is, by which encoder, and has the one content that this batch can
/// have; so a batch that has none takes it, and is not encoded again.
///
/// 1. A batch whose segment is there keeps it.
/// 2. A segment is taken only for the batch that it says it is, with that batch's rows, of the
///    collection's source, encoder and precision.
/// 3. A manifest is taken only when it is newer than the catalog's, and each of its segments is the
///    one of its batch and there.
public struct Adoption: Sendable {
    /// What all segments of a collection have in common.
    public struct Identity: Hashable, Sendable {
        var sourceDigest: String
        var fingerprint: String
        var dimension: Int
        var precision: String

        /// Makes an identity.
        public init(sourceDigest: String, fingerprint: String, dimension: Int, precision: String) {
            self.sourceDigest = sourceDigest
            self.fingerprint = fingerprint
            self.dimension = dimension
            self.precision = precision
        }
    }

    /// A batch as the catalog knows it.
    public struct Batch: Hashable, Sendable {
        var firstOrdinal: UInt64
        var rows: UInt64
        /// SHA-256 of its segment; nil when it has none.
        var segment: String?
        /// False when the file of that segment is not where it should be.
        var isPresent: Bool

        /// Makes a batch.
        public init(firstOrdinal: UInt64, rows: UInt64, segment: String?, isPresent: Bool) {
            self.firstOrdinal = firstOrdinal
            self.rows = rows
            self.segment = segment
            self.isPresent = isPresent
        }
    }

    /// A segment that lies on the disk, as it describes itself.
    public struct Candidate: Hashable, Sendable {
        /// Its name.
        public var sha256: String
        /// The batch that it holds.
        public var batch: BatchNumber
        /// Its passages.
        public var rows: UInt64
        /// Bytes of its file.
        public var bytes: UInt64
        var firstOrdinal: UInt64
        /// What it has in common with all segments of its collection.
        public var identity: Identity

        /// Makes a candidate.
        public init(
            sha256: String, batch: BatchNumber, rows: UInt64, bytes: UInt64, firstOrdinal: UInt64,
            identity: Identity
        ) {
            self.sha256 = sha256
            self.batch = batch
            self.rows = rows
            self.bytes = bytes
            self.firstOrdinal = firstOrdinal
            self.identity = identity
        }
    }

    /// A generation whose manifest lies on the disk.
    public struct Generation: Hashable, Sendable {
        var number: UInt64
        var segments: [BatchNumber: String]

        /// Makes a generation.
        public init(number: UInt64, segments: [BatchNumber: String]) {
            self.number = number
            self.segments = segments
        }
    }

    let identity: Identity
    private(set) var batches: [Batch]

    /// Begins with the collection and its batches, in order.
    public init(identity: Identity, batches: [Batch]) {
        self.identity = identity
        self.batches = batches
    }

    /// The segments that their batches can take, one for each at most, by batch.
    ///
    /// - Parameter preferred: Those that a manifest names.
    public func choose(_ candidates: [Candidate], preferring preferred: Set<String>) -> [Candidate]
    {
        var chosen: [BatchNumber: Candidate] = [:]
        for candidate in candidates where fits(candidate) {
            guard let other = chosen[candidate.batch] else {
                chosen[candidate.batch] = candidate
                continue
            }
            let isBetter =
                (preferred.contains(candidate.sha256) ? 0 : 1, candidate.sha256)
                < (preferred.contains(other.sha256) ? 0 : 1, other.sha256)
            if isBetter { chosen[candidate.batch] = candidate }
        }
        return chosen.values.sorted { $0.batch < $1.batch }
    }

    private func fits(_ candidate: Candidate) -> Bool {
        guard batches.indices.contains(candidate.batch.rawValue) else { return false }
        let batch = batches[candidate.batch.rawValue]
        return (batch.segment == nil || !batch.isPresent) && candidate.rows == batch.rows
            && candidate.firstOrdinal == batch.firstOrdinal && candidate.identity == identity
    }

    /// The catalog has entered this segment.
    public mutating func adopted(_ candidate: Candidate) {
        batches[candidate.batch.rawValue].segment = candidate.sha256
        batches[candidate.batch.rawValue].isPresent = true
    }

    /// The newest generation above `current` that can be served whole; nil when there is none.
    public func generation(_ generations: [Generation], above current: UInt64) -> UInt64? {
        generations.filter { generation in
            generation.number > current && !generation.segments.isEmpty
                && generation.segments.allSatisfy { number, sha256 in
                    guard batches.indices.contains(number.rawValue) else { return false }
                    let batch = batches[number.rawValue]
                    return batch.isPresent && batch.segment == sha256
                }
        }.map(\.number).max()
    }
}
