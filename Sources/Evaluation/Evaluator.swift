import Corpus

/// Measures ranked lists one question at a time, so that lists need not be held.
///
/// Means are over all questions that were added. A cut-off beyond the longest list is named in a
/// note, for its value is that of a shorter list; so is one that some lists end before.
public struct Evaluator: Sendable {
    /// The cut-offs of a report unless others are asked for.
    public static let defaultCutOffs = [1, 5, 10, 20, 50, 100, 1000]

    private let cutOffs: [Int]
    private let measures: [Measure]
    private var sums: [Double]
    private var questions = 0
    private var depth = 0
    private var rankSum = 0
    private var found = 0
    private var precisionSum = 0.0
    private var reciprocalSum = 0.0
    /// Per cut-off, the lists that end before it, empty ones apart.
    private var shortLists: [Int]
    private(set) var notes: [String] = []

    private static let measuresAtCutOffs: [Measure] = [
        .accuracy, .recall, .cappedRecall, .meanReciprocalRank, .ndcg,
    ]

    /// Starts without questions.
    ///
    /// - Throws: `EvaluationError.badCutOff`.
    public init(
        cutOffs: [Int] = defaultCutOffs, measures: [Measure] = Measure.allCases
    ) throws(EvaluationError) {
        for cutOff in cutOffs where cutOff < 1 { throw .badCutOff(cutOff) }
        self.cutOffs = Set(cutOffs).sorted()
        self.measures = measures
        sums = Array(repeating: 0, count: Self.measuresAtCutOffs.count * self.cutOffs.count)
        shortLists = Array(repeating: 0, count: self.cutOffs.count)
    }

    /// Adds a question; one without results has an empty list and counts as a miss.
    public mutating func add(_ relevance: RankedRelevance) {
        questions += 1
        depth = max(depth, relevance.gains.count)
        var index = 0
        for measure in Self.measuresAtCutOffs {
            for cutOff in cutOffs {
                sums[index] += Self.value(measure, relevance, cutOff)
                index += 1
            }
        }
        for (index, cutOff) in cutOffs.enumerated()
        where relevance.gains.count < cutOff && !relevance.gains.isEmpty {
            shortLists[index] += 1
        }
        precisionSum += relevance.averagePrecision
        reciprocalSum += relevance.reciprocalRank
        if let rank = relevance.firstRank {
            found += 1
            rankSum += rank
        }
    }

    /// Adds something a reader of the report has to know.
    public mutating func note(_ text: String) {
        notes.append(text)
    }

    /// The means over all questions.
    ///
    /// - Throws: `EvaluationError.noQuestions`.
    public func report() throws(EvaluationError) -> EvaluationReport {
        guard questions > 0 else { throw .noQuestions }
        var report = EvaluationReport(questions: questions, depth: depth, values: [], notes: notes)
        for (row, measure) in Self.measuresAtCutOffs.enumerated() where measures.contains(measure) {
            for (column, cutOff) in cutOffs.enumerated() {
                let mean = sums[row * cutOffs.count + column] / Double(questions)
                report.values.append(.init(measure: measure, cutOff: cutOff, value: mean))
            }
        }
        for (measure, sum) in [
            (Measure.meanAveragePrecision, precisionSum), (.reciprocalRank, reciprocalSum),
        ] where measures.contains(measure) {
            let mean = sum / Double(questions)
            report.values.append(.init(measure: measure, cutOff: nil, value: mean))
        }
        if measures.contains(.averageRank), found > 0 {
            let mean = Double(rankSum) / Double(found)
            report.values.append(.init(measure: .averageRank, cutOff: nil, value: mean))
        }
        report.notes += depthNotes
        if measures.contains(.averageRank), found < questions {
            report.notes.append(
                "the average rank leaves out \(counted(questions - found, "question")) whose list "
                    + "has no relevant passage")
        }
        return report
    }

    /// What cut-offs find no passage to count.
    private var depthNotes: [String] {
        var notes: [String] = []
        let beyond = cutOffs.filter { $0 > depth }
        if !beyond.isEmpty {
            notes.append(
                "cut-offs \(beyond.map(String.init).joined(separator: ", ")) look beyond the "
                    + "longest list, which has \(counted(depth, "passage"))")
        }
        if let last = cutOffs.lastIndex(where: { $0 <= depth }), shortLists[last] > 0 {
            notes.append(
                "\(counted(shortLists[last], "list")) shorter than the cut-off \(cutOffs[last])")
        }
        return notes
    }

    private static func value(
        _ measure: Measure, _ relevance: RankedRelevance, _ cutOff: Int
    ) -> Double {
        switch measure {
        case .accuracy: relevance.accuracy(cutOff)
        case .recall: relevance.recall(cutOff)
        case .cappedRecall: relevance.cappedRecall(cutOff)
        case .meanReciprocalRank: relevance.reciprocalRank(cutOff)
        case .ndcg: relevance.ndcg(cutOff)
        case .meanAveragePrecision: relevance.averagePrecision
        case .reciprocalRank: relevance.reciprocalRank
        case .averageRank: Double(relevance.firstRank ?? 0)
        }
    }
}
