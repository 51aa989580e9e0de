internal import CKernels

/// The scoring kernel, on the best instruction set of this processor.
enum Kernels {
    static let path = sheaf_simd_best()

    /// Every instruction set that this processor has.
    static let paths = [SHEAF_SIMD_PORTABLE, SHEAF_SIMD_AVX2, SHEAF_SIMD_AVX512].filter {
        sheaf_simd_supported($0) != 0
    }

    static func innerProduct(
        _ one: UnsafeBufferPointer<Float>, _ other: UnsafeBufferPointer<Float>
    ) -> Double {
        score(.innerProduct, one, other)
    }

    /// The score of one vector, on a given path: all paths give the same bits.
    static func score(
        _ metric: Metric, _ question: UnsafeBufferPointer<Float>,
        _ vector: UnsafeBufferPointer<Float>, path: sheaf_simd_path = path
    ) -> Double {
        precondition(question.count == vector.count, "\(question.count) and \(vector.count)")
        var score = 0.0
        sheaf_scan_scores(
            path, metric.kernel, question.baseAddress, vector.baseAddress, 1, question.count,
            &score)
        return score
    }

    /// The scores of the rows `[rows, question.count]`, into the head of `scores`.
    static func scores(
        _ metric: Metric, _ question: UnsafeBufferPointer<Float>,
        _ rows: UnsafeBufferPointer<Float>, into scores: inout [Double]
    ) {
        let count = rows.count / question.count
        precondition(count <= scores.count, "\(count) rows, room for \(scores.count)")
        sheaf_scan_scores(
            path, metric.kernel, question.baseAddress, rows.baseAddress, count, question.count,
            &scores)
    }
}

extension Metric {
    var kernel: sheaf_scan_metric {
        switch self {
        case .innerProduct: SHEAF_SCAN_INNER_PRODUCT
        case .l2: SHEAF_SCAN_L2
        }
    }
}
