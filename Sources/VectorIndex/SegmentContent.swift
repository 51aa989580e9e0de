public import Corpus

/// What one batch becomes: vectors and passages under contiguous ordinals.
public struct SegmentContent: Sendable {
    /// The ordinal of the first passage; the others follow without a gap.
    public var firstOrdinal: Ordinal
    /// Components of each vector, at least 1.
    public var dimension: Int
    /// `[passage, component]`, row-major, finite.
    public var vectors: [Float]
    /// The passages, in the order of their ordinals.
    public var passages: [Passage]
    /// Digest of the source that the batch belongs to.
    public var sourceDigest: String
    /// Position of the batch in its source.
    public var batch: Int
    /// Fingerprint of the encoder that made the vectors.
    public var fingerprint: String
    /// The numbers that the segment is to hold the vectors in.
    public var precision: VectorPrecision

    /// A content of these parts; `Segment.write` checks that they agree.
    public init(
        firstOrdinal: Ordinal, dimension: Int, vectors: [Float], passages: [Passage],
        sourceDigest: String, batch: Int, fingerprint: String,
        precision: VectorPrecision = .float32
    ) {
        self.firstOrdinal = firstOrdinal
        self.dimension = dimension
        self.vectors = vectors
        self.passages = passages
        self.sourceDigest = sourceDigest
        self.batch = batch
        self.fingerprint = fingerprint
        self.precision = precision
    }
}

/// A segment that lies on disk, whole and synced.
public struct SegmentFile: Hashable, Codable, Sendable {
    /// SHA-256 over the whole file, in lowercase hexadecimal; also its name.
    public var sha256: String
    /// Where it lies.
    public var path: String
    /// Its length in bytes.
    public var bytes: Int
    /// How many passages it holds.
    public var rows: Int

    /// A description of these parts.
    public init(sha256: String, path: String, bytes: Int, rows: Int) {
        self.sha256 = sha256
        self.path = path
        self.bytes = bytes
        self.rows = rows
    }
}

extension SegmentContent {
    /// Checks that the parts agree and every vector is finite.
    ///
    /// - Throws: `IndexError.shapeMismatch`, `.outOfRange` or `.nonFiniteVector` or
    ///   `.beyondFloat16`.
    func validate() throws(IndexError) {
        guard dimension >= 1, dimension <= Segment.maximumDimension else {
            throw .outOfRange(
                what: "the dimension", value: dimension, minimum: 1,
                maximum: Segment.maximumDimension)
        }
        guard !passages.isEmpty, passages.count <= Segment.maximumRows else {
            throw .outOfRange(
                what: "the number of passages in a segment", value: passages.count, minimum: 1,
                maximum: Segment.maximumRows)
        }
        guard batch >= 0 else {
            throw .outOfRange(what: "the batch", value: batch, minimum: 0, maximum: .max)
        }
        let room = UInt64.max - firstOrdinal.rawValue
        guard UInt64(passages.count) <= room else {
            throw .outOfRange(
                what: "the number of passages from the first ordinal on", value: passages.count,
                minimum: 1, maximum: Int(room))
        }
        guard vectors.count == passages.count * dimension else {
            throw .shapeMismatch(
                what: "vector components (passages × dimension)",
                expected: passages.count * dimension, found: vectors.count)
        }
        if let bad = vectors.firstIndex(where: { !$0.isFinite }) {
            throw .nonFiniteVector(
                passageID: passages[bad / dimension].id, component: bad % dimension)
        }
        // From here on the nearest float16 would be infinite.
        if precision == .float16, let bad = vectors.firstIndex(where: { abs($0) >= 65520 }) {
            throw .beyondFloat16(
                passageID: passages[bad / dimension].id, component: bad % dimension)
        }
    }
}
