import CKernels

/// y = tanh(x).
///
///     dx = dy (1 − y²)
extension Tape {
    /// The hyperbolic tangent of each element.
    public func tanh(_ x: Value) -> Value {
        let y = make(rows: x.rows, width: x.width)
        kernels.table.pointee.activate(x.start, x.count, TrainingKernels.raw(.tanh), y.start)
        record { tape in
            guard let dy = tape.take(y) else { return }
            for index in 0..<x.count { dy.start[index] *= 1 - y.start[index] * y.start[index] }
            tape.add(dy, to: x)
        }
        return y
    }
}
