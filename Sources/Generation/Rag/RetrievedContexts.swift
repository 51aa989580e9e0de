import Foundation

/// The passages that a question is answered from, each joined with the question and tokenized, and
/// how near each is to the question.
public struct RetrievedContexts: Equatable, Sendable {
    /// Token ids of each passage with the question, without padding.
    public var sources: [[Int32]]
    /// Inner product of question and passage, one a source.
    public var scores: [Double]

    /// Names the passages; there are as many scores.
    public init(sources: [[Int32]], scores: [Double]) {
        precondition(sources.count == scores.count, "each passage has a score")
        self.sources = sources
        self.scores = scores
    }

    /// log p(passage | question): the softmax over the scores of the passages there are.
    public var priors: [Double] { Logarithms.softmax(scores) }
}

/// Sums of probabilities by their logarithms, in float64.
enum Logarithms {
    /// log Σ exp; −∞ of nothing.
    static func sum(_ values: some Collection<Double>) -> Double {
        guard let top = values.max(), top > -.infinity else { return -.infinity }
        return top + log(values.reduce(0) { $0 + exp($1 - top) })
    }

    /// The values, shifted so that their probabilities sum to 1.
    static func softmax(_ values: [Double]) -> [Double] {
        let total = sum(values)
        return values.map { $0 - total }
    }
}
