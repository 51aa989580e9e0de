internal import CKernels
internal import Glibc

/// The int8 codes of all rows of a shard, and what bounds of their scores need.
///
/// Sound as `Sendable`: nothing changes after `init`.
final class CodeTable: @unchecked Sendable {
    let dimension: Int
    /// A multiple of the kernel's block; what lies beyond the store's rows is never found.
    let paddedRows: Int
    private let codes: UnsafeMutableRawBufferPointer
    /// Scale, norm of the code, norm of the residual and, for L2, squared norm: one after another.
    private let numbers: UnsafeMutableBufferPointer<Float>
    private let rows: sheaf_scan_rows

    /// Encodes the rows of a store, a stretch of vectors at a time.
    init(_ store: RowStore, path: sheaf_simd_path = Kernels.path) {
        dimension = store.dimension
        let block = Int(SHEAF_SCAN_BLOCK_ROWS)
        paddedRows = (store.rows + block - 1) / block * block
        let hasSquares = store.metric == .l2
        let rowBytes = sheaf_scan_code_bytes(dimension)
        let bytes = rowBytes * paddedRows
        codes = UnsafeMutableRawBufferPointer(start: sheaf_allocate(bytes), count: bytes)
        let numbers = UnsafeMutableBufferPointer<Float>.allocate(
            capacity: (hasSquares ? 4 : 3) * paddedRows)
        numbers.initialize(repeating: .nan)
        self.numbers = numbers
        let start = numbers.baseAddress
        let count = paddedRows
        rows = sheaf_scan_rows(
            codes: codes.bindMemory(to: UInt8.self).baseAddress, scale: start,
            code_norm: start.map { $0 + count }, residual_norm: start.map { $0 + 2 * count },
            square: hasSquares ? start.map { $0 + 3 * count } : nil)
        // The rest of the last block is scanned, too.
        let last = codes[(paddedRows - block) * rowBytes..<codes.count]
        UnsafeMutableRawBufferPointer(rebasing: last)
            .initializeMemory(as: UInt8.self, repeating: 0)
        store.forEachRun { firstRow, vectors in
            for index in 0..<vectors.count / dimension {
                let vector = vectors.baseAddress.map { $0 + index * dimension }
                withUnsafePointer(to: rows) {
                    sheaf_scan_encode_row(
                        path, store.metric.kernel, vector, dimension, store.factor,
                        firstRow + index, $0)
                }
            }
        }
    }

    deinit {
        free(codes.baseAddress)
        numbers.deallocate()
    }

    /// Memory that a scan needs, all of which it reads.
    var bytes: Int { codes.count + numbers.count * MemoryLayout<Float>.stride }

    /// Reads once all that a scan reads, and adds up its bytes.
    func readAll() -> UInt64 {
        let numbers = UnsafeRawBufferPointer(self.numbers)
        let first = numbers.baseAddress?.assumingMemoryBound(to: UInt8.self)
        return sheaf_scan_sum_bytes(Kernels.path, rows.codes, codes.count)
            &+ sheaf_scan_sum_bytes(Kernels.path, first, numbers.count)
    }

    /// Appends to the list of each question the rows of `range` that may belong into its answer.
    ///
    /// - Parameters:
    ///   - range: Bounds are multiples of the kernel's block.
    ///   - lists: As many as there are questions, with room for `range.count` more in each.
    func candidates(
        in range: Range<Int>, of asked: EncodedQuestions,
        into lists: UnsafeMutableBufferPointer<sheaf_scan_list>,
        path: sheaf_simd_path = Kernels.path
    ) {
        precondition(
            lists.count == asked.questions.count && range.upperBound <= paddedRows,
            "\(range) for \(asked.questions.count) questions")
        withUnsafePointer(to: rows) {
            sheaf_scan_candidates(
                path, $0, dimension, range.lowerBound, range.count, asked.panels.baseAddress,
                asked.questions, asked.questions.count, lists.baseAddress)
        }
    }
}

/// The codes of some questions and the factors of their bounds.
///
/// Sound as `Sendable`: nothing changes after `init`.
final class EncodedQuestions: @unchecked Sendable {
    let questions: [sheaf_scan_question]
    let panels: UnsafeMutableBufferPointer<Int8>

    /// Encodes questions `[count, dimension]` for rows of one store.
    init(_ vectors: [Float], store: RowStore, path: sheaf_simd_path = Kernels.path) {
        let dimension = store.dimension
        let count = vectors.count / dimension
        let panel = Int(SHEAF_SCAN_PANEL_QUESTIONS)
        let panels = UnsafeMutableBufferPointer<Int8>.allocate(
            capacity: (count + panel - 1) / panel * panel * sheaf_scan_code_bytes(dimension))
        panels.initialize(repeating: 0)
        self.panels = panels
        questions = vectors.withUnsafeBufferPointer { all in
            (0..<count).map { number in
                sheaf_scan_encode_question(
                    path, store.metric.kernel, all.baseAddress.map { $0 + number * dimension },
                    dimension, store.factor, number, panels.baseAddress)
            }
        }
    }

    deinit {
        panels.deallocate()
    }
}
