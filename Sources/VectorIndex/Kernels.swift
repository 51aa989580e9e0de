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
        var place = sheaf_scan_vector(values: vector.baseAddress, is_half: 0)
        var score = 0.0
        // Only halves need room to be widened.
        sheaf_scan_scores(
            path, metric.kernel, question.baseAddress, &place, 1, question.count, nil, &score)
        return score
    }

    /// The scores of stored vectors of the question's length.
    static func scores(
        _ metric: Metric, _ question: UnsafeBufferPointer<Float>, _ vectors: [sheaf_scan_vector]
    ) -> [Double] {
        // The standard library writes the count of an array without room, which all threads share.
        guard !vectors.isEmpty else { return [] }
        return [Double](unsafeUninitializedCapacity: vectors.count) { scores, count in
            withUnsafeTemporaryAllocation(of: Float.self, capacity: question.count) { scratch in
                sheaf_scan_scores(
                    path, metric.kernel, question.baseAddress, vectors, vectors.count,
                    question.count, scratch.baseAddress, scores.baseAddress)
            }
            count = vectors.count
        }
    }
}

extension Metric {
    var kernel: sheaf_scan_metric {
        switch self {
        case .innerProduct: SHEAF_SCAN_INNER_PRODUCT
        case .l2: SHEAF_SCAN_L2
        case .cosine: SHEAF_SCAN_COSINE
        }
    }
}
