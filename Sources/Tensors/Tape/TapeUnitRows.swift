import CKernels

/// y = x / max(‖x‖, 10⁻¹²), row by row.
///
///     dx = (dy − y ⟨y, dy⟩) / ‖x‖, and dy / 10⁻¹² below the bound
extension Tape {
    /// Scales each row to length 1.
    public func unitRows(_ x: Value) -> Value {
        let width = x.width
        let y = make(rows: x.rows, width: width, copying: x.start)
        for row in 0..<x.rows { kernels.encoder.normalise(y.start + row * width, width: width) }
        record { tape in
            guard let dy = tape.take(y) else { return }
            let table = tape.kernels.table.pointee
            for row in 0..<x.rows {
                let own = dy.start + row * width
                let unit = y.start + row * width
                let input = x.start + row * width
                let norm = table.dot(input, input, width).squareRoot()
                if norm > 1e-12 {
                    let along = table.dot(unit, own, width)
                    table.add_scaled(unit, width, Float(-along), own)
                }
                table.scale(own, width, Float(1 / max(norm, 1e-12)))
            }
            tape.add(dy, to: x)
        }
        return y
    }
}
