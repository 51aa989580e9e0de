/// One retrieved passage of a ranked list.
public struct RankedEntry: Hashable, Sendable {
    /// The passage's id.
    public var id: String
    /// The passage's title; empty where the file does not carry it.
    public var title: String
    /// The passage's text; empty where the file does not carry it.
    public var text: String
    /// The score; higher is better.
    public var score: Double
    /// Whether the text holds an answer, where that was looked up.
    public var hasAnswer: Bool?

    /// Makes an entry.
    public init(
        id: String, title: String = "", text: String = "", score: Double, hasAnswer: Bool? = nil
    ) {
        self.id = id
        self.title = title
        self.text = text
        self.score = score
        self.hasAnswer = hasAnswer
    }
}

/// What was retrieved for one question, best first.
public struct RankedList: Hashable, Sendable {
    /// The question's id.
    public var questionID: String
    /// The question's text; empty where the file does not carry it.
    public var question: String
    /// The accepted answers.
    public var answers: [String]
    /// The passages, best first.
    public var entries: [RankedEntry]

    /// Makes a list.
    public init(
        questionID: String, question: String = "", answers: [String] = [],
        entries: [RankedEntry]
    ) {
        self.questionID = questionID
        self.question = question
        self.answers = answers
        self.entries = entries
    }

    /// Refuses a score that no file format can carry.
    func checkScores() throws(CorpusError) {
        for entry in entries where !entry.score.isFinite {
            throw .nonFiniteScore(questionID: questionID, passageID: entry.id)
        }
    }
}
