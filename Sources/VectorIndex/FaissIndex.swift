internal import CFaiss

/// One Faiss index.
///
/// Sound as `Sendable`: after `add` only searches run, which Faiss allows from several threads.
final class FaissIndex: @unchecked Sendable {
    private let handle: OpaquePointer
    let dimension: Int

    /// An empty index; `kind` is "Flat" or another Faiss factory string.
    ///
    /// - Parameter name: What the user knows the kind by, for errors.
    /// - Throws: `IndexError.unknownKind` when Faiss cannot read the string, otherwise `.faiss`.
    convenience init(
        kind: String, named name: String? = nil, dimension: Int, metric: Metric
    ) throws(IndexError) {
        Self.limitThreads
        let operation = "make an index of kind \"\(name ?? kind)\""
        do {
            let handle = try Self.make(operation) { made in
                kind == "Flat"
                    ? sheaf_faiss_flat(Int32(dimension), metric.faiss, &made)
                    : sheaf_faiss_factory(Int32(dimension), kind, metric.faiss, &made)
            }
            self.init(handle)
        } catch {
            guard case .faiss(_, let message) = error, message.contains("could not parse") else {
                throw error
            }
            throw .unknownKind(
                name: name ?? kind,
                known: ShardIndex.exactKinds + ["or a Faiss factory string such as HNSW32"])
        }
    }

    /// An empty table of int8 codes of what vectors have beyond `center`; its scores are near.
    convenience init(codesAround center: [Float], metric: Metric) throws(IndexError) {
        Self.limitThreads
        let handle = try Self.make("make a table of codes") { made in
            sheaf_faiss_codes(Int32(center.count), center, metric.faiss, &made)
        }
        self.init(handle)
    }

    /// An empty graph over such codes.
    ///
    /// - Parameter breadth: Candidates for the links of a new vertex.
    convenience init(
        links: Int, breadth: Int, codesAround center: [Float], metric: Metric
    ) throws(IndexError) {
        Self.limitThreads
        let handle = try Self.make("make a graph of \(links) links") { made in
            sheaf_faiss_coded_graph(
                Int32(center.count), center, Int32(links), Int32(breadth), metric.faiss, &made)
        }
        self.init(handle)
    }

    /// An empty graph over the vectors as they are.
    convenience init(
        links: Int, breadth: Int, dimension: Int, metric: Metric
    ) throws(IndexError) {
        Self.limitThreads
        let handle = try Self.make("make a graph of \(links) links") { made in
            sheaf_faiss_graph(
                Int32(dimension), Int32(links), Int32(breadth), metric.faiss, &made)
        }
        self.init(handle)
    }

    /// The index in a file, which the caller has checked: Faiss trusts the lengths in it.
    convenience init(reading path: String) throws(IndexError) {
        Self.limitThreads
        let handle = try Self.make("read \(path)") { made in sheaf_faiss_read(path, &made) }
        self.init(handle)
    }

    private init(_ handle: OpaquePointer) {
        self.handle = handle
        dimension = Int(sheaf_faiss_dimension(handle))
    }

    deinit {
        sheaf_faiss_free(handle)
    }

    var rows: Int { Int(sheaf_faiss_rows(handle)) }
    var isTrained: Bool { sheaf_faiss_is_trained(handle) != 0 }

    /// Sets a search parameter by Faiss' name for it; before the first search.
    func set(_ name: String, _ value: Double) throws(IndexError) {
        try Self.check("set \(name)") { sheaf_faiss_set_parameter(handle, name, value) }
    }

    /// Trains quantizers on vectors `[_, dimension]`.
    func train(_ vectors: UnsafeBufferPointer<Float>) throws(IndexError) {
        try Self.check("train") {
            sheaf_faiss_train(handle, Int64(vectors.count / dimension), vectors.baseAddress)
        }
    }

    /// Appends vectors `[_, dimension]`.
    func add(_ vectors: UnsafeBufferPointer<Float>) throws(IndexError) {
        try Self.check("add vectors") {
            sheaf_faiss_add(handle, Int64(vectors.count / dimension), vectors.baseAddress)
        }
    }

    /// The k best rows of each question by Faiss' own float32 score, best first.
    ///
    /// - Returns: Rows and scores `[count, k]`; a row of −1 where Faiss found fewer. Scores of L2
    ///   are squared distances.
    func search(
        _ questions: UnsafeBufferPointer<Float>, k: Int
    ) throws(IndexError) -> (rows: [Int64], scores: [Float]) {
        let count = questions.count / dimension
        var rows = [Int64](repeating: -1, count: count * k)
        var scores = [Float](repeating: 0, count: count * k)
        try Self.check("search") {
            sheaf_faiss_search(
                handle, Int64(count), questions.baseAddress, Int64(k), &scores, &rows)
        }
        return (rows, scores)
    }

    /// The stored vectors of some rows, `[range.count, dimension]`.
    func vectors(_ range: Range<Int>) throws(IndexError) -> [Float] {
        var vectors = [Float](repeating: 0, count: range.count * dimension)
        try Self.check("reconstruct") {
            sheaf_faiss_reconstruct(
                handle, Int64(range.lowerBound), Int64(range.count), &vectors)
        }
        return vectors
    }

    func write(to path: String) throws(IndexError) {
        try Self.check("write \(path)") { sheaf_faiss_write(handle, path) }
    }

    /// From this many questions on Faiss multiplies matrices with BLAS, which reads the rows once.
    static let blasThreshold = 4

    /// Set once per process: parallelism is the caller's, over threads of its own.
    private static let limitThreads: Void = {
        sheaf_faiss_set_blas_threshold(Int32(blasThreshold))
        let status = sheaf_faiss_set_threads(1)
        precondition(status == SHEAF_FAISS_OK, "one thread is always allowed")
    }()

    private static func make(
        _ operation: String, _ call: (inout OpaquePointer?) -> sheaf_faiss_status
    ) throws(IndexError) -> OpaquePointer {
        var made: OpaquePointer?
        try check(operation) { call(&made) }
        guard let made else { throw .faiss(operation: operation, message: "no index came back") }
        return made
    }

    private static func check(
        _ operation: String, _ call: () -> sheaf_faiss_status
    ) throws(IndexError) {
        if call() != SHEAF_FAISS_OK {
            // Where in Faiss it happened is of no use to those who read this.
            let message = String(cString: sheaf_faiss_message())
                .replacing(/^Error in .*?\.(?:cpp|h):[0-9]+: (?:Error: )?/, with: "")
                .trimmingPrefix { $0 == " " }
            throw .faiss(operation: operation, message: String(message))
        }
    }
}

extension Metric {
    var faiss: sheaf_faiss_metric {
        switch self {
        // Of vectors of length 1, see `RowStore.forEachFaissRun`.
        case .innerProduct, .cosine: SHEAF_FAISS_INNER_PRODUCT
        case .l2: SHEAF_FAISS_L2
        }
    }
}
