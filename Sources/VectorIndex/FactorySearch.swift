/// An index kind named by a Faiss factory string.
///
/// Faiss proposes rows, the fixed kernel scores them. The answer is the best of the proposals, not
/// always the best of all rows.
struct FactorySearch: RowSearch {
    private let store: RowStore
    private let index: FaissIndex
    /// Inverted lists that a search visits; 0 for kinds without lists.
    private let probes: Int

    /// Builds the index; quantizers are trained on the shard's own rows.
    init(store: RowStore, kind: String) throws(IndexError) {
        self.store = store
        index = try FaissIndex(kind: kind, dimension: store.dimension, metric: store.metric)
        let parts = kind.split(separator: ",")
        let hasLists = parts.contains { $0.hasPrefix("IVF") }
        probes = hasLists ? 16 : 0
        if !hasLists, parts.contains(where: { $0.hasPrefix("HNSW") }) {
            try index.set("efSearch", 128)
        }
        if !index.isTrained {
            var sample: [Float] = []
            sample.reserveCapacity(store.rows * store.dimension)
            store.forEachRun { _, vectors in sample.append(contentsOf: vectors) }
            try sample.withUnsafeBufferPointer { (all) throws(IndexError) in try index.train(all) }
        }
        try store.forEachRun { (_, vectors) throws(IndexError) in try index.add(vectors) }
    }

    func search(
        _ questions: UnsafeBufferPointer<Float>, k: Int, threads: Int
    ) throws(IndexError) -> [[ScoredRow]] {
        let fetch = min(store.rows, 4 * k + 64)
        let found = try index.search(questions, k: fetch, nprobe: probes)
        return (0..<questions.count / store.dimension).map { number in
            let question = store.question(number, of: questions)
            var top = TopRows(k: k)
            for row in found.rows[number * fetch..<(number + 1) * fetch] where row >= 0 {
                top.offer(ScoredRow(row: Int(row), score: store.score(question, row: Int(row))))
            }
            return top.sorted()
        }
    }
}
