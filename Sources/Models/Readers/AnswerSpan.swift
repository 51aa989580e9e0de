/// A stretch of a passage that a reader takes for an answer.
public struct AnswerSpan: Equatable, Sendable {
    /// Index of the passage among those read.
    public var passage: Int
    /// First token of the span in the passage's token sequence.
    public var start: Int
    /// Last token of the span.
    public var end: Int
    /// Start logit + end logit.
    public var spanScore: Float
    /// Relevance logit of the passage.
    public var relevanceScore: Float
    /// The span's tokens as text.
    public var text: String
}

/// How spans are chosen.
public struct SpanOptions: Equatable, Sendable {
    /// Spans returned at most.
    public var spans: Int
    /// Spans of one passage at most.
    public var spansPerPassage: Int
    /// Tokens of a span at most.
    public var maximumLength: Int

    /// Names the three limits.
    public init(spans: Int = 16, spansPerPassage: Int = 4, maximumLength: Int = 64) {
        self.spans = spans
        self.spansPerPassage = spansPerPassage
        self.maximumLength = maximumLength
    }
}

/// What a reader says of one passage.
public struct ReaderScores: Equatable, Sendable {
    /// Ids of `[CLS] question [SEP] title [SEP] text`.
    public var ids: [Int32]
    /// First token after the question: title and text are searched for spans.
    public var passageStart: Int
    /// One logit a token: how well a span starts there.
    public var starts: [Float]
    /// One logit a token: how well a span ends there.
    public var ends: [Float]
    /// How well the passage answers the question.
    public var relevance: Float

    /// The best spans as token ranges: highest start + end logit first, the earlier and shorter
    /// one first among equals; a span inside a chosen one or around it is left out, overlapping
    /// ones are kept.
    ///
    /// Source: Karpukhin et al. 2020, §6.1, as Hugging Face's reader decodes.
    public func bestSpans(_ options: SpanOptions) -> [(range: ClosedRange<Int>, score: Float)] {
        var candidates: [(range: ClosedRange<Int>, score: Float)] = []
        for start in passageStart..<max(passageStart, ids.count) {
            for end in start..<min(start + options.maximumLength, ids.count) {
                candidates.append((start...end, starts[start] + ends[end]))
            }
        }
        let order = candidates.indices.sorted {
            (candidates[$1].score, $0) < (candidates[$0].score, $1)
        }
        var chosen: [(range: ClosedRange<Int>, score: Float)] = []
        for index in order where chosen.count < options.spansPerPassage {
            let range = candidates[index].range
            let isNested = chosen.contains { other in
                range.contains(other.range) || other.range.contains(range)
            }
            if !isNested { chosen.append(candidates[index]) }
        }
        return chosen
    }
}

extension ClosedRange<Int> {
    fileprivate func contains(_ other: ClosedRange<Int>) -> Bool {
        lowerBound <= other.lowerBound && other.upperBound <= upperBound
    }
}
