import ClusterCore
public import ClusterRuntime
public import Corpus
import Training

/// Turns answers into the text of one result format, piece by piece.
public protocol AnswerWriter: Sendable {
    /// What comes before the first answer.
    func opening() -> String
    /// One answer; `index` counts from 0.
    func text(of answer: FoundPassages, to question: Question, index: Int) throws(SheafError)
        -> String
    /// What comes after the last answer; `notes` are what people ought to know of all of them.
    func closing(notes: [String]) -> String
}

/// The passages found for a question, and what is known of the search.
public struct FoundPassages: Sendable {
    /// The passages, best first.
    public var found: [SearchAnswer.Found]
    /// What a cluster says of its search; nil where a corpus was searched without one.
    public var search: SearchAnswer?

    /// What a cluster answered.
    public init(_ answer: SearchAnswer) {
        found = answer.found
        search = answer
    }

    /// What was found in a corpus without a cluster, with the places of the passages in it.
    init(_ passages: [DenseCandidates.Found]) {
        found = passages.map { hit in
            SearchAnswer.Found(
                ordinal: Ordinal(UInt64(hit.ordinal)), score: Double(hit.score),
                passage: Passage(
                    id: hit.passage.id, title: hit.passage.title, text: hit.passage.text))
        }
    }
}

/// What was searched.
public enum SearchedSource: Equatable, Sendable {
    /// A collection, by its name.
    case collection(String)
    /// A corpus file, by its path.
    case corpus(String)
}

extension AnswerWriter {
    /// One answer of a cluster; `index` counts from 0.
    public func text(
        of answer: SearchAnswer, to question: Question, index: Int
    ) throws(SheafError) -> String {
        try text(of: FoundPassages(answer), to: question, index: index)
    }

    /// Nothing.
    public func opening() -> String { "" }
    /// Nothing.
    public func closing(notes: [String]) -> String { "" }
}
