import COpenBLAS

/// The system's BLAS, for training and as a second opinion in tests.
public enum OpenBLAS {
    /// Makes OpenBLAS compute on the calling thread alone.
    ///
    /// Called once at start-up: parallelism is ours, and BLAS threads beside our own only contend.
    public static func useOneThread() {
        openblas_set_num_threads(1)
    }

    /// Computes `c[m, n] = alpha · op(a) × op(b) + beta · c`, all row-major.
    ///
    /// `a` is `[m, k]` (or `[k, m]` transposed), `b` is `[k, n]` (or `[n, k]` transposed).
    public static func sgemm(
        m: Int, n: Int, k: Int, alpha: Float = 1, a: UnsafePointer<Float>,
        transposeA: Bool = false, b: UnsafePointer<Float>, transposeB: Bool = false,
        beta: Float = 0, c: UnsafeMutablePointer<Float>
    ) {
        cblas_sgemm(
            CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans,
            transposeB ? CblasTrans : CblasNoTrans, blasint(m), blasint(n), blasint(k), alpha, a,
            blasint(transposeA ? m : k), b, blasint(transposeB ? k : n), beta, c, blasint(n))
    }

    /// Scaled products of some rows with all rows of another matrix: c = alpha · a[rows] · bᵀ.
    ///
    /// - Parameters:
    ///   - a: `[_, width]`, of which `rows` are taken.
    ///   - b: `[columns, width]`.
    ///   - c: `[rows.count, columns]` at its beginning; what lies behind stays.
    public static func products(
        of rows: Range<Int>, in a: [Float], with b: UnsafeBufferPointer<Float>, width: Int,
        alpha: Float = 1, into c: inout [Float]
    ) {
        let columns = b.count / width
        precondition(
            rows.upperBound * width <= a.count && rows.count * columns <= c.count,
            "\(rows) of \(a.count) floats by \(columns) rows into \(c.count)")
        a.withUnsafeBufferPointer { a in
            c.withUnsafeMutableBufferPointer { c in
                guard let a = a.baseAddress, let b = b.baseAddress, let c = c.baseAddress
                else { return }
                sgemm(
                    m: rows.count, n: columns, k: width, alpha: alpha,
                    a: a + rows.lowerBound * width, b: b, transposeB: true, c: c)
            }
        }
    }
}
