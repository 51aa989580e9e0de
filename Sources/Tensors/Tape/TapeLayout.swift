/// Which rows of a matrix belong to which example.
public struct TapeLayout {
    /// Where each example's rows start; one more entry than examples, the last the row count.
    public let starts: [Int]
    /// The number of each example, by which dropout tells them apart.
    public let examples: [UInt64]

    /// Names the bounds and the examples.
    public init(starts: [Int], examples: [UInt64]) {
        precondition(
            starts.count == examples.count + 1,
            "\(starts.count) bounds do not fit \(examples.count) examples")
        self.starts = starts
        self.examples = examples
    }

    /// Number of examples.
    public var count: Int { examples.count }

    /// The rows of one example.
    public func rows(_ example: Int) -> Range<Int> { starts[example]..<starts[example + 1] }

    /// One row per example.
    public var firstRows: TapeLayout {
        TapeLayout(starts: Array(0...count), examples: examples)
    }
}
