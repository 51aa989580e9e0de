/// A question with what is known of its answer.
public struct Question: Hashable, Sendable {
    /// The source's own id, or the line number (element number in a JSON array) counted from 1.
    public var id: String
    /// The question itself.
    public var text: String
    /// Accepted answers; regular expressions in a CuratedTREC file.
    public var answers: [String]
    /// Ids of the passages known to answer the question.
    public var goldIDs: [String]
    /// Titles of the passages known to answer the question.
    public var goldTitles: [String]

    /// Makes a question.
    public init(
        id: String, text: String, answers: [String] = [], goldIDs: [String] = [],
        goldTitles: [String] = []
    ) {
        self.id = id
        self.text = text
        self.answers = answers
        self.goldIDs = goldIDs
        self.goldTitles = goldTitles
    }
}
