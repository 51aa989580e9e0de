import CKernels

/// Sums over flat blocks of floats, each in one fixed order whatever the instruction set.
public enum FlatSums {
    /// Σ x², in float64: element i belongs to lane i mod 16, lanes are added in halves.
    public static func squares(_ values: UnsafeBufferPointer<Float>) -> Double {
        guard let start = values.baseAddress else { return 0 }
        return TrainingKernels.best.table.pointee.dot(start, start, values.count)
    }

    /// Multiplies each value by `factor`, in place.
    public static func scale(_ values: UnsafeMutableBufferPointer<Float>, by factor: Float) {
        guard let start = values.baseAddress else { return }
        TrainingKernels.best.table.pointee.scale(start, values.count, factor)
    }

    /// target += source, element by element; both have the same length.
    public static func add(
        _ source: UnsafeBufferPointer<Float>, to target: UnsafeMutableBufferPointer<Float>
    ) {
        precondition(
            source.count == target.count, "\(source.count) floats added to \(target.count)")
        guard let from = source.baseAddress, let to = target.baseAddress else { return }
        TrainingKernels.best.table.pointee.add_scaled(from, source.count, 1, to)
    }
}
