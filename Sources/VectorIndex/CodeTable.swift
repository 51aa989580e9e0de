internal import CKernels

/// The int8 codes of all rows of a shard, and what bounds their scores need.
///
/// Sound as `Sendable`: nothing changes after `init`.
final class CodeTable: @unchecked Sendable {
    let dimension: Int
    /// A multiple of the kernel's stride; what lies beyond the store's rows holds zero vectors.
    let paddedRows: Int
    private let codes: UnsafeMutableBufferPointer<UInt8>
    /// Scale, norm of the code, norm of the residual and, for L2, squared norm: one after another.
    private let numbers: UnsafeMutableBufferPointer<Double>
    private let hasSquares: Bool

    init(_ store: RowStore) {
        dimension = store.dimension
        let stride = Int(SHEAF_SCAN_STRIDE_ROWS)
        paddedRows = (store.rows + stride - 1) / stride * stride
        hasSquares = store.metric == .l2
        let bytes = sheaf_scan_code_bytes(dimension) * paddedRows
        // Blocks of 64 bytes are loaded whole; aligned they never cross a cache line.
        codes = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes, alignment: 64)
            .bindMemory(to: UInt8.self)
        codes.initialize(repeating: 128)
        numbers = .allocate(capacity: (hasSquares ? 4 : 3) * paddedRows)
        numbers.initialize(repeating: 0)
        store.forEachRun { firstRow, vectors in
            for index in 0..<vectors.count / dimension {
                let vector = UnsafeBufferPointer(
                    rebasing: vectors[index * dimension..<(index + 1) * dimension])
                encode(vector, row: firstRow + index)
            }
        }
    }

    deinit {
        codes.deallocate()
        numbers.deallocate()
    }

    private func encode(_ vector: UnsafeBufferPointer<Float>, row: Int) {
        let code = sheaf_scan_encode_row(
            vector.baseAddress, dimension, row, codes.baseAddress)
        numbers[row] = code.scale
        numbers[paddedRows + row] = code.code_norm
        numbers[2 * paddedRows + row] = code.residual_norm
        if hasSquares {
            numbers[3 * paddedRows + row] = Kernels.innerProduct(vector, vector)
        }
    }

    /// The rows of `range` that may belong into the answer of each question.
    ///
    /// - Parameters:
    ///   - range: Bounds are multiples of the kernel's stride.
    ///   - candidates: Room for `range.count` of each question; filled from the front of its part.
    ///   - found: How many there are of each question.
    func candidates(
        in range: Range<Int>, of questions: [sheaf_scan_question],
        into candidates: UnsafeMutableBufferPointer<sheaf_scan_candidate>,
        found: inout [Int], path: sheaf_simd_path = Kernels.path
    ) {
        precondition(
            candidates.count >= range.count * questions.count && found.count >= questions.count
                && range.upperBound <= paddedRows, "\(range) for \(questions.count) questions")
        guard let numbers = numbers.baseAddress else { return }
        var rows = sheaf_scan_rows(
            codes: codes.baseAddress, scale: numbers, code_norm: numbers + paddedRows,
            residual_norm: numbers + 2 * paddedRows,
            square: hasSquares ? UnsafePointer(numbers + 3 * paddedRows) : nil)
        sheaf_scan_candidates(
            path, &rows, dimension, range.lowerBound, range.count, questions, questions.count,
            candidates.baseAddress, &found)
    }
}

extension CodeTable {
    /// The bounds of every score: what the scan relies on, for those who want to see it hold.
    func allBounds(
        _ questions: UnsafeBufferPointer<Float>, metric: Metric, path: sheaf_simd_path
    ) -> [(question: Int, row: Int, lower: Double, upper: Double)] {
        let encoded = EncodedQuestions(questions, dimension: dimension, metric: metric)
        let count = encoded.questions.count
        let room = UnsafeMutableBufferPointer<sheaf_scan_candidate>.allocate(
            capacity: paddedRows * count)
        defer { room.deallocate() }
        var found = [Int](repeating: 0, count: count)
        candidates(
            in: 0..<paddedRows, of: encoded.questions, into: room, found: &found, path: path)
        return (0..<count).flatMap { question in
            room[question * paddedRows..<question * paddedRows + found[question]].map {
                (question, Int($0.row), $0.lower, $0.upper)
            }
        }
    }
}

/// The codes of some questions and the factors of their bounds.
final class EncodedQuestions {
    /// Their `codes` point into this object.
    private(set) var questions: [sheaf_scan_question] = []
    private let codes: UnsafeMutableBufferPointer<Int8>

    /// Encodes questions `[count, dimension]`.
    init(_ vectors: UnsafeBufferPointer<Float>, dimension: Int, metric: Metric) {
        let count = vectors.count / dimension
        let bytes = sheaf_scan_code_bytes(dimension)
        codes = .allocate(capacity: count * bytes)
        codes.initialize(repeating: 0)
        for index in 0..<count {
            let vector = UnsafeBufferPointer(
                rebasing: vectors[index * dimension..<(index + 1) * dimension])
            questions.append(
                Self.encode(
                    vector, metric: metric, into: codes.baseAddress.map { $0 + index * bytes }))
        }
    }

    deinit {
        codes.deallocate()
    }

    /// Sets from which upper bound on rows of a question are wanted.
    func setThreshold(_ threshold: Double, of question: Int) {
        questions[question].threshold = threshold
    }

    /// The bounds of `sheaf_scan_question`, wide enough for their own roundings and those of the
    /// float64 score: a score of n terms and its bounds meet fewer than 4n + 256 roundings, each
    /// of at most 2⁻⁵³ of ‖q‖·‖x‖ (inner product) or 2·(‖q‖² + ‖x‖²) (L2).
    private static func encode(
        _ vector: UnsafeBufferPointer<Float>, metric: Metric,
        into codes: UnsafeMutablePointer<Int8>?
    ) -> sheaf_scan_question {
        let code = sheaf_scan_encode_question(vector.baseAddress, vector.count, codes)
        let square = Kernels.innerProduct(vector, vector)
        let norm = ErrorBounds.norm(square: square, dimension: vector.count)
        let roundings = Double(vector.count + 64)
        let onCode = (code.residual_norm + norm * roundings * 0x1p-51) * (1 + 0x1p-30)
        let onResidual = norm * (1 + 0x1p-30)
        let double: Double = metric == .l2 ? 2 : 1
        return sheaf_scan_question(
            codes: codes, sum: code.sum, scale: double * code.scale, on_code: double * onCode,
            on_residual: double * onResidual, square: square, on_square: roundings * 0x1p-50,
            threshold: -.infinity)
    }
}
