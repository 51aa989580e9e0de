internal import Base

/// A way to find the first rows of a shard.
protocol RowSearch: Sendable {
    /// The k first rows of each question, in order.
    ///
    /// - Parameters:
    ///   - questions: `[count, dimension]`, finite.
    ///   - k: From 1 to the number of rows.
    ///   - threads: Over how many threads the work may be divided; the answer is the same.
    func search(
        _ questions: [Float], k: Int, threads: Int
    ) throws(IndexError) -> [[ScoredRow]]
}

extension RowSearch {
    /// Searches parts of the questions on threads of their own.
    func divided(
        _ questions: [Float], dimension: Int, threads: Int,
        _ search: @Sendable @escaping ([Float]) throws(IndexError) -> [[ScoredRow]]
    ) throws(IndexError) -> [[ScoredRow]] {
        let parts = Threads.map(count: questions.count / dimension, threads: threads) { range in
            Result { () throws(IndexError) in
                try search(
                    Array(
                        questions[range.lowerBound * dimension..<range.upperBound * dimension]))
            }
        }
        var answers: [[ScoredRow]] = []
        for part in parts { answers.append(contentsOf: try part.get()) }
        return answers
    }
}
