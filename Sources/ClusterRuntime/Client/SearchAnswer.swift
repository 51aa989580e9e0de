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

        /// Makes a hit with its passage.
        public init(ordinal: Ordinal, score: Double, passage: Passage) {
            self.ordinal = ordinal
            self.score = score
            self.passage = passage
        }
    }

    /// The passages, best first.
    public var found: [Found]
    /// The generation that was searched.
    public var generation: UInt64
    /// What answered of what was asked.
    public var coverage: Coverage
    /// Time per stage.
    public var timings: Timings
    /// What was cut off the question.
    public var cuts: Cuts
    /// Why the newest generation was not searched, where it cannot be; else empty.
    public var note: String

    /// Makes an answer.
    public init(
        found: [Found], generation: UInt64, coverage: Coverage, timings: Timings,
        cuts: Cuts = Cuts(), note: String = ""
    ) {
        self.found = found
        self.generation = generation
        self.coverage = coverage
        self.timings = timings
        self.cuts = cuts
        self.note = note
    }
}
