import ArgumentParser
import Sheaf

/// What is asked, one question or a file of them, and how it is answered.
struct QuestionOptions: ParsableArguments {
    @Argument(help: "One question.")
    var question: String?

    @Option(
        help: ArgumentHelp(
            "A file of questions: plain lines, id<TAB>text, DPR or CuratedTREC TSV, JSONL or JSON.",
            valueName: "file"))
    var questions: String?

    @Option(name: [.customShort("k"), .customLong("k")], help: "Passages wanted per question.")
    var k = 10

    @Option(help: "The form of the answers.")
    var format = ResultFormat.table

    @Option(
        help: ArgumentHelp(
            "Write to a file, which appears when it is complete.", valueName: "file"))
    var output: String?

    func validate() throws {
        if (question == nil) == (questions == nil) {
            throw ValidationError("Give one question, or a file of them with --questions.")
        }
        try NumberRange.check("-k", k, NumberRange.k)
    }

    /// The questions; a file of them is read.
    func list() throws(SheafError) -> QuestionList {
        guard let questions else { return QuestionList(question: question ?? "") }
        return try QuestionList(file: questions)
    }

    /// What writes the answers in the form wanted.
    func writer(_ source: SearchedSource, match: AnswerMode) -> any AnswerWriter {
        AnswerWriters.writer(
            format, source, k: k, match: match, width: Terminal.width, isList: questions != nil)
    }
}
