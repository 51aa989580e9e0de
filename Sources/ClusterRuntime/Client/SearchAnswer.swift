public import ClusterCore
public import Corpus

/// The answer to one question.
public struct SearchAnswer: Sendable {
    /// One passage found.
    public struct Found: Hashable, Sendable {
        /// Its place in the collection.
        public var ordinal: Ordinal
        /// Its score: inner product, or minus the squared distance.
        public var score: Double
        /// The passage; without title and text where only ids were asked for.
        public var passage: Passage
    }

    /// The passages, best first.
    public var found: [Found]
    /// The generation that was searched.
    public var generation: UInt64
    /// What answered of what was asked.
    public var coverage: Coverage
    /// Time per stage.
    public var timings: Timings
}
