import Foundation

/// T5's buckets of distances: near ones each their own, far ones together, logarithmically.
///
/// Source: Raffel et al. 2020, section 2.1; `_relative_position_bucket` of Hugging Face's
/// `T5Model`, whose 32-bit arithmetic decides on which side of a border a distance falls.
struct RelativeBuckets: Equatable, Sendable {
    /// Number of buckets.
    var count: Int
    /// Distances from here on share the last bucket.
    var farthest: Int
    /// Whether positions behind the query's own have buckets too.
    var isBidirectional: Bool

    /// The bucket of a key `distance` positions behind its query's (negative: before it).
    func bucket(_ distance: Int) -> Int {
        var first = 0
        var own = count
        var steps = -min(distance, 0)
        if isBidirectional {
            own /= 2
            if distance > 0 { first = own }
            steps = abs(distance)
        }
        let exact = own / 2
        guard steps >= exact else { return first + steps }
        let scale = Float(log(Double(farthest) / Double(exact)))
        let share = logf(Float(steps) / Float(exact)) / scale * Float(own - exact)
        return first + min(own - 1, exact + Int(share))
    }
}
