/// A graph (HNSW) over the rows of a shard, as `HNSW32` names it.
///
/// Its vertices hold int8 codes where these tell the neighbours of a row apart, and the vectors
/// themselves where they do not, as among rows that differ in few components alone. Either way the
/// rows that it proposes are scored again.
struct GraphSearch: RowSearch {
    private let store: RowStore
    private let index: FaissIndex
    /// Candidates that a search keeps, as the user named them.
    private let candidates: Int
    /// Whether vertices hold codes.
    let isCoded: Bool

    /// Builds the graph.
    ///
    /// - Parameters:
    ///   - links: Links of a vertex, 2 to 1,024.
    ///   - candidates: `efSearch` of Faiss.
    init(store: RowStore, links: Int, candidates: Int) throws(IndexError) {
        self.store = store
        self.candidates = candidates
        let center = store.center()
        let breadth = Self.breadth(for: store, links: links)
        isCoded = try Self.codesSuffice(for: store, around: center)
        if isCoded {
            index = try FaissIndex(
                links: links, breadth: breadth, codesAround: center, metric: store.metric)
            // What codes lose in order is made good by looking a little further.
            try index.set("efSearch", Double(candidates + candidates / 8 + 8))
        } else {
            index = try FaissIndex(
                links: links, breadth: breadth, dimension: store.dimension,
                metric: store.metric)
            try index.set("efSearch", Double(candidates))
        }
        try store.forEachFaissRun { (vectors) throws(IndexError) in try index.add(vectors) }
    }

    func search(
        _ questions: [Float], k: Int, threads: Int
    ) throws(IndexError) -> [[ScoredRow]] {
        let fetch = isCoded ? Self.proposals(for: k) : k + k / 16 + 8
        return try divided(questions, dimension: store.dimension, threads: threads) {
            (part) throws(IndexError) in
            try store.best(k, ofProposals: fetch, by: index, for: part)
        }
    }

    /// Candidates for the links of a new vertex; 40 is Faiss' own number.
    ///
    /// More of them find better links in a large shard. In a small one they only let Faiss drop
    /// links that a short search would need, and so they do where inner products are of vectors of
    /// unlike lengths: the long ones become the neighbours of all. A vertex of the ground level has
    /// room for twice `links`: where all candidates of Faiss' number fit in, more of them must too,
    /// or Faiss drops most, and of rows with few components that matter it drops too many.
    static func breadth(for store: RowStore, links: Int) -> Int {
        guard store.rows >= 10_000 else { return 40 }
        if store.metric == .innerProduct, lengthsDiffer(in: store) { return 40 }
        let room = 2 * links
        return room > 40 ? min(80, room - 1) : 80
    }

    /// Whether the lengths of vectors are spread by a tenth of their mean or more.
    private static func lengthsDiffer(in store: RowStore) -> Bool {
        let count = min(1000, store.rows)
        let lengths = (0..<count).map { number in
            store.vector(ofRow: number * store.rows / count).reduce(0.0) {
                $0 + Double($1) * Double($1)
            }.squareRoot()
        }
        let mean = lengths.reduce(0, +) / Double(count)
        let variance = lengths.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count)
        return variance.squareRoot() >= 0.1 * mean
    }

    /// Rows that codes must propose so that the k first are among them.
    private static func proposals(for k: Int) -> Int { k + k / 4 + 16 }
}

/// Whether codes are good enough is measured, on rows of the shard and on directions that no row
/// has, before a graph is built on them.
extension GraphSearch {
    private static let rowsAsked = 32
    private static let directionsAsked = 16
    /// The first rows of each question that codes must not lose, and how many of them they may.
    private static let k = 10
    private static let lossesAllowed = 0.005

    private static func codesSuffice(
        for store: RowStore, around center: [Float]
    ) throws(IndexError) -> Bool {
        let questions = sampleQuestions(of: store)
        let k = min(k, store.rows)
        let codes = try FaissIndex(codesAround: center, metric: store.metric)
        try store.forEachFaissRun { (vectors) throws(IndexError) in try codes.add(vectors) }
        let fetch = min(store.rows, proposals(for: k))
        let found = try store.best(k, ofProposals: fetch, by: codes, for: questions)
        let exact = questions.withUnsafeBufferPointer { store.scan($0, k: k) }
        // Of rows with equal scores any will do.
        let losses = zip(found, exact).reduce(0) { sum, lists in
            sum + zip(lists.0, lists.1).count { $0.score < $1.score }
        }
        return Double(losses) <= lossesAllowed * Double(exact.count * k)
    }

    /// Rows from all over the shard, and vectors of uniform components, `[count, dimension]`.
    private static func sampleQuestions(of store: RowStore) -> [Float] {
        let count = min(rowsAsked, store.rows)
        var questions = (0..<count).flatMap { store.vector(ofRow: $0 * store.rows / count) }
        var state: UInt64 = 0x9E37_79B9_7F4A_7C15
        for _ in 0..<directionsAsked * store.dimension {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            questions.append(Float(state >> 40) / Float(1 << 23) - 1)
        }
        return questions
    }
}
