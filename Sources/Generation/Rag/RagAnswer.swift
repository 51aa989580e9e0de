import Foundation

/// An answer, and what each passage has to do with it.
public struct RagAnswer: Equatable, Sendable {
    /// The tokens, the start token first; the end token last where the answer ended by itself.
    public var tokens: [Int32]
    /// log p(answer | question), marginalised over the passages.
    public var logarithm: Double
    /// What the search ranked it by: RAG-sequence's logarithm, RAG-token's score of the beam.
    public var score: Double
    /// p(passage | question), one a passage.
    public var priors: [Double]
    /// p(passage | question, answer), one a passage.
    public var posteriors: [Double]
    /// p(passage | question, token), for each token behind the start token and each passage.
    public var tokenPosteriors: [[Double]]
}

/// How RAG sums over passages.
public enum RagKind: String, Sendable, CaseIterable {
    /// One passage stands behind the whole answer: Σ p(passage) Π p(token | passage).
    case sequence
    /// Each token has a passage of its own: Π Σ p(passage) p(token | passage).
    case token
}

/// Under which passages RAG-sequence weighs an answer that it has found.
///
/// Source: Lewis et al. 2020, §2.5.
public enum RagDecoding: String, Sendable, CaseIterable {
    /// Under all: those that did not give the answer are asked how likely it is.
    case thorough
    /// Under those whose own search gave it; under the others it counts as impossible.
    case fast
}

/// The likelihood of one answer under each passage, and what follows from it.
struct AnswerLikelihood {
    /// log p(passage | question).
    var priors: [Double]
    /// log p(token | passage, tokens before), for each passage, for each token that counts.
    var tokens: [[Double]]

    /// log p(answer | question).
    func logarithm(_ kind: RagKind) -> Double {
        switch kind {
        case .sequence: Logarithms.sum(joint)
        case .token: tokenMarginals.reduce(0, +)
        }
    }

    /// log p(passage, answer | question) as RAG-sequence has it.
    private var joint: [Double] {
        zip(priors, tokens).map { prior, tokens in tokens.reduce(prior, +) }
    }

    private var tokenMarginals: [Double] {
        (0..<(tokens.first?.count ?? 0)).map { place in
            Logarithms.sum(zip(priors, tokens).map { $0 + $1[place] })
        }
    }

    /// p(passage | question, answer).
    var posteriors: [Double] { Logarithms.softmax(joint).map { exp($0) } }

    /// p(passage | question, token), token by token.
    var tokenPosteriors: [[Double]] {
        (0..<(tokens.first?.count ?? 0)).map { place in
            Logarithms.softmax(zip(priors, tokens).map { $0 + $1[place] }).map { exp($0) }
        }
    }
}
