package import Tensors

/// Weights packed for one precision, and the form in which that precision reads activations.
package protocol WeightMatrix: Sendable {
    /// Rows of activations as `product` reads them.
    associatedtype Rows

    /// Number of outputs.
    var columns: Int { get }

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

    /// Computes `out = input + down(activation(up(input)))` for `count` rows, in parts that let
    /// what lies between the two layers stay in the second-level cache.
    ///
    /// `wide` holds `count` rows of `up`'s outputs.
    static func feedForward(
        _ up: LinearLayer<Self>, _ down: LinearLayer<Self>, _ kernels: EncoderKernels,
        input: UnsafePointer<Float>, count: Int, activation: Activation,
        wide: UnsafeMutablePointer<Float>, _ scratch: IntegerRows,
        into out: UnsafeMutablePointer<Float>)
}

extension WeightMatrix {
    package init(
        _ weights: UnsafePointer<Float>, columns: Int, depth: Int, _ storage: WeightStorage
    ) {
        self.init(weights, columns: columns, depth: depth)
    }

    package static func inPlace(_ rows: WeightRows, depth: Int) -> Self? { nil }
}

extension PackedMatrix: WeightMatrix {
    package convenience init(
        _ weights: UnsafePointer<Float>, columns: Int, depth: Int, _ storage: WeightStorage
    ) {
        if storage == .float16 {
            self.init(rounding: weights, columns: columns, depth: depth)
        } else {
            self.init(weights, columns: columns, depth: depth)
        }
    }

    package static func inPlace(_ rows: WeightRows, depth: Int) -> PackedMatrix? {
        PackedMatrix(rows, depth: depth)
    }

    package static func rows(
        _ values: UnsafePointer<Float>, count: Int, width: Int, _ kernels: EncoderKernels,
        _ scratch: IntegerRows
    ) -> UnsafePointer<Float> {
        values
    }

    package func product(
        _ kernels: EncoderKernels, _ rows: UnsafePointer<Float>, count: Int,
        columns: Range<Int>?, bias: UnsafePointer<Float>?, activation: Activation,
        residual: UnsafePointer<Float>?, into c: UnsafeMutablePointer<Float>, stride: Int
    ) {
        kernels.product(
            rows: count, a: rows, stride: depth, weights: self, columns: columns, bias: bias,
            activation: activation, residual: residual, residualStride: stride, into: c,
            stride: stride)
    }

    // Some of the wide features at a time, for all rows: weights are read once.
    package static func feedForward(
        _ up: LinearLayer<PackedMatrix>, _ down: LinearLayer<PackedMatrix>,
        _ kernels: EncoderKernels, input: UnsafePointer<Float>, count: Int,
        activation: Activation, wide: UnsafeMutablePointer<Float>, _ scratch: IntegerRows,
        into out: UnsafeMutablePointer<Float>
    ) {
        let width = up.weights.depth
        let features = up.weights.columns
        // Panels that are made for each product would be made again for each part.
        let step = down.weights.isPacked ? 384 : features
        for start in Swift.stride(from: 0, to: features, by: step) {
            let part = start..<min(start + step, features)
            kernels.product(
                rows: count, a: input, stride: width, weights: up.weights, columns: part,
                bias: up.bias?.start, activation: activation, into: wide, stride: part.count)
            kernels.product(
                rows: count, a: wide, stride: part.count, weights: down.weights, inputs: part,
                bias: down.bias?.start, residual: input, residualStride: width, into: out,
                stride: width)
        }
    }
}

extension IntegerMatrix: WeightMatrix {
    package static func rows(
        _ values: UnsafePointer<Float>, count: Int, width: Int, _ kernels: EncoderKernels,
        _ scratch: IntegerRows
    ) -> IntegerRows {
        scratch.reserve(rows: count, width: width)
        kernels.quantise(values, count: count, stride: width, into: scratch)
        return scratch
    }

    package func product(
        _ kernels: EncoderKernels, _ rows: IntegerRows, count: Int, columns: Range<Int>?,
        bias: UnsafePointer<Float>?, activation: Activation, residual: UnsafePointer<Float>?,
        into c: UnsafeMutablePointer<Float>, stride: Int
    ) {
        kernels.product(
            rows: rows, count: count, weights: self, columns: columns, bias: bias,
            activation: activation, residual: residual, residualStride: stride, into: c,
            stride: stride)
    }

    // Some rows at a time, with all their features, since the numbers of a row have steps in
    // common: 96 rows of MiniLM's 1,536 features are some 600 KB.
    package static func feedForward(
        _ up: LinearLayer<IntegerMatrix>, _ down: LinearLayer<IntegerMatrix>,
        _ kernels: EncoderKernels, input: UnsafePointer<Float>, count: Int,
        activation: Activation, wide: UnsafeMutablePointer<Float>, _ scratch: IntegerRows,
        into out: UnsafeMutablePointer<Float>
    ) {
        let width = up.weights.depth
        let features = up.weights.columns
        for start in Swift.stride(from: 0, to: count, by: 96) {
            let part = min(96, count - start)
            let own = input + start * width
            let narrowRows = rows(own, count: part, width: width, kernels, scratch)
            up.weights.product(
                kernels, narrowRows, count: part, columns: nil, bias: up.bias?.start,
                activation: activation, residual: nil, into: wide, stride: features)
            let wideRows = rows(wide, count: part, width: features, kernels, scratch)
            down.weights.product(
                kernels, wideRows, count: part, columns: nil, bias: down.bias?.start,
                activation: .none, residual: own, into: out + start * width, stride: width)
        }
    }
}

/// A linear layer in 32-bit floats.
typealias Linear = LinearLayer<PackedMatrix>
