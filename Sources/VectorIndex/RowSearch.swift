/// A way to find the first rows of a shard.
protocol RowSearch: Sendable {
    /// The k first rows of each question, in order.
    ///
    /// - Parameters:
    ///   - questions: `[count, dimension]`, finite.
    ///   - k: From 1 to the number of rows.
    ///   - threads: Over how many threads the rows may be divided.
    func search(
        _ questions: UnsafeBufferPointer<Float>, k: Int, threads: Int
    ) throws(IndexError) -> [[ScoredRow]]
}
