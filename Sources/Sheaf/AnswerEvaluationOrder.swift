import Corpus
public import Evaluation
import Foundation

/// What answers are to be measured by.
public struct AnswerEvaluationOrder: Equatable, Sendable {
    /// A file of answers, as `sheaf answer` and `sheaf read` write it; see `AnswerRecords`.
    public var answers: String
    /// A file of questions with their true answers; nil: the answers carry them.
    public var truth: String?
    /// A file of questions with `passage_ids`, `titles` or `positive_ctxs`.
    public var gold: String?
    /// How true answers are looked up in the given ones; nil: as expressions for CuratedTREC.
    public var match: AnswerMode?
    /// How many of the first passages count, in turn.
    public var cutOffs = [1, 5]

    /// Names the answers.
    public init(answers: String) {
        self.answers = answers
    }

    /// Tells whether a file holds answers rather than ranked passages.
    public static func isAnswerFile(_ path: String) -> Bool {
        (try? AnswerRecords.isFile(path)) ?? false
    }

    /// Reads and measures the answers, one at a time.
    public func measure() throws(SheafError) -> AnswerQuality {
        try typed {
            let known = try truth.map { try QuestionList(file: $0) }
            let gold = try self.gold.map { try QuestionFile.read($0) } ?? []
            let truths = Lookup(known?.questions ?? [])
            let golds = Lookup(gold)
            var quality = try AnswerQuality(
                cutOffs: cutOffs, mode: match ?? known?.match ?? .string)
            var withTruth = 0
            var withGold = 0
            try AnswerRecords.read(answers) { record in
                var record = record
                if let question = truths.question(for: record) {
                    record.answers = question.answers
                    withTruth += 1
                }
                let passages = golds.question(for: record).map {
                    AnswerQuality.Gold(ids: Set($0.goldIDs), titles: Set($0.goldTitles))
                }
                withGold += passages == nil ? 0 : 1
                quality.add(record, gold: passages)
            }
            for (file, matched) in [(truth, withTruth), (self.gold, withGold)] where matched == 0 {
                guard let file else { continue }
                throw SheafError.request(
                    """
                    No question of \(answers) is in \(file), by its text or, where an answer \
                    carries none, by its id. Name the file that the questions came from.
                    """)
            }
            return quality
        }
    }

    /// The measures of what was read.
    public func report(of quality: AnswerQuality) throws(SheafError) -> AnswerReport {
        try typed { try quality.report() }
    }

    /// Draws risk over coverage as an SVG file.
    public func draw(_ quality: AnswerQuality, to path: String) throws(SheafError) {
        guard let risk = quality.risk else {
            throw .request(
                "No answer of \(answers) tells how sure it is, so there is no risk to draw. Leave "
                    + "the picture out.")
        }
        let sink = try OutputSink(path: path)
        try sink.write(RiskPicture.picture(of: risk))
        try sink.finish()
    }

    /// Questions by their text, or by their id for answers that carry no text.
    private struct Lookup {
        private var byText: [String: Question] = [:]
        private var byID: [String: Question] = [:]

        init(_ questions: [Question]) {
            for question in questions {
                byText[question.text] = question
                byID[question.id] = question
            }
        }

        func question(for record: AnswerRecord) -> Question? {
            record.question.isEmpty ? byID[record.id] : byText[record.question]
        }
    }
}
