/// A measure of ranked lists.
public enum Measure: String, Sendable, Codable, CaseIterable {
    /// Share of questions with a relevant passage among the first k.
    case accuracy
    /// Mean over questions of relevant passages among the first k over all relevant ones, as
    /// trec_eval has it.
    case recall
    /// Mean over questions of relevant passages among the first k over min(relevant ones, k).
    case cappedRecall = "capped_recall"
    /// Mean reciprocal rank of the first relevant passage among the first k.
    case meanReciprocalRank = "mrr"
    /// Mean normalised discounted cumulative gain of the first k.
    case ndcg
    /// Mean average precision over whole lists.
    case meanAveragePrecision = "map"
    /// Mean reciprocal rank of the first relevant passage of whole lists.
    case reciprocalRank = "recip_rank"
    /// Mean rank of the first relevant passage, over the questions that have one in their list.
    case averageRank = "average_rank"

    /// The name in tables.
    public var title: String {
        switch self {
        case .accuracy: "accuracy"
        case .recall: "recall"
        case .cappedRecall: "capped recall"
        case .meanReciprocalRank: "MRR"
        case .ndcg: "nDCG"
        case .meanAveragePrecision: "MAP"
        case .reciprocalRank: "MRR, whole list"
        case .averageRank: "average rank"
        }
    }
}

/// The measures of a set of ranked lists.
public struct EvaluationReport: Hashable, Sendable, Codable {
    /// One value of a measure.
    public struct Value: Hashable, Sendable, Codable {
        /// Which measure.
        public var measure: Measure
        /// How many of the first passages count; nil where the whole list does.
        public var cutOff: Int?
        /// The mean over all questions.
        public var value: Double

        /// Makes a value.
        public init(measure: Measure, cutOff: Int?, value: Double) {
            self.measure = measure
            self.cutOff = cutOff
            self.value = value
        }
    }

    /// The number of questions that the means are over.
    public var questions: Int
    /// The length of the longest list.
    public var depth: Int
    /// The values, by measure, then by cut-off.
    public var values: [Value]
    /// What a reader of the values has to know: cut-offs beyond all lists, questions missing.
    public var notes: [String]

    /// Makes a report.
    public init(questions: Int, depth: Int, values: [Value], notes: [String]) {
        self.questions = questions
        self.depth = depth
        self.values = values
        self.notes = notes
    }

    /// The value of a measure at a cut-off, or of a measure of whole lists.
    public func value(_ measure: Measure, at cutOff: Int? = nil) -> Double? {
        values.first { $0.measure == measure && $0.cutOff == cutOff }?.value
    }
}
