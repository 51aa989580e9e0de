/// Which rows of a matrix belong to which example.
public struct TapeLayout {
    /// Where each example's rows start; one more entry than examples, the last the row count.
    public let starts: [Int]
    /// The number of each example, by which dropout tells them apart.
    public let examples: [UInt64]
    /// How many rows of each example attention looks at, from the first on; the others are padding.
    public let attended: [Int]

    /// Names the bounds and the examples; without `attended` there is no padding.
    public init(starts: [Int], examples: [UInt64], attended: [Int]? = nil) {
        precondition(
            starts.count == examples.count + 1
                && (attended?.count ?? examples.count) == examples.count,
            "\(starts.count) bounds do not fit \(examples.count) examples")
        self.starts = starts
        self.examples = examples
        self.attended = attended ?? zip(starts.dropFirst(), starts).map { $0 - $1 }
    }

    /// Number of examples.
    public var count: Int { examples.count }

    /// The rows of one example.
    public func rows(_ example: Int) -> Range<Int> { starts[example]..<starts[example + 1] }

    /// Whether some rows are padding.
    var hasPadding: Bool { attended.indices.contains { attended[$0] < rows($0).count } }

    /// One row per example.
    public var firstRows: TapeLayout {
        TapeLayout(starts: Array(0...count), examples: examples)
    }
}
