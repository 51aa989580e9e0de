package import Tensors

/// A linear layer, packed for the product kernel: y = x Wᵀ + b.
package struct LinearLayer<Matrix: WeightMatrix>: Sendable {
    package let weights: Matrix
    package let bias: FloatBuffer?

    /// Loads `prefix.weight` `[outputs, inputs]` and, if `hasBias`, `prefix.bias` `[outputs]`.
    package init(
        _ checkpoint: Checkpoint, _ prefix: String, outputs: Int, inputs: Int, hasBias: Bool = true
    ) throws(ModelError) {
        let name = prefix + ".weight"
        let shape = [outputs, inputs]
        let storage = checkpoint.policy.storage
        if storage == .mapped, let rows = try checkpoint.rows(name, shape: shape),
            let matrix = Matrix.inPlace(rows, depth: inputs)
        {
            weights = matrix
        } else if let mapped = try checkpoint.mappedFloats(name, shape: shape) {
            weights = Matrix(mapped, columns: outputs, depth: inputs, storage)
            checkpoint.release(name)
        } else {
            let copy = try checkpoint.floats(name, shape: shape)
            weights = Matrix(copy.start, columns: outputs, depth: inputs, storage)
        }
        bias = hasBias ? try checkpoint.floats(prefix + ".bias", shape: [outputs]) : nil
    }

    /// Loads layers of the same shape as one whose outputs lie head by head: those of the first
    /// head of each layer, then those of the second head of each layer, and so on.
    package init(
        joining prefixes: [String], heads: Int, _ checkpoint: Checkpoint, outputs: Int,
        inputs: Int, hasBias: Bool = true
    ) throws(ModelError) {
        let size = outputs / heads
        // The file's own shapes bound what is allocated.
        for prefix in prefixes {
            _ = try checkpoint.tensor(prefix + ".weight", shape: [outputs, inputs])
        }
        let inPlace = try Self.rows(
            joining: prefixes, heads: heads, checkpoint, outputs: outputs, inputs: inputs
        ).flatMap { Matrix.inPlace($0, depth: inputs) }
        let rows = FloatBuffer(unset: inPlace == nil ? prefixes.count * outputs * inputs : 0)
        let bias = hasBias ? FloatBuffer(unset: prefixes.count * outputs) : nil
        let layer = FloatBuffer(unset: outputs * inputs)
        for (index, prefix) in prefixes.enumerated() {
            func spread(_ name: String, _ shape: [Int], to out: FloatBuffer) throws(ModelError) {
                let width = shape.dropFirst().reduce(size, *)
                try checkpoint.copy(prefix + name, shape: shape, to: layer.start)
                for head in 0..<heads {
                    (out.start + (head * prefixes.count + index) * width).update(
                        from: layer.start + head * width, count: width)
                }
            }
            if inPlace == nil { try spread(".weight", [outputs, inputs], to: rows) }
            if let bias { try spread(".bias", [outputs], to: bias) }
        }
        weights =
            inPlace
            ?? Matrix(
                rows.start, columns: prefixes.count * outputs, depth: inputs,
                checkpoint.policy.storage)
        self.bias = bias
    }

    /// The rows of layers joined head by head where they lie; nil where weights are to be packed.
    private static func rows(
        joining prefixes: [String], heads: Int, _ checkpoint: Checkpoint, outputs: Int, inputs: Int
    ) throws(ModelError) -> WeightRows? {
        guard checkpoint.policy.storage == .mapped else { return nil }
        var layers: [WeightRows] = []
        for prefix in prefixes {
            let shape = [outputs, inputs]
            guard let rows = try checkpoint.rows(prefix + ".weight", shape: shape) else {
                return nil
            }
            layers.append(rows)
        }
        guard var joined = layers.first, layers.allSatisfy({ $0.type == joined.type }) else {
            return nil
        }
        let size = outputs / heads
        joined.starts = (0..<heads).flatMap { head in
            layers.flatMap { $0.starts[head * size..<(head + 1) * size] }
        }
        return joined
    }
}

/// Gain and bias of a layer normalisation.
package struct LayerNorm: Sendable {
    package let gain: FloatBuffer
    package let bias: FloatBuffer

    package init(_ checkpoint: Checkpoint, _ prefix: String, width: Int) throws(ModelError) {
        gain = try checkpoint.floats(prefix + ".weight", shape: [width])
        bias = try checkpoint.floats(prefix + ".bias", shape: [width])
    }
}

/// A table of rows, used where it lies in the file if its elements lie there in their order.
package struct Embedding: @unchecked Sendable {
    package let width: Int
    private let rows: UnsafeRawPointer
    private let type: ElementType
    // Keeps `rows` alive: the checkpoint, or a copy.
    private let owner: any AnyObject & Sendable

    package init(
        _ checkpoint: Checkpoint, _ name: String, count: Int, width: Int
    ) throws(ModelError) {
        self.width = width
        if let found = try checkpoint.rows(name, shape: [count, width]),
            let first = found.starts.first
        {
            rows = first
            type = found.type
            owner = found.owner
        } else {
            let buffer = try checkpoint.floats(name, shape: [count, width])
            rows = UnsafeRawPointer(buffer.start)
            type = .float32
            owner = buffer
        }
    }

    /// A row, widened into `scratch` where it does not hold 32-bit floats.
    package func row(
        _ index: Int, _ scratch: UnsafeMutablePointer<Float>
    ) -> UnsafePointer<Float> {
        let start = rows + index * width * type.size
        if type == .float32 { return start.assumingMemoryBound(to: Float.self) }
        _ = type.convert(start, count: width, to: scratch)
        return UnsafePointer(scratch)
    }
}
