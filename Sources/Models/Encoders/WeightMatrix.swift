import Tensors

/// Weights packed for one precision, and the form in which that precision reads activations.
protocol WeightMatrix: Sendable {
    /// Rows of activations as `product` reads them.
    associatedtype Rows

    /// Rows that go through the two feed-forward layers together.
    static var feedForwardRows: Int { get }

    init(_ weights: UnsafePointer<Float>, columns: Int, depth: Int)
    /// Packs weights as `storage` asks, as far as this form of them can.
    init(_ weights: UnsafePointer<Float>, columns: Int, depth: Int, _ storage: WeightStorage)
    /// The weights where they lie, nil where this form of them has to be packed.
    static func inPlace(_ rows: WeightRows, depth: Int) -> Self?

    /// Makes `count` rows of `width` floats, side by side, ready for products.
    ///
    /// The result is good until `values` or `scratch` change.
    static func rows(
        _ values: UnsafePointer<Float>, count: Int, width: Int, _ kernels: EncoderKernels,
        _ scratch: IntegerRows
    ) -> Rows

    /// Computes `c = activation(bias + residual + rows × Wᵀ)` for some columns.
    func product(
        _ kernels: EncoderKernels, _ rows: Rows, count: Int, columns: Range<Int>?,
        bias: UnsafePointer<Float>?, activation: Activation, residual: UnsafePointer<Float>?,
        into c: UnsafeMutablePointer<Float>, stride: Int)
}

extension WeightMatrix {
    init(_ weights: UnsafePointer<Float>, columns: Int, depth: Int, _ storage: WeightStorage) {
        self.init(weights, columns: columns, depth: depth)
    }

    static func inPlace(_ rows: WeightRows, depth: Int) -> Self? { nil }
}

extension PackedMatrix: WeightMatrix {
    convenience init(
        _ weights: UnsafePointer<Float>, columns: Int, depth: Int, _ storage: WeightStorage
    ) {
        if storage == .float16 {
            self.init(rounding: weights, columns: columns, depth: depth)
        } else {
            self.init(weights, columns: columns, depth: depth)
        }
    }

    static func inPlace(_ rows: WeightRows, depth: Int) -> PackedMatrix? {
        PackedMatrix(rows, depth: depth)
    }

    static var feedForwardRows: Int { .max }

    static func rows(
        _ values: UnsafePointer<Float>, count: Int, width: Int, _ kernels: EncoderKernels,
        _ scratch: IntegerRows
    ) -> UnsafePointer<Float> {
        values
    }

    func product(
        _ kernels: EncoderKernels, _ rows: UnsafePointer<Float>, count: Int,
        columns: Range<Int>?, bias: UnsafePointer<Float>?, activation: Activation,
        residual: UnsafePointer<Float>?, into c: UnsafeMutablePointer<Float>, stride: Int
    ) {
        kernels.product(
            rows: count, a: rows, stride: depth, weights: self, columns: columns, bias: bias,
            activation: activation, residual: residual, residualStride: stride, into: c,
            stride: stride)
    }
}

extension IntegerMatrix: WeightMatrix {
    // The floats between the two layers, some 600 KB at MiniLM's 1,536 features, stay in the
    // second-level cache until they are whole numbers.
    static var feedForwardRows: Int { 96 }

    static func rows(
        _ values: UnsafePointer<Float>, count: Int, width: Int, _ kernels: EncoderKernels,
        _ scratch: IntegerRows
    ) -> IntegerRows {
        scratch.reserve(rows: count, width: width)
        kernels.quantise(values, count: count, stride: width, into: scratch)
        return scratch
    }

    func product(
        _ kernels: EncoderKernels, _ rows: IntegerRows, count: Int, columns: Range<Int>?,
        bias: UnsafePointer<Float>?, activation: Activation, residual: UnsafePointer<Float>?,
        into c: UnsafeMutablePointer<Float>, stride: Int
    ) {
        kernels.product(
            rows: rows, count: count, weights: self, columns: columns, bias: bias,
            activation: activation, residual: residual, residualStride: stride, into: c,
            stride: stride)
    }
}

/// A linear layer in 32-bit floats.
typealias Linear = LinearLayer<PackedMatrix>
