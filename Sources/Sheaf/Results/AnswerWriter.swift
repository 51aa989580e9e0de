public import ClusterRuntime
public import Corpus

/// Turns answers into the text of one result format, piece by piece.
public protocol AnswerWriter: Sendable {
    /// What comes before the first answer.
    func opening() -> String
    /// One answer; `index` counts from 0.
    func text(of answer: SearchAnswer, to question: Question, index: Int) throws(SheafError)
        -> String
    /// What comes after the last answer; `notes` are what people ought to know of all of them.
    func closing(notes: [String]) -> String
}

extension AnswerWriter {
    /// Nothing.
    public func opening() -> String { "" }
    /// Nothing.
    public func closing(notes: [String]) -> String { "" }
}
