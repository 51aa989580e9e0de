/// Index kind `Flat`: Faiss proposes rows by float32, the fixed kernel scores them in float64, and
/// an error bound proves that no other row belongs into the answer.
///
/// Faiss' own scores differ with the size of the batch and its ties with k; the answer here depends
/// on neither.
struct FlatSearch: RowSearch {
    private let store: RowStore
    private let index: FaissIndex

    init(store: RowStore) throws(IndexError) {
        self.store = store
        index = try FaissIndex(kind: "Flat", dimension: store.dimension, metric: store.metric)
        try store.forEachFaissRun { (vectors) throws(IndexError) in try index.add(vectors) }
    }

    func search(
        _ questions: [Float], k: Int, threads: Int
    ) throws(IndexError) -> [[ScoredRow]] {
        try divided(questions, dimension: store.dimension, threads: threads) {
            (part) throws(IndexError) in
            try search(part, k: k)
        }
    }

    private func search(_ questions: [Float], k: Int) throws(IndexError) -> [[ScoredRow]] {
        var answers = [[ScoredRow]?](repeating: nil, count: questions.count / store.dimension)
        // Enough beyond k that a near tie is proved at once; what is not is asked again, wider.
        for fetch in [k + k / 4 + 32, 16 * (2 * k + 64)] where fetch < store.rows {
            let open = answers.indices.filter { answers[$0] == nil }
            // Below, scoring every row in float64 outright takes no longer.
            guard open.count >= FaissIndex.blasThreshold else { break }
            let packed = store.faissVectors(gathered(open, of: questions))
            let found = try packed.withUnsafeBufferPointer { (all) throws(IndexError) in
                try index.search(all, k: fetch)
            }
            questions.withUnsafeBufferPointer { all in
                for (place, number) in open.enumerated() {
                    let range = place * fetch..<(place + 1) * fetch
                    answers[number] = proved(
                        store.question(number, of: all), rows: found.rows[range],
                        scores: found.scores[range], k: k)
                }
            }
        }
        let open = answers.indices.filter { answers[$0] == nil }
        let scanned = gathered(open, of: questions).withUnsafeBufferPointer {
            store.scan($0, k: k)
        }
        for (number, answer) in zip(open, scanned) { answers[number] = answer }
        return answers.compactMap { $0 }
    }

    private func gathered(_ numbers: [Int], of questions: [Float]) -> [Float] {
        numbers.flatMap { questions[$0 * store.dimension..<($0 + 1) * store.dimension] }
    }

    /// The k first rows, if the proposals provably contain them.
    private func proved(
        _ question: UnsafeBufferPointer<Float>, rows: ArraySlice<Int64>, scores: ArraySlice<Float>,
        k: Int
    ) -> [ScoredRow]? {
        guard let last = scores.last, !rows.contains(-1) else { return nil }
        let square = Kernels.innerProduct(question, question)
        let error = ErrorBounds.ofFaiss(
            store.metric, dimension: store.dimension,
            questionNorm: ErrorBounds.norm(square: square, dimension: store.dimension),
            rowNorm: store.maximumNorm)
        // Whatever Faiss left out scored no better than its last proposal, in float32.
        let worst = store.metric == .l2 ? -Double(last) : Double(last)
        let best = store.best(k, of: rows.map(Int.init), for: question)
        // One rounding happens in the sum; the next number up is beyond it.
        guard let lowest = best.last, lowest.score > (worst + error).nextUp else { return nil }
        return best
    }
}
