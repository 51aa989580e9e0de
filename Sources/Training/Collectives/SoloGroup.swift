/// A world of one rank: every operation returns what it was given.
public final class SoloGroup: CollectiveGroup {
    /// The only rank.
    public let rank = 0
    /// One.
    public let world = 1
    /// As given.
    public let generation: UInt64

    /// Makes the world of one.
    public init(generation: UInt64 = 1) {
        self.generation = generation
    }

    /// The rows given.
    public func allGather(rows: [Float], width: Int) throws(CollectiveError) -> GatheredRows {
        let count = try CollectiveShape.rows(rows.count, width: width, .gatherRows)
        return GatheredRows(values: rows, counts: [count], width: width)
    }

    /// The bytes given.
    public func allGather(bytes: [UInt8]) throws(CollectiveError) -> [[UInt8]] { [bytes] }

    /// The rows given.
    public func reduceScatter(
        rows: [Float], counts: [Int], width: Int
    ) throws(CollectiveError) -> [Float] {
        try CollectiveShape.check(rows.count, counts: counts, width: width, world: world)
        return rows
    }

    /// Nothing: the sum over one rank is there.
    public func begin(_ bucket: UnsafeMutableBufferPointer<Float>) throws(CollectiveError) {}

    /// Nothing.
    public func wait() throws(CollectiveError) {}
}

/// Checks of what callers give to an operation.
public enum CollectiveShape {
    /// How many rows of `width` there are in `elements` floats.
    public static func rows(
        _ elements: Int, width: Int, _ kind: CollectiveOperation.Kind
    ) throws(CollectiveError) -> Int {
        guard width > 0, elements % width == 0 else {
            throw .shape(expected: max(width, 1), found: elements, of: kind)
        }
        return elements / width
    }

    /// Throws unless `elements` floats are `counts` rows of `width`, one count a rank.
    public static func check(
        _ elements: Int, counts: [Int], width: Int, world: Int
    ) throws(CollectiveError) {
        guard counts.count == world else {
            throw .shape(expected: world, found: counts.count, of: .reduceScatter)
        }
        let expected = counts.reduce(0, +) * width
        guard width > 0, counts.allSatisfy({ $0 >= 0 }), elements == expected else {
            throw .shape(expected: expected, found: elements, of: .reduceScatter)
        }
    }
}
