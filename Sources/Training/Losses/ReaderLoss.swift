import Foundation

/// One passage that a reader has read in training.
public struct ReaderPassage: Equatable, Sendable {
    /// One logit a token: how well a span starts there.
    public var starts: [Double]
    /// One logit a token: how well a span ends there.
    public var ends: [Double]
    /// How well the passage answers the question.
    public var relevance: Double
    /// First and last token of each answer; empty in negative passages.
    public var answers: [ClosedRange<Int>]

    /// Names everything.
    public init(
        starts: [Double], ends: [Double], relevance: Double, answers: [ClosedRange<Int>] = []
    ) {
        self.starts = starts
        self.ends = ends
        self.relevance = relevance
        self.answers = answers
    }
}

/// The loss of a reader over the passages of one question, the positive first, in float64.
///
/// L = −log Σ_a P(start_a)·P(end_a) over the answer spans of the positive
///     − log softmax(relevance)₀ over the passages. The sum over questions is not divided.
///
/// Source: Karpukhin et al. 2020, §6.1; facebookresearch/DPR dpr/models/reader.py `compute_loss`.
public enum ReaderLoss {
    /// Value and gradients over one question.
    public struct Outcome: Equatable, Sendable {
        /// The marginal likelihood of the spans.
        public var spanLoss: Double
        /// The choice of the positive.
        public var relevanceLoss: Double
        /// ∂L/∂start logits, per passage.
        public var starts: [[Double]]
        /// ∂L/∂end logits, per passage.
        public var ends: [[Double]]
        /// ∂L/∂relevance, per passage.
        public var relevance: [Double]
        /// Whether the positive is the most relevant passage.
        public var isRight: Bool

        /// The whole loss.
        public var loss: Double { spanLoss + relevanceLoss }
    }

    /// Computes value and gradients; the passage with answers is the first one.
    public static func evaluate(_ passages: [ReaderPassage]) -> Outcome {
        var outcome = Outcome(
            spanLoss: 0, relevanceLoss: 0,
            starts: passages.map { $0.starts.map { _ in 0 } },
            ends: passages.map { $0.ends.map { _ in 0 } }, relevance: [], isRight: false)
        let total = LogSumExp.value(passages.map(\.relevance))
        outcome.relevanceLoss = total - passages[0].relevance
        outcome.relevance = passages.map { exp($0.relevance - total) }
        outcome.relevance[0] -= 1
        outcome.isRight = passages.dropFirst().allSatisfy {
            $0.relevance < passages[0].relevance
        }
        let positive = passages[0]
        guard !positive.answers.isEmpty else { return outcome }
        let startTotal = LogSumExp.value(positive.starts)
        let endTotal = LogSumExp.value(positive.ends)
        let likelihoods = positive.answers.map { span in
            positive.starts[span.lowerBound] - startTotal + positive.ends[span.upperBound]
                - endTotal
        }
        let marginal = LogSumExp.value(likelihoods)
        outcome.spanLoss = -marginal
        outcome.starts[0] = positive.starts.map { exp($0 - startTotal) }
        outcome.ends[0] = positive.ends.map { exp($0 - endTotal) }
        for (span, likelihood) in zip(positive.answers, likelihoods) {
            let share = exp(likelihood - marginal)
            outcome.starts[0][span.lowerBound] -= share
            outcome.ends[0][span.upperBound] -= share
        }
        return outcome
    }
}
