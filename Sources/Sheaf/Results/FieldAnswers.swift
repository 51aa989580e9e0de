import ClusterRuntime
public import Corpus
public import Evaluation

/// Writes a TREC run: question id, Q0, passage id, rank, score, tag.
public struct TRECAnswers: AnswerWriter {
    /// Makes a writer.
    public init() {}

    /// A line a hit; throws where an id holds white space, which the format cannot carry.
    public func text(
        of answer: FoundPassages, to question: Question, index: Int
    ) throws(SheafError) -> String {
        try typed { try TRECRun.text(of: RankedList(answer, to: question)) }
    }
}

/// Writes DPR's result JSON; `has_answer` is there where the question carries answers.
public struct DPRAnswers: AnswerWriter {
    private let match: AnswerMode

    /// Makes a writer that looks answers up in the way given.
    public init(_ match: AnswerMode) {
        self.match = match
    }

    /// Opens the list.
    public func opening() -> String { "[" }

    /// One element, after a comma unless it is the first.
    public func text(
        of answer: FoundPassages, to question: Question, index: Int
    ) throws(SheafError) -> String {
        var list = RankedList(answer, to: question)
        if !question.answers.isEmpty {
            let matcher = AnswerMatcher(answers: question.answers, mode: match)
            for entry in list.entries.indices {
                list.entries[entry].hasAnswer = matcher.matches(list.entries[entry].text)
            }
        }
        return try typed { (index == 0 ? "\n" : ",\n") + (try DPRResults.text(of: list)) }
    }

    /// Closes the list.
    public func closing(notes: [String]) -> String { "\n]\n" }
}

extension RankedList {
    /// The answer to a question as the field's file formats hold it.
    init(_ answer: FoundPassages, to question: Question) {
        self.init(
            questionID: question.id, question: question.text, answers: question.answers,
            entries: answer.found.map {
                RankedEntry(
                    id: $0.passage.id, title: $0.passage.title, text: $0.passage.text,
                    score: $0.score)
            })
    }
}
