import Tensors

/// A linear layer, packed for the product kernel: y = x Wᵀ + b.
struct Linear: Sendable {
    let weights: PackedMatrix
    let bias: FloatBuffer?

    /// Loads `prefix.weight` `[outputs, inputs]` and, if `hasBias`, `prefix.bias` `[outputs]`.
    init(
        _ checkpoint: Checkpoint, _ prefix: String, outputs: Int, inputs: Int, hasBias: Bool = true
    ) throws(ModelError) {
        let name = prefix + ".weight"
        let shape = [outputs, inputs]
        if let mapped = try checkpoint.mappedFloats(name, shape: shape) {
            weights = PackedMatrix(mapped, columns: outputs, depth: inputs)
        } else {
            let copy = try checkpoint.floats(name, shape: shape)
            weights = PackedMatrix(copy.start, columns: outputs, depth: inputs)
        }
        bias = hasBias ? try checkpoint.floats(prefix + ".bias", shape: [outputs]) : nil
    }

    /// Loads layers of the same shape as one whose outputs lie head by head: those of the first
    /// head of each layer, then those of the second head of each layer, and so on.
    init(
        joining prefixes: [String], heads: Int, _ checkpoint: Checkpoint, outputs: Int, inputs: Int
    ) throws(ModelError) {
        let rows = FloatBuffer(unset: prefixes.count * outputs * inputs)
        let bias = FloatBuffer(unset: prefixes.count * outputs)
        let layer = FloatBuffer(unset: outputs * inputs)
        let size = outputs / heads
        for (index, prefix) in prefixes.enumerated() {
            func spread(_ name: String, _ shape: [Int], to out: FloatBuffer) throws(ModelError) {
                let width = shape.dropFirst().reduce(size, *)
                try checkpoint.copy(prefix + name, shape: shape, to: layer.start)
                for head in 0..<heads {
                    (out.start + (head * prefixes.count + index) * width).update(
                        from: layer.start + head * width, count: width)
                }
            }
            try spread(".weight", [outputs, inputs], to: rows)
            try spread(".bias", [outputs], to: bias)
        }
        weights = PackedMatrix(rows.start, columns: prefixes.count * outputs, depth: inputs)
        self.bias = bias
    }
}

/// Gain and bias of a layer normalisation.
struct LayerNorm: Sendable {
    let gain: FloatBuffer
    let bias: FloatBuffer

    init(_ checkpoint: Checkpoint, _ prefix: String, width: Int) throws(ModelError) {
        gain = try checkpoint.floats(prefix + ".weight", shape: [width])
        bias = try checkpoint.floats(prefix + ".bias", shape: [width])
    }
}

/// A table of rows, used where it lies in the file if it is stored as 32-bit floats.
struct Embedding: @unchecked Sendable {
    let rows: UnsafePointer<Float>
    let width: Int
    // One of the two keeps `rows` alive.
    private let checkpoint: Checkpoint?
    private let copy: FloatBuffer?

    init(_ checkpoint: Checkpoint, _ name: String, count: Int, width: Int) throws(ModelError) {
        self.width = width
        if let mapped = try checkpoint.mappedFloats(name, shape: [count, width]) {
            rows = mapped
            self.checkpoint = checkpoint
            copy = nil
        } else {
            let buffer = try checkpoint.floats(name, shape: [count, width])
            rows = UnsafePointer(buffer.start)
            copy = buffer
            self.checkpoint = nil
        }
    }

    func row(_ index: Int) -> UnsafePointer<Float> { rows + index * width }
}
