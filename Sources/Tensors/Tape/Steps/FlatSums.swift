/// Sums over flat blocks of floats, each in one fixed order whatever the instruction set.
public enum FlatSums {
    /// Σ x², in float64: element i belongs to lane i mod 16, lanes are added in halves.
    public static func squares(_ values: UnsafeBufferPointer<Float>) -> Double {
        preconditionFailure("declared ahead of its body")
    }

    /// Multiplies each value by `factor`, in place.
    public static func scale(_ values: UnsafeMutableBufferPointer<Float>, by factor: Float) {
        preconditionFailure("declared ahead of its body")
    }

    /// target += source, element by element; both have the same length.
    public static func add(
        _ source: UnsafeBufferPointer<Float>, to target: UnsafeMutableBufferPointer<Float>
    ) {
        preconditionFailure("declared ahead of its body")
    }
}
