import CKernels

extension EncoderKernels {
    /// Turns `count` rows of `rows.width` floats into whole numbers and steps.
    ///
    /// A block of a row that holds a value that is not finite gets a step that is not finite.
    public func quantise(
        _ values: UnsafePointer<Float>, count: Int, stride: Int, into rows: IntegerRows
    ) {
        var call = sheaf_quantisation()
        call.rows = count
        call.width = rows.width
        call.values = values
        call.stride = stride
        call.out = rows.values
        call.out_stride = rows.stride
        call.steps = rows.steps.start
        call.step_stride = rows.blocks
        integers.pointee.quantise(&call)
    }

    /// Computes `c[count, n] = activation(bias + residual + rows × Wᵀ)` for the columns `columns`
    /// of `weights` (all by default; the lower bound a multiple of 16).
    ///
    /// `c` and `residual` start at the column `columns.lowerBound`; `c` may be `residual`.
    public func product(
        rows: IntegerRows, count: Int, weights: IntegerMatrix, columns: Range<Int>? = nil,
        bias: UnsafePointer<Float>? = nil, activation: Activation = .none,
        residual: UnsafePointer<Float>? = nil, residualStride: Int = 0,
        into c: UnsafeMutablePointer<Float>, stride cStride: Int
    ) {
        let columns = columns ?? 0..<weights.columns
        precondition(
            columns.lowerBound % 16 == 0 && columns.upperBound <= weights.columns,
            "columns \(columns) of \(weights.columns) do not start at a panel")
        precondition(
            rows.width == weights.depth,
            "rows of \(rows.width) numbers do not fit weights of depth \(weights.depth)")
        var call = sheaf_integer_product()
        call.rows = count
        call.columns = columns.count
        call.depth = weights.depth
        call.a = UnsafePointer(rows.values)
        call.a_stride = rows.stride
        call.a_steps = UnsafePointer(rows.steps.start)
        call.a_step_stride = rows.blocks
        let depth = (weights.depth + 1) / 2 * 2
        call.b = UnsafePointer(weights.panels + columns.lowerBound * depth)
        call.b_steps = UnsafePointer(weights.steps.start + columns.lowerBound)
        call.bias = bias.map { $0 + columns.lowerBound }
        call.residual = residual
        call.residual_stride = residualStride
        call.c = c
        call.c_stride = cStride
        call.activation = activation.raw
        integers.pointee.product(&call)
    }
}
