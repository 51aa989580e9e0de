import CKernels

/// O = dropout(softmax(scale · Q Kᵀ)) V for each head of each sequence, over its own length.
/// Padding is not attended to.
///
/// The formulas of the backward pass stand in `training_attention.h`; the weights are not kept but
/// computed again.
extension Tape {
    /// Where queries, keys and values lie, and how many heads share them.
    public struct AttentionInputs {
        /// Queries begin at this column.
        public var queries: Value
        /// Holds the keys, then the values; nil: behind the queries in the same rows.
        public var keysAndValues: Value?
        /// Features of all heads together.
        public var width: Int
        /// Number of heads.
        public var heads: Int

        /// Names the matrices: `[tokens, 3 · width]` with queries, keys, values side by side, or
        /// queries `[rows, width]` and keys with values `[tokens, 2 · width]`.
        public init(queries: Value, keysAndValues: Value?, width: Int, heads: Int) {
            self.queries = queries
            self.keysAndValues = keysAndValues
            self.width = width
            self.heads = heads
        }

        var size: Int { width / heads }
        var other: Value { keysAndValues ?? queries }
        /// Column of the first key.
        var keyColumn: Int { keysAndValues == nil ? width : 0 }
    }

    /// Attends; `queryLayout` has one or all rows of each sequence of `layout`.
    public func attended(
        _ inputs: AttentionInputs, queryLayout: TapeLayout, _ layout: TapeLayout,
        dropout site: DropoutSite?
    ) -> Value {
        let out = make(rows: inputs.queries.rows, width: inputs.width)
        let longest = (0..<layout.count).map { layout.rows($0).count }.max() ?? 0
        arena.withScratch(sheaf_attention_scratch(longest, inputs.size)) { scratch in
            forEachHead(inputs, queryLayout, layout) { example, head, call in
                var call = call
                call.out =
                    out.start + queryLayout.starts[example] * out.width
                    + head * inputs.size
                call.out_stride = out.width
                call.scratch = scratch
                if let site {
                    var dropout = site.raw(example: layout.examples[example])
                    withUnsafePointer(to: &dropout) { dropout in
                        var whole = sheaf_dropout_attention()
                        whole.head = call
                        whole.dropout = dropout
                        whole.first_row = UInt32(head * layout.rows(example).count)
                        kernels.table.pointee.attention(&whole)
                    }
                } else {
                    kernels.encoderTable.pointee.attention(&call)
                }
            }
        }
        record { tape in
            guard let dout = tape.take(out) else { return }
            tape.attentionBackward(
                inputs, queryLayout: queryLayout, layout, site, dout: dout.start)
            tape.arena.give(dout)
        }
        return out
    }

    private func attentionBackward(
        _ inputs: AttentionInputs, queryLayout: TapeLayout, _ layout: TapeLayout,
        _ site: DropoutSite?, dout: UnsafePointer<Float>
    ) {
        // Every element of these gradients is written below, but for keys and values of padding.
        let dq = begin(inputs.queries)
        let other = inputs.keysAndValues.map { begin($0) } ?? dq
        if layout.hasPadding { other.update(repeating: 0, count: inputs.other.count) }
        let stride = inputs.other.width
        let longest = (0..<layout.count).map { layout.rows($0).count }.max() ?? 0
        arena.withScratch(sheaf_attention_backward_scratch(longest, inputs.size)) { scratch in
            forEachHead(inputs, queryLayout, layout) { example, head, forward in
                let column = head * inputs.size
                let queryRow = queryLayout.starts[example]
                var call = sheaf_attention_backward()
                call.head = forward
                call.head.scratch = scratch
                call.first_row = UInt32(head * layout.rows(example).count)
                call.dout = dout + queryRow * inputs.width + column
                call.dout_stride = inputs.width
                call.dq = dq + queryRow * inputs.queries.width + column
                call.dq_stride = inputs.queries.width
                call.dk = other + layout.starts[example] * stride + inputs.keyColumn + column
                call.dv = call.dk + inputs.width
                call.dkv_stride = stride
                guard let site else {
                    kernels.table.pointee.attention_backward(&call)
                    return
                }
                var dropout = site.raw(example: layout.examples[example])
                withUnsafePointer(to: &dropout) {
                    call.dropout = $0
                    kernels.table.pointee.attention_backward(&call)
                }
            }
        }
    }

    /// Calls `body` with the inputs of each head of each sequence.
    private func forEachHead(
        _ inputs: AttentionInputs, _ queryLayout: TapeLayout, _ layout: TapeLayout,
        _ body: (_ example: Int, _ head: Int, sheaf_attention) -> Void
    ) {
        let stride = inputs.other.width
        for example in 0..<layout.count {
            let queries = queryLayout.rows(example)
            let row = layout.starts[example]
            for head in 0..<inputs.heads {
                let column = head * inputs.size
                let keys = inputs.other.start + row * stride + inputs.keyColumn + column
                var call = sheaf_attention()
                call.length = layout.attended[example]
                call.queries = queries.count
                call.size = inputs.size
                call.q = UnsafePointer(
                    inputs.queries.start + queries.lowerBound * inputs.queries.width + column)
                call.q_stride = inputs.queries.width
                call.k = UnsafePointer(keys)
                call.v = UnsafePointer(keys + inputs.width)
                call.stride = stride
                call.scale = 1 / Float(inputs.size).squareRoot()
                body(example, head, call)
            }
        }
    }
}
