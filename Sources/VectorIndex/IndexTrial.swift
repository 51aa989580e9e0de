/// An index kind made, trained and searched on a sample, so that what Faiss cannot do is known
/// before a corpus is encoded.
///
/// Faiss may end the process on a kind that it does not like, or take its time and memory without
/// an end: a trial belongs into a process of its own, which its caller limits.
public enum IndexTrial {
    /// Rows of a sample, where the kind needs no more of them to train on.
    private static let rows = 300
    private static let largestRows = 1 << 16

    /// Whether a kind can fail at all: those of this room cannot.
    public static func isNeeded(for kind: String) throws(IndexError) -> Bool {
        let parts = try IndexKind(kind)
        return !ShardIndex.exactKinds.contains(parts.name) && parts.links == 0
    }

    /// Rows that each shard of a kind must have, since its quantizers are trained on them.
    public static func trainingRows(
        of kind: String, dimension: Int
    ) throws(IndexError) -> Int {
        try IndexKind(kind).trainingRows(dimension: dimension)
    }

    /// Tries a kind on vectors of a dimension.
    ///
    /// - Throws: Whatever ends the trial: `IndexError.unknownKind`, `.outOfRange` or `.faiss`.
    public static func run(kind: String, dimension: Int, metric: Metric) throws(IndexError) {
        var parts = try IndexKind(kind)
        guard try isNeeded(for: kind) else { return }
        // As many lists as the user named would need as many rows.
        parts.built = parts.parts.map(\.onTrial).joined(separator: ",")
        let trained = try IndexKind(parts.built).trainingRows(dimension: dimension)
        guard trained <= largestRows else {
            throw .outOfRange(
                what: "the number of rows that \(kind) trains on", value: trained, minimum: 0,
                maximum: largestRows)
        }
        let sample = vectors(max(rows, trained), dimension)
        let index = try FactorySearch.index(parts, dimension: dimension, metric: metric) {
            (body) throws(IndexError) in try sample.withUnsafeBufferPointer(body)
        }
        let found = try sample.withUnsafeBufferPointer { (all) throws(IndexError) in
            try index.search(UnsafeBufferPointer(rebasing: all[..<(4 * dimension)]), k: 5)
        }
        guard found.rows.contains(where: { $0 >= 0 }) else {
            throw .faiss(operation: "search an index of kind \"\(kind)\"", message: "it finds none")
        }
    }

    /// Vectors `[count, dimension]` of length 1, in a few groups.
    private static func vectors(_ count: Int, _ dimension: Int) -> [Float] {
        var state: UInt64 = 0x9E37_79B9_7F4A_7C15
        func next() -> Float {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Float(state >> 40) / Float(1 << 23) - 1
        }
        let centers = (0..<8 * dimension).map { _ in next() }
        return (0..<count).flatMap { row in
            let vector = (0..<dimension).map { centers[row % 8 * dimension + $0] + next() }
            let norm = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
            return vector.map { norm > 0 ? $0 / norm : 0 }
        }
    }
}
