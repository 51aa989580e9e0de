/// A way to find the first rows of a shard.
protocol RowSearch: Sendable {
    /// The k first rows of each question, in order.
    ///
    /// - Parameters:
    ///   - questions: `[count, dimension]`, finite.
    ///   - k: At least 1.
    func search(
        _ questions: UnsafeBufferPointer<Float>, k: Int
    ) throws(IndexError) -> [[ScoredRow]]
}
