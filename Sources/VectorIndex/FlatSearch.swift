/// Index kind `Flat`: Faiss proposes rows by float32, the fixed kernel scores them in float64, and
/// an error bound proves that no other row belongs into the answer.
///
/// Faiss' own scores differ with the size of the batch (from 20 questions on it uses BLAS) and its
/// ties with k; the answer here depends on neither.
struct FlatSearch: RowSearch {
    let store: RowStore
    private let index: FaissIndex

    init(store: RowStore) throws(IndexError) {
        self.store = store
        index = try FaissIndex(kind: "Flat", dimension: store.dimension, metric: store.metric)
        try store.forEachRun { (_, vectors) throws(IndexError) in try index.add(vectors) }
    }

    func search(
        _ questions: UnsafeBufferPointer<Float>, k: Int
    ) throws(IndexError) -> [[ScoredRow]] {
        let dimension = store.dimension
        let count = questions.count / dimension
        func question(_ index: Int) -> UnsafeBufferPointer<Float> {
            UnsafeBufferPointer(rebasing: questions[index * dimension..<(index + 1) * dimension])
        }

        var answers = [[ScoredRow]?](repeating: nil, count: count)
        var open = Array(0..<count)
        // Enough beyond k that a near tie is proved at once; what is not is asked again, wider.
        for fetch in [2 * k + 64, 16 * (2 * k + 64)] where !open.isEmpty && fetch < store.rows {
            let packed = open.flatMap { question($0) }
            let found = try packed.withUnsafeBufferPointer { (buffer) throws(IndexError) in
                try index.search(buffer, k: fetch)
            }
            for (place, number) in open.enumerated() {
                let range = place * fetch..<(place + 1) * fetch
                answers[number] = proved(
                    question(number), rows: found.rows[range], scores: found.scores[range], k: k)
            }
            open.removeAll { answers[$0] != nil }
        }
        return answers.enumerated().map { $1 ?? store.scan(question($0), k: k) }
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
        var top = TopRows(k: k)
        for row in rows {
            top.offer(ScoredRow(row: Int(row), score: store.score(question, row: Int(row))))
        }
        // One rounding happens in the sum; the next number up is beyond it.
        return top.threshold > (worst + error).nextUp ? top.sorted() : nil
    }
}
