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
        let (dimension, metric) = (store.dimension, store.metric)
        index =
            kind.links > 0
            ? try FaissIndex(links: kind.links, dimension: dimension, metric: metric)
            : try FaissIndex(kind: kind.name, dimension: dimension, metric: metric)
        if kind.candidates > 0 { try index.set("efSearch", Double(kind.candidates)) }
        if !index.isTrained {
            var sample: [Float] = []
            sample.reserveCapacity(store.rows * store.dimension)
            store.forEachFaissRun { vectors in sample.append(contentsOf: vectors) }
            try sample.withUnsafeBufferPointer { (all) throws(IndexError) in try index.train(all) }
        }
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
        // Where codes stand for vectors, the best rows may lie far behind in Faiss' order.
        let wanted = kind.isFaithful ? k + k / 16 + 8 : 4 * k + 64
        let fetch = min(store.rows, kind.candidates > k ? min(wanted, kind.candidates) : wanted)
        let asked = store.faissVectors(questions)
        let found = try asked.withUnsafeBufferPointer { (all) throws(IndexError) in
            try index.search(all, k: fetch, nprobe: kind.probes)
        }
        return questions.withUnsafeBufferPointer { all in
            (0..<questions.count / store.dimension).map { number in
                let rows = found.rows[number * fetch..<(number + 1) * fetch]
                    .filter { $0 >= 0 }.map(Int.init)
                return store.best(k, of: rows, for: store.question(number, of: all))
            }
        }
    }
}
