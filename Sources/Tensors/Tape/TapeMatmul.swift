import CKernels

/// y = a bᵀ: the inner products of the rows of a with the rows of b.
///
///     da = dy b,  db = dyᵀ a
extension Tape {
    /// Multiplies `[m, d]` by the transpose of `[n, d]`.
    public func inner(_ a: Value, _ b: Value) -> Value {
        precondition(a.width == b.width, "rows of \(a.width) and \(b.width) floats")
        let y = make(rows: a.rows, width: b.rows)
        let table = kernels.table.pointee
        arena.withScratch(TrainingKernels.packedSize(columns: b.rows, depth: b.width)) { panels in
            table.pack_columns(b.start, b.rows, b.width, b.width, panels)
            kernels.product(
                rows: a.rows, columns: b.rows, depth: a.width, a: a.start, stride: a.width,
                panels: panels, into: y.start, stride: y.width)
        }
        record { tape in
            guard let dy = tape.take(y) else { return }
            tape.addProduct(
                dy.start, rows: a.rows, stride: y.width, by: b, to: tape.accumulated(a))
            tape.arena.withScratch(y.count) { turned in
                table.transpose(dy.start, y.rows, y.width, y.width, turned, y.rows)
                tape.addProduct(
                    turned, rows: b.rows, stride: y.rows, by: a, to: tape.accumulated(b))
            }
            tape.arena.give(dy)
        }
        return y
    }

    /// out += left × right.
    private func addProduct(
        _ left: UnsafePointer<Float>, rows: Int, stride: Int, by right: Value,
        to out: UnsafeMutablePointer<Float>
    ) {
        let size = TrainingKernels.packedSize(columns: right.width, depth: right.rows)
        arena.withScratch(size) { panels in
            kernels.table.pointee.pack_rows(
                right.start, right.rows, right.width, right.width, panels)
            kernels.product(
                rows: rows, columns: right.width, depth: right.rows, a: left, stride: stride,
                panels: panels, residual: out, residualStride: right.width, into: out,
                stride: right.width)
        }
    }
}
