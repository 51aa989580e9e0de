public import Corpus
public import Evaluation

/// The questions of a search, and what their file says about the answers.
public struct QuestionList: Equatable, Sendable {
    /// The questions in their order.
    public var questions: [Question]
    /// How their answers are looked up.
    public var match: AnswerMode

    /// One question.
    public init(question: String) {
        questions = [Question(id: "1", text: question)]
        match = .string
    }

    /// The questions of a file.
    ///
    /// - Parameter format: nil: told by the first record.
    public init(file: String, format: QuestionFormat? = nil) throws(SheafError) {
        (questions, match) = try typed {
            let format = try format ?? QuestionFormat.detect(file)
            return (
                try QuestionFile.read(file, format: format),
                format.answersAreExpressions ? .expression : .string
            )
        }
    }
}
