/// A measure of answers.
public enum AnswerMeasure: String, Sendable, CaseIterable {
    /// Share of answers that are a true one, after SQuAD's normalisation.
    case exactMatch = "exact_match"
    /// Mean over questions of the best F1 over words.
    case f1
    /// Share of answers that hold a true one, as DPR looks answers up in passages.
    case accuracy
    /// Mean over questions of the best ROUGE-L F1.
    case rougeL = "rouge_l"
    /// BLEU of words alone.
    case bleu1 = "bleu_1"
    /// BLEU of up to four words.
    case bleu4 = "bleu_4"
    /// Different words over all words of all answers.
    case distinct1 = "distinct_1"
    /// The same of pairs of words.
    case distinct2 = "distinct_2"
    /// The same of runs of three.
    case distinct3 = "distinct_3"
    /// Share of answers that stand in the passage that they cite first.
    case inCited = "in_cited_passage"

    /// The name in tables.
    public var title: String {
        switch self {
        case .exactMatch: "exact match"
        case .f1: "F1"
        case .accuracy: "accuracy (holds an answer)"
        case .rougeL: "ROUGE-L"
        case .bleu1: "BLEU-1"
        case .bleu4: "BLEU-4"
        case .distinct1: "distinct-1"
        case .distinct2: "distinct-2"
        case .distinct3: "distinct-3"
        case .inCited: "found in the cited passage"
        }
    }
}

/// The measures of a set of answers.
public struct AnswerReport: Equatable, Sendable {
    /// The value of a measure of texts.
    public struct TextValue: Equatable, Sendable {
        /// Which measure.
        public var measure: AnswerMeasure
        /// Its value, in [0, 1].
        public var value: Double
    }

    /// How well the passages of the answers are those that are known to answer.
    public struct Passages: Equatable, Sendable {
        /// What passages are known by.
        public var source: AnswerQuality.Source
        /// How many of the first count.
        public var cutOff: Int
        /// Share of questions with a known passage among those.
        public var hit: Double
        /// Mean over questions of known passages among those, over `cutOff`.
        public var precision: Double
    }

    /// Questions measured.
    public var questions: Int
    /// Those without an answer.
    public var abstained: Int
    /// Measures of the texts, in their order.
    public var texts: [TextValue] = []
    /// Measures of the passages, by source, then cut-off.
    public var passages: [Passages] = []
    /// Mean risk over coverage; nil where no answer tells how sure it is.
    public var area: Double?
    /// Expected calibration error; nil without probabilities.
    public var calibrationError: Double?
    /// What a reader of the values has to know.
    public var notes: [String] = []

    init(questions: Int, abstained: Int) {
        self.questions = questions
        self.abstained = abstained
    }

    /// The value of a measure of texts.
    public func value(_ measure: AnswerMeasure) -> Double? {
        texts.first { $0.measure == measure }?.value
    }
}
