import Foundation

/// How answers are looked up in a text.
public enum AnswerMode: String, Sendable, Codable {
    /// An answer's tokens stand side by side in the text.
    case string
    /// An answer is a regular expression in Python's syntax, as in CuratedTREC.
    case expression
}

/// The answers to one question, made ready to be looked up in many texts.
///
/// The rules are those of DPR's evaluation (Karpukhin et al. 2020). Titles are not searched. An
/// answer without tokens is in every text; a question without answers is answered by none. An
/// invalid expression matches nothing, and so does one that needs more steps than a fixed budget
/// allows, so that no expression can hang.
public struct AnswerMatcher: Sendable {
    private let answers: [AnswerTokens]
    private let expressions: [AnswerExpression]
    /// How the answers are looked up.
    public let mode: AnswerMode

    /// Prepares the answers to a question.
    public init(answers: [String], mode: AnswerMode = .string) {
        self.mode = mode
        switch mode {
        case .string:
            self.answers = answers.map { AnswerTokens($0) }
            expressions = []
        case .expression:
            self.answers = []
            expressions = answers.compactMap { AnswerExpression($0) }
        }
    }

    /// Tells whether a text holds one of the answers.
    public func matches(_ text: String) -> Bool {
        switch mode {
        case .string:
            return matches(AnswerTokens(text))
        case .expression:
            let decomposed = text.decomposedStringWithCanonicalMapping
            return expressions.contains { $0.matches(decomposed) }
        }
    }

    /// Tells whether a text that was split before holds one of the answers; in expression mode
    /// there are no tokens to look for, and the result is false.
    public func matches(_ text: AnswerTokens) -> Bool {
        answers.contains { text.contains($0) }
    }
}
