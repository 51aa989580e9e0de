import CKernels

/// y = n ∘ gain + bias with s = dropout(x) + r, n = (s − mean) / √(variance + ε), row by row.
///
///     dgain = Σ rows dy ∘ n,  dbias = Σ rows dy
///     ds = (g − mean(g) − n · mean(g ∘ n)) / √(variance + ε) with g = dy ∘ gain
///     dr = ds,  dx = dropout(ds)
extension Tape {
    /// The parameters of a layer normalisation.
    public struct Norm {
        /// `[width]`.
        public var gain: Parameter
        /// `[width]`.
        public var bias: Parameter
        /// ε.
        public var epsilon: Float

        /// Names the parameters.
        public init(gain: Parameter, bias: Parameter, epsilon: Float) {
            self.gain = gain
            self.bias = bias
            self.epsilon = epsilon
        }
    }

    /// Normalises the rows of dropout(x) + residual; without a site nothing is dropped.
    public func normalised(
        _ x: Value, _ norm: Norm, dropout site: DropoutSite? = nil, residual: Value? = nil,
        _ layout: TapeLayout
    ) -> Value {
        let y = make(rows: x.rows, width: x.width)
        let normal = isRecording ? arena.allocate(x.count) : nil
        let factors = isRecording ? arena.allocate(x.rows) : nil
        forEachExample(site, layout) { rows, dropout in
            let start = rows.lowerBound * x.width
            var call = sheaf_norm()
            call.rows = rows.count
            call.width = x.width
            call.x = UnsafePointer(x.start + start)
            call.residual = residual.map { UnsafePointer($0.start + start) }
            call.dropout = dropout
            call.gain = norm.gain.values
            call.bias = norm.bias.values
            call.epsilon = norm.epsilon
            call.normal = normal.map { $0 + start }
            call.factors = factors.map { $0 + rows.lowerBound }
            call.y = y.start + start
            kernels.table.pointee.norm(&call)
        }
        guard let normal, let factors else { return y }
        record { tape in
            guard let dy = tape.take(y) else { return }
            let dropped = site == nil ? nil : tape.arena.take(x.count)
            tape.forEachExample(site, layout) { rows, dropout in
                let start = rows.lowerBound * x.width
                var call = sheaf_norm_backward()
                call.rows = rows.count
                call.width = x.width
                call.dy = UnsafePointer(dy.start + start)
                call.normal = UnsafePointer(normal + start)
                call.factors = UnsafePointer(factors + rows.lowerBound)
                call.gain = norm.gain.values
                call.dropout = dropout
                call.dx = dy.start + start
                call.dropped = dropped.map { $0.start + start }
                call.dgain = norm.gain.gradient
                call.dbias = norm.bias.gradient
                tape.kernels.table.pointee.norm_backward(&call)
            }
            if let dropped {
                tape.add(dropped, to: x)
                if let residual { tape.add(dy, to: residual) } else { tape.arena.give(dy) }
            } else {
                if let residual { tape.addCopy(of: dy, to: residual) }
                tape.add(dy, to: x)
            }
        }
        return y
    }

    /// Calls `body` for the rows of each example with its dropout, or once for all rows where
    /// nothing is dropped.
    private func forEachExample(
        _ site: DropoutSite?, _ layout: TapeLayout,
        _ body: (Range<Int>, UnsafePointer<sheaf_dropout>?) -> Void
    ) {
        guard let site else {
            body(0..<(layout.starts.last ?? 0), nil)
            return
        }
        for example in 0..<layout.count {
            var dropout = site.raw(example: layout.examples[example])
            withUnsafePointer(to: &dropout) { body(layout.rows(example), $0) }
        }
    }

    private func addCopy(of block: TapeArena.Block, to value: Value) {
        let copy = arena.take(value.count)
        copy.start.update(from: block.start, count: value.count)
        add(copy, to: value)
    }
}
