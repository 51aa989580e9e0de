import CKernels

/// y = f(x) Wᵀ + b + r, with an activation f of the input and a residual r, both optional.
///
///     dr = dy,  db = Σ rows dy,  dW = dyᵀ f(x),  dx = (dy W) ∘ f′(x)
///
/// f(x) is not kept: the backward pass computes it again, a stretch of rows at a time.
extension Tape {
    /// The parameters of a linear layer.
    public struct Linear {
        /// `[outputs, inputs]`.
        public var weight: Parameter
        /// `[outputs]`.
        public var bias: Parameter?
        /// Width of the result.
        public var outputs: Int
        /// Width of the input.
        public var inputs: Int

        /// Names the parameters and their dimensions.
        public init(weight: Parameter, bias: Parameter?, outputs: Int, inputs: Int) {
            self.weight = weight
            self.bias = bias
            self.outputs = outputs
            self.inputs = inputs
        }
    }

    /// Applies a linear layer to `activation(x)` and adds `residual`.
    public func linear(
        _ x: Value, _ layer: Linear, activation: Activation = .none, residual: Value? = nil
    ) -> Value {
        precondition(
            x.width == layer.inputs, "a layer of \(layer.inputs) inputs is given \(x.width)")
        precondition(
            residual.map { $0.rows == x.rows && $0.width == layer.outputs } ?? true,
            "the residual has another shape than the result")
        let y = make(rows: x.rows, width: layer.outputs)
        arena.withScratch(
            TrainingKernels.packedSize(columns: layer.outputs, depth: layer.inputs)
        ) { panels in
            kernels.table.pointee.pack_columns(
                layer.weight.values, layer.outputs, layer.inputs, layer.inputs, panels)
            withActivated(x, activation) { rows, input in
                kernels.product(
                    rows: rows.count, columns: layer.outputs, depth: layer.inputs, a: input,
                    stride: x.width, panels: panels, bias: layer.bias?.values,
                    residual: residual.map { $0.start + rows.lowerBound * layer.outputs },
                    residualStride: layer.outputs,
                    into: y.start + rows.lowerBound * layer.outputs, stride: layer.outputs)
            }
        }
        record { tape in
            tape.linearBackward(x, layer, activation: activation, residual: residual, y: y)
        }
        return y
    }

    /// Calls `body` with stretches of rows of `activation(x)`.
    private func withActivated(
        _ x: Value, _ activation: Activation,
        _ body: (Range<Int>, UnsafePointer<Float>) -> Void
    ) {
        if activation == .none {
            body(0..<x.rows, x.start)
            return
        }
        let block = min(TrainingKernels.rowBlock, x.rows)
        arena.withScratch(block * x.width) { scratch in
            for row in stride(from: 0, to: x.rows, by: block) {
                let rows = row..<min(row + block, x.rows)
                kernels.table.pointee.activate(
                    x.start + row * x.width, rows.count * x.width,
                    TrainingKernels.raw(activation), scratch)
                body(rows, scratch)
            }
        }
    }

    private func linearBackward(
        _ x: Value, _ layer: Linear, activation: Activation, residual: Value?, y: Value
    ) {
        guard let dy = take(y) else { return }
        if let bias = layer.bias?.gradient {
            kernels.table.pointee.add_column_sums(
                dy.start, y.rows, y.width, y.width, bias)
        }
        if activation == .none {
            inputGradient(x, layer, dy: dy.start)
            weightGradient(layer, rows: x.rows, x: x.start, dy: dy.start)
        } else {
            activatedBackward(x, layer, activation: activation, dy: dy.start)
        }
        if let residual { add(dy, to: residual) } else { arena.give(dy) }
    }

    /// dx = or += dy W.
    private func inputGradient(_ x: Value, _ layer: Linear, dy: UnsafePointer<Float>) {
        let present = present(x)
        let dx = present ?? begin(x)
        withRowPanels(layer) { panels in
            kernels.product(
                rows: x.rows, columns: layer.inputs, depth: layer.outputs, a: dy,
                stride: layer.outputs, panels: panels, residual: present,
                residualStride: x.width, into: dx, stride: x.width)
        }
    }

    /// dx and dW where the layer's input is an activation of x.
    private func activatedBackward(
        _ x: Value, _ layer: Linear, activation: Activation, dy: UnsafePointer<Float>
    ) {
        let present = present(x)
        let block = min(TrainingKernels.rowBlock, x.rows)
        let fresh = present == nil ? begin(x) : nil
        withRowPanels(layer) { panels in
            arena.withScratch(2 * block * x.width) { scratch in
                for row in stride(from: 0, to: x.rows, by: block) {
                    let count = min(block, x.rows - row)
                    let input = x.start + row * x.width
                    let own = dy + row * layer.outputs
                    let gradient = fresh.map { $0 + row * x.width } ?? scratch + block * x.width
                    kernels.product(
                        rows: count, columns: layer.inputs, depth: layer.outputs, a: own,
                        stride: layer.outputs, panels: panels, into: gradient, stride: x.width)
                    kernels.table.pointee.activate_backward(
                        input, count * x.width, TrainingKernels.raw(activation), scratch,
                        gradient)
                    weightGradient(layer, rows: count, x: scratch, dy: own)
                    if let present {
                        kernels.table.pointee.add_scaled(
                            gradient, count * x.width, 1, present + row * x.width)
                    }
                }
            }
        }
    }

    /// Calls `body` with W packed as the right side of a product dy × W.
    private func withRowPanels(_ layer: Linear, _ body: (UnsafePointer<Float>) -> Void) {
        arena.withScratch(
            TrainingKernels.packedSize(columns: layer.inputs, depth: layer.outputs)
        ) { panels in
            kernels.table.pointee.pack_rows(
                layer.weight.values, layer.outputs, layer.inputs, layer.inputs, panels)
            body(panels)
        }
    }

    /// dW += dyᵀ x, a stretch of rows at a time, so that both sides stay in the cache.
    private func weightGradient(
        _ layer: Linear, rows: Int, x: UnsafePointer<Float>, dy: UnsafePointer<Float>
    ) {
        guard let gradient = layer.weight.gradient else { return }
        let (outputs, inputs) = (layer.outputs, layer.inputs)
        let block = min(TrainingKernels.rowBlock, rows)
        let packed = TrainingKernels.packedSize(columns: inputs, depth: block)
        arena.withScratch(outputs * block + packed) { turned in
            let panels = turned + outputs * block
            for row in stride(from: 0, to: rows, by: block) {
                let depth = min(block, rows - row)
                kernels.table.pointee.transpose(
                    dy + row * outputs, depth, outputs, outputs, turned, block)
                kernels.table.pointee.pack_rows(
                    x + row * inputs, depth, inputs, inputs, panels)
                kernels.product(
                    rows: outputs, columns: inputs, depth: depth, a: turned, stride: block,
                    panels: panels, residual: gradient, residualStride: inputs, into: gradient,
                    stride: inputs)
            }
        }
    }
}
