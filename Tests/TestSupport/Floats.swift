/// The bits of floats, so that comparisons tell −0 from 0.
package func bits(_ values: some Collection<Float>) -> [UInt32] { values.map(\.bitPattern) }

/// The largest difference of two lists; infinite where their lengths differ or one holds NaN.
package func largestDifference(
    _ a: some Collection<Float>, _ b: some Collection<Float>
) -> Float {
    guard a.count == b.count else { return .infinity }
    return zip(a, b).map { abs($0 - $1) }.reduce(0) { $1.isNaN ? .infinity : max($0, $1) }
}
