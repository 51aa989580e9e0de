public import Corpus

/// The searchable form of a shard: segments and what is derived from them.
///
/// Immutable, so searches may run from any number of threads. Every score is computed from the
/// stored values by one kernel in float64; ties are broken by ordinal. For the exact kinds
/// the answer is that of a full scan, the same for any division of the passages into shards and of
/// the questions into batches.
public final class ShardIndex: Sendable {
    /// The kinds with exact answers; any other name is tried as a Faiss factory string.
    public static let exactKinds = ["exact", "Flat"]

    /// How vectors are compared.
    public let metric: Metric
    /// The index kind, as given.
    public let kind: String
    /// How many passages can be found.
    public var rows: Int { store.rows }
    /// Components of each vector; nil in an empty shard.
    public var dimension: Int? { rows == 0 ? nil : store.dimension }

    private let store: RowStore
    /// Nil in an empty shard.
    private let searcher: (any RowSearch)?

    /// Builds the index of some segments.
    ///
    /// - Parameters:
    ///   - segments: Of one encoder and dimension, without common ordinals, in any order. None is
    ///     legal: nothing is found then.
    ///   - metric: How vectors are compared.
    ///   - kind: One of `exactKinds`, or a Faiss factory string such as `HNSW32` or
    ///     `IVF256,Flat`, whose answers may miss passages; how far such an index looks can stand
    ///     behind a colon: `HNSW32:efSearch=200`, `IVF256,Flat:nprobe=32`. A shard of fewer rows
    ///     than a kind must be trained on is scanned.
    ///   - memory: What of the shard may stay in memory between searches.
    /// - Throws: `IndexError.shapeMismatch`, `.mixedEncoders`, `.overlappingOrdinals`,
    ///   `.nonFiniteRow`, `.changedInUse`, `.unknownKind`, `.unknownOption`, `.unsupported` or
    ///   `.faiss`.
    public init(
        segments: [Segment], metric: Metric, kind: String, memory: ShardMemory = .vectors
    ) throws(IndexError) {
        self.metric = metric
        self.kind = kind
        let parts = try IndexKind(kind)
        guard memory == .vectors || parts.name == "exact" else {
            throw .unsupported(
                what: "memory \"\(memory.rawValue)\"", kind: kind,
                remedy: "Choose the index kind \"exact\", or memory \"vectors\".")
        }
        store = try RowStore(segments: segments, metric: metric, memory: memory)
        searcher = store.rows == 0 ? nil : try Self.searcher(of: store, kind: parts)
        try store.check()
    }

    private static func searcher(
        of store: RowStore, kind: IndexKind
    ) throws(IndexError) -> any RowSearch {
        switch kind.name {
        case "Flat": try FlatSearch(store: store)
        // While a collection is made a shard may have too few rows yet to train quantizers on.
        case _
        where kind.name == "exact" || store.rows < kind.trainingRows(dimension: store.dimension):
            try ExactScan(store: store)
        case _ where kind.links > 0:
            try GraphSearch(store: store, links: kind.links, candidates: kind.candidates)
        default: try FactorySearch(store: store, kind: kind)
        }
    }

    /// Finds the k passages nearest to each question.
    ///
    /// - Parameters:
    ///   - questions: `[count, dimension]`, row-major, finite.
    ///   - count: How many questions there are.
    ///   - k: How many hits to return at most; all passages when there are fewer.
    ///   - threads: Over how many threads to divide the work; the caller waits for all. Kind
    ///     `exact` divides rows, or questions where there are many; the others divide questions.
    ///     The answer does not depend on it.
    /// - Returns: For each question its hits, in the order of `Hit.precedes`.
    /// - Throws: `IndexError.shapeMismatch`, `.outOfRange`, `.nonFiniteQuestion`, `.faiss`, or
    ///   `.changedInUse`, where a segment's file was shortened: then nothing was found in it.
    public func search(
        questions: [Float], count: Int, k: Int, threads: Int = 1
    ) throws(IndexError) -> [[Hit]] {
        try check(questions, count: count, k: k, threads: threads)
        guard count > 0, let searcher else { return Array(repeating: [], count: count) }
        let found = try searcher.search(questions, k: min(k, store.rows), threads: threads)
        // Zeros in the place of vectors give other hits, whatever the scores: all or nothing.
        try store.check()
        return found.map {
            $0.map { Hit(ordinal: store.ordinal(ofRow: $0.row), score: $0.score) }
        }
    }

    /// Seconds that reading all codes once takes, which no scan of them can beat; nil for kinds
    /// without codes.
    public func secondsToReadCodes() -> Double? {
        (searcher as? ExactScan)?.secondsToReadCodes()
    }

    /// The files that were shortened, or could not be read, since they were opened.
    public var damagedFiles: [String] { store.segments.filter { !$0.isWhole }.map(\.path) }

    /// The passage of an ordinal, or nil when this shard does not hold it.
    ///
    /// - Throws: `IndexError.invalidText` when a stored text is not UTF-8.
    public func passage(_ ordinal: Ordinal) throws(IndexError) -> Passage? {
        guard let place = store.place(of: ordinal) else { return nil }
        return try place.segment.passage(place.row)
    }

    /// Adds the passage of an ordinal to a block as the bytes that are stored; false when this
    /// shard does not hold it.
    ///
    /// - Parameter texts: False leaves title and text empty.
    /// - Throws: as `passage(_:)`; what was added then is not to be used.
    public func append(
        _ ordinal: Ordinal, texts: Bool, to block: inout PassageBlockBuilder
    ) throws(IndexError) -> Bool {
        guard let place = store.place(of: ordinal) else { return false }
        try place.segment.append(place.row, texts: texts, to: &block)
        return true
    }

    private func check(
        _ questions: [Float], count: Int, k: Int, threads: Int
    ) throws(IndexError) {
        guard count >= 0 else {
            throw .outOfRange(
                what: "the number of questions", value: count, minimum: 0, maximum: .max)
        }
        guard k >= 1 else {
            throw .outOfRange(what: "k", value: k, minimum: 1, maximum: .max)
        }
        guard threads >= 1 else {
            throw .outOfRange(
                what: "the number of threads", value: threads, minimum: 1, maximum: .max)
        }
        if rows == 0 {
            // An empty shard knows no dimension, but the questions must still be of one.
            guard count == 0 ? questions.isEmpty : questions.count % count == 0 else {
                throw .shapeMismatch(
                    what: "components left over in the questions", expected: 0,
                    found: count == 0 ? questions.count : questions.count % count)
            }
        } else {
            let (expected, overflow) = count.multipliedReportingOverflow(by: store.dimension)
            guard !overflow, questions.count == expected else {
                throw .shapeMismatch(
                    what: "question components (questions × dimension)",
                    expected: overflow ? .max : expected, found: questions.count)
            }
        }
        if let bad = questions.firstIndex(where: { !$0.isFinite }) {
            throw .nonFiniteQuestion(index: bad / (questions.count / count))
        }
    }
}
