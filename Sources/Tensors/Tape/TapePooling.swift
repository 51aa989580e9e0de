import CKernels

/// One row per example: its first row, the mean of its rows, or their maximum.
///
///     first: dx[first] += dy;  mean: dx[t] += dy / length;  maximum: dx[first t where x = y] += dy
extension Tape {
    /// How rows become one row.
    public enum Pooling: CaseIterable, Sendable {
        /// The first row.
        case first
        /// The mean of all rows.
        case mean
        /// The maximum of all rows, feature by feature.
        case maximum
    }

    /// Pools the rows of each example.
    public func pooled(_ x: Value, _ pooling: Pooling, _ layout: TapeLayout) -> Value {
        let width = x.width
        let y = make(rows: layout.count, width: width)
        for example in 0..<layout.count {
            let rows = layout.rows(example)
            let own = x.start + rows.lowerBound * width
            let out = y.start + example * width
            switch pooling {
            case .first: out.update(from: own, count: width)
            case .mean:
                kernels.encoder.mean(of: own, count: rows.count, width: width, into: out)
            case .maximum:
                kernels.encoder.maximum(of: own, count: rows.count, width: width, into: out)
            }
        }
        record { tape in
            guard let dy = tape.take(y) else { return }
            let dx = tape.accumulated(x)
            for example in 0..<layout.count {
                tape.unpool(
                    pooling, layout.rows(example), x: x, y: y.start + example * width,
                    dy: dy.start + example * width, dx: dx)
            }
            tape.arena.give(dy)
        }
        return y
    }

    private func unpool(
        _ pooling: Pooling, _ rows: Range<Int>, x: Value, y: UnsafePointer<Float>,
        dy: UnsafePointer<Float>, dx: UnsafeMutablePointer<Float>
    ) {
        let width = x.width
        let add = kernels.table.pointee.add_scaled
        switch pooling {
        case .first: add?(dy, width, 1, dx + rows.lowerBound * width)
        case .mean:
            for row in rows { add?(dy, width, 1 / Float(rows.count), dx + row * width) }
        case .maximum:
            for feature in 0..<width {
                let row = rows.first { x.start[$0 * width + feature] == y[feature] }
                if let row { dx[row * width + feature] += dy[feature] }
            }
        }
    }
}
