/// How far a float32 computation may lie from the float64 score, rounded outward.
///
/// For n terms summed in any order, with or without fused operations, the result differs from the
/// exact one by at most γ(m)·Σ|terms|, γ(m) = m·u / (1 − m·u), where m counts the roundings a term
/// can meet (Higham, Accuracy and Stability of Numerical Algorithms, §3.1 and §4.2).
enum ErrorBounds {
    /// Unit roundoff of float32 and float64.
    private static let single = 0x1p-24
    private static let double = 0x1p-53
    /// Covers the roundings inside this file.
    private static let outward = 1 + 0x1p-40

    /// γ(m) for unit roundoff `unit`, or infinity where the theory ends.
    private static func gamma(_ roundings: Int, _ unit: Double) -> Double {
        let product = Double(roundings) * unit
        return product < 0.5 ? product / (1 - product) * outward : .infinity
    }

    /// At least the norm whose square the kernel computed, of a vector of `dimension` components.
    static func norm(square: Double, dimension: Int) -> Double {
        (square * (1 + gamma(dimension + 2, double))).squareRoot() * outward
    }

    /// At least the distance between a float32 score of Faiss and the kernel's float64 score, for
    /// every row whose norm is at most `rowNorm`; infinity where float32 might overflow.
    ///
    /// For L2 Faiss sums squared differences, or ‖q‖² + ‖x‖² − 2⟨q, x⟩ when it uses BLAS; the
    /// terms of both sum to at most (‖q‖ + ‖x‖)², and a term meets at most n + 4 roundings.
    static func ofFaiss(
        _ metric: Metric, dimension: Int, questionNorm: Double, rowNorm: Double
    ) -> Double {
        let terms = magnitude(metric, questionNorm, rowNorm) * outward
        guard terms < Double(Float.greatestFiniteMagnitude) / 16 else { return .infinity }
        // Each of at most 4n + 4 operations may lose as much as the smallest normal number, where
        // results below it are flushed to zero.
        let underflow = Double(4 * dimension + 4) * Double(Float.leastNormalMagnitude)
        // For cosine, each component of both vectors was rounded once more.
        let relative = gamma(dimension + 12, single) + gamma(dimension + 8, double)
        return (relative * terms + underflow) * outward
    }

    private static func magnitude(
        _ metric: Metric, _ questionNorm: Double, _ rowNorm: Double
    ) -> Double {
        switch metric {
        case .innerProduct: questionNorm * rowNorm
        case .l2: (questionNorm + rowNorm) * (questionNorm + rowNorm)
        // Faiss gets vectors of length 1, rounded.
        case .cosine: 1 + 0x1p-20
        }
    }
}
