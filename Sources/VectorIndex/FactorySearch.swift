/// An index kind named by a Faiss factory string.
///
/// Faiss proposes rows, the fixed kernel scores them. The answer is the best of the proposals, not
/// always the best of all rows.
struct FactorySearch: RowSearch {
    private let store: RowStore
    private let index: FaissIndex
    private let kind: IndexKind

    /// Builds the index; quantizers are trained on the shard's own rows.
    init(store: RowStore, kind: IndexKind) throws(IndexError) {
        self.store = store
        self.kind = kind
        index = try Self.index(kind, dimension: store.dimension, metric: store.metric) {
            (body) throws(IndexError) in try store.forEachFaissRun(body)
        }
    }

    /// Makes an index, trains it on all rows where it needs that, and adds them.
    ///
    /// - Parameter forEachRun: Lends all vectors, `[_, dimension]` at a time, as often as it is
    ///   called.
    static func index(
        _ kind: IndexKind, dimension: Int, metric: Metric,
        forEachRun: (
            (UnsafeBufferPointer<Float>) throws(IndexError) -> Void
        ) throws(IndexError) -> Void
    ) throws(IndexError) -> FaissIndex {
        let index = try FaissIndex(
            kind: kind.built, named: kind.name, dimension: dimension, metric: metric)
        if kind.candidates > 0 { try index.set("efSearch", Double(kind.candidates)) }
        if kind.probes > 0 { try index.set("nprobe", Double(kind.probes)) }
        if !index.isTrained {
            var sample: [Float] = []
            try forEachRun { vectors in sample.append(contentsOf: vectors) }
            try sample.withUnsafeBufferPointer { (all) throws(IndexError) in try index.train(all) }
        }
        try forEachRun { (vectors) throws(IndexError) in try index.add(vectors) }
        return index
    }

    func search(
        _ questions: [Float], k: Int, threads: Int
    ) throws(IndexError) -> [[ScoredRow]] {
        // Where codes stand for vectors, the best rows may lie far behind in Faiss' order.
        let wanted = kind.isFaithful ? k + k / 16 + 8 : 4 * k + 64
        let fetch = kind.candidates > k ? min(wanted, kind.candidates) : wanted
        return try divided(questions, dimension: store.dimension, threads: threads) {
            (part) throws(IndexError) in
            try store.best(k, ofProposals: fetch, by: index, for: part)
        }
    }
}

extension RowStore {
    /// The k first of the rows that Faiss proposes for each question; of all rows where it proposes
    /// fewer than k, since lists may be short, and graphs have parts that no link leads to.
    ///
    /// - Parameters:
    ///   - k: From 1 to the number of rows.
    ///   - fetch: Rows that are asked for; `k` or more.
    func best(
        _ k: Int, ofProposals fetch: Int, by index: FaissIndex, for questions: [Float]
    ) throws(IndexError) -> [[ScoredRow]] {
        let fetch = min(rows, fetch)
        let found = try faissVectors(questions).withUnsafeBufferPointer {
            (all) throws(IndexError) in
            try index.search(all, k: fetch)
        }
        return questions.withUnsafeBufferPointer { all in
            (0..<questions.count / dimension).map { number in
                let proposed = found.rows[number * fetch..<(number + 1) * fetch]
                    .filter { $0 >= 0 }.map(Int.init)
                let question = question(number, of: all)
                guard proposed.count >= k else { return scan(question, k: k)[0] }
                return best(k, of: proposed, for: question)
            }
        }
    }
}
