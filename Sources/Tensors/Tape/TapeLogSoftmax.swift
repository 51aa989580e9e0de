import Foundation

/// y = x − log Σ eˣ, row by row.
///
///     dx = dy − eʸ Σ dy
extension Tape {
    /// The logarithm of the softmax of each row.
    public func logSoftmax(_ x: Value) -> Value {
        let y = make(rows: x.rows, width: x.width)
        for row in 0..<x.rows {
            let input = UnsafeBufferPointer(start: x.start + row * x.width, count: x.width)
            let top = Double(input.max() ?? 0)
            let sum = input.reduce(0.0) { $0 + exp(Double($1) - top) }
            let shift = top + log(sum)
            for column in 0..<x.width {
                y.start[row * x.width + column] = Float(Double(input[column]) - shift)
            }
        }
        record { tape in
            guard let dy = tape.take(y) else { return }
            for row in 0..<x.rows {
                let own = UnsafeMutableBufferPointer(
                    start: dy.start + row * x.width, count: x.width)
                let sum = own.reduce(0.0) { $0 + Double($1) }
                for column in own.indices {
                    let share = exp(Double(y.start[row * x.width + column]))
                    own[column] = Float(Double(own[column]) - share * sum)
                }
            }
            tape.add(dy, to: x)
        }
        return y
    }
}
