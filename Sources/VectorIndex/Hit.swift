public import Corpus

/// One passage that a search found.
public struct Hit: Hashable, Sendable {
    /// Which passage.
    public var ordinal: Ordinal
    /// The inner product, or minus the squared distance: larger is nearer, never NaN.
    public var score: Double

    /// A hit of these parts.
    public init(ordinal: Ordinal, score: Double) {
        self.ordinal = ordinal
        self.score = score
    }

    /// Whether this hit comes before another: higher score first, then lower ordinal.
    ///
    /// The order is total over hits of distinct ordinals, so a ranking has one form only.
    public func precedes(_ other: Hit) -> Bool {
        score != other.score ? score > other.score : ordinal < other.ordinal
    }
}
