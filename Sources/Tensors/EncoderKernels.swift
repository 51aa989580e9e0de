import CKernels

/// The instruction sets the kernels are built for.
public enum SIMDPath: Int, CaseIterable, Sendable {
    /// What every processor of the platform has.
    case portable = 0
    /// AVX2 with fused multiply-add.
    case avx2 = 1
    /// AVX-512.
    case avx512 = 2

    fileprivate var raw: sheaf_simd_path {
        sheaf_simd_path(rawValue: UInt32(rawValue))
    }
}

/// A function applied to each element of a product.
public enum Activation: Int, CaseIterable, Sendable {
    /// The element as it is.
    case none = 0
    /// x·Φ(x), to 5e-7.
    case gelu = 1
    /// The tanh approximation of GELU.
    case geluTanh = 2
    /// max(x, 0).
    case relu = 3
    /// x / (1 + e⁻ˣ).
    case silu = 4
    /// The hyperbolic tangent, to 2e-7.
    case tanh = 5

    var raw: sheaf_activation {
        sheaf_activation(rawValue: UInt32(rawValue))
    }
}

/// The inner loops of the text encoders on one instruction set.
///
/// Results do not depend on the set, nor on what else is computed in the same call: every element
/// is one fixed sequence of operations on its own inputs (see `encoder_kernels.h`).
public struct EncoderKernels: @unchecked Sendable {
    let table: UnsafePointer<sheaf_encoder_kernels>
    let integers: UnsafePointer<sheaf_integer_kernels>

    /// The kernels for this processor's best set, or for the one that SHEAF_SIMD names.
    public static let best = EncoderKernels()

    private init() {
        guard let table = sheaf_encoder_kernels_for(sheaf_simd_best()),
            let integers = sheaf_integer_kernels_for(sheaf_simd_best())
        else {
            preconditionFailure("the chosen instruction set has no kernels")
        }
        self.table = table
        self.integers = integers
    }

    /// The kernels of `path`, or nil where this processor cannot run them.
    public init?(_ path: SIMDPath) {
        guard let table = sheaf_encoder_kernels_for(path.raw),
            let integers = sheaf_integer_kernels_for(path.raw)
        else { return nil }
        self.table = table
        self.integers = integers
    }

    /// The instruction set.
    public var path: SIMDPath {
        SIMDPath(rawValue: Int(table.pointee.path.rawValue)) ?? .portable
    }

    /// Computes `c[rows, n] = activation(bias + residual + a[rows, depth] × Wᵀ)` for the columns
    /// `columns` of `weights` (all by default; the lower bound a multiple of 16).
    ///
    /// `c` and `residual` start at the column `columns.lowerBound`; `c` may be `residual`. Where
    /// `inputs` names some of the inputs, `a` starts at the first of them, and the sums go on from
    /// `c` unless it is the first of all: parts in their order give the bits of the whole.
    public func product(
        rows: Int, a: UnsafePointer<Float>, stride aStride: Int, weights: PackedMatrix,
        inputs: Range<Int>? = nil, columns: Range<Int>? = nil, bias: UnsafePointer<Float>? = nil,
        activation: Activation = .none, residual: UnsafePointer<Float>? = nil,
        residualStride: Int = 0, into c: UnsafeMutablePointer<Float>, stride cStride: Int
    ) {
        let columns = columns ?? 0..<weights.columns
        let inputs = inputs ?? 0..<weights.depth
        precondition(
            columns.lowerBound % 16 == 0 && columns.upperBound <= weights.columns,
            "columns \(columns) of \(weights.columns) do not start at a panel")
        var call = sheaf_product()
        call.rows = rows
        call.depth = inputs.count
        call.b_depth = weights.depth
        call.goes_on = inputs.lowerBound > 0 ? 1 : 0
        call.a = a
        call.a_stride = aStride
        call.residual_stride = residualStride
        call.c_stride = cStride
        call.activation = activation.raw
        weights.withPanels(columns) { part, panels in
            let offset = part.lowerBound - columns.lowerBound
            call.columns = part.count
            call.b = panels + inputs.lowerBound * PackedMatrix.width
            call.bias = bias.map { $0 + part.lowerBound }
            call.residual = residual.map { $0 + offset }
            call.c = c + offset
            table.pointee.product(&call)
        }
    }

    /// Normalises each of `count` rows to mean 0 and variance 1, then scales and shifts, in place.
    public func layerNorm(
        _ rows: UnsafeMutablePointer<Float>, count: Int, width: Int, gain: UnsafePointer<Float>,
        bias: UnsafePointer<Float>, epsilon: Float
    ) {
        table.pointee.layer_norm(rows, count, width, gain, bias, epsilon)
    }

    /// Divides each of `count` rows by the root of its mean square, then scales, in place.
    ///
    /// Source: Zhang and Sennrich 2019, "Root Mean Square Layer Normalization".
    public func rmsNorm(
        _ rows: UnsafeMutablePointer<Float>, count: Int, width: Int, gain: UnsafePointer<Float>,
        epsilon: Float
    ) {
        table.pointee.rms_norm(rows, count, width, gain, epsilon)
    }

    /// Turns each of `count` rows of scores into logarithms of probabilities, in place.
    public func logSoftmax(_ rows: UnsafeMutablePointer<Float>, count: Int, width: Int) {
        table.pointee.log_softmax(rows, count, width)
    }

    /// Multiplies `values` by `factors`, one by one, in place.
    public func multiply(
        _ values: UnsafeMutablePointer<Float>, by factors: UnsafePointer<Float>, count: Int
    ) {
        table.pointee.multiply_rows(factors, count, values)
    }

    /// Computes `out = (a + b) + c` over `width` elements; without `c`, `a + b`.
    public func add(
        _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ c: UnsafePointer<Float>?,
        width: Int, into out: UnsafeMutablePointer<Float>
    ) {
        table.pointee.add_rows(a, b, c, width, out)
    }

    /// Computes the mean of `count` rows (at least one).
    public func mean(
        of rows: UnsafePointer<Float>, count: Int, width: Int,
        into out: UnsafeMutablePointer<Float>
    ) {
        table.pointee.mean_rows(rows, count, width, out)
    }

    /// Computes the maximum of `count` rows (at least one), feature by feature.
    public func maximum(
        of rows: UnsafePointer<Float>, count: Int, width: Int,
        into out: UnsafeMutablePointer<Float>
    ) {
        table.pointee.max_rows(rows, count, width, out)
    }

    /// Divides a row by its Euclidean norm (at least 1e-12), in place.
    public func normalise(_ row: UnsafeMutablePointer<Float>, width: Int) {
        table.pointee.normalise(row, width)
    }

    /// Applies `activation` to each value, in place.
    public func apply(
        _ activation: Activation, to values: UnsafeMutablePointer<Float>, count: Int
    ) {
        table.pointee.activate(values, count, activation.raw)
    }
}
