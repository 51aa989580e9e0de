public import Corpus

/// Measures whether retrieved texts hold answers, one list at a time.
public struct AnswerEvaluation: Sendable {
    private let evidence: AnswerEvidence
    private let options: MeasureOptions
    private var evaluator: Evaluator
    private var withoutAnswers = 0
    private var entries = 0
    private var entriesWithText = 0
    private var identical = 0

    /// Starts without lists.
    ///
    /// - Throws: `EvaluationError.badCutOff`.
    public init(
        evidence: AnswerEvidence = .texts(.string), _ options: MeasureOptions = MeasureOptions()
    ) throws(EvaluationError) {
        self.evidence = evidence
        self.options = options
        evaluator = try Evaluator(
            cutOffs: options.cutOffs,
            measures: [.accuracy, .meanReciprocalRank, .reciprocalRank, .averageRank])
    }

    /// Adds what was retrieved for one question.
    ///
    /// - Throws: `EvaluationError.missingFlag` where flags are read and one is absent.
    public mutating func add(_ list: RankedList) throws(EvaluationError) {
        var list = list
        let given = list.entries.count
        list.entries = options.entries(of: list)
        identical += given - list.entries.count
        let flags = try self.flags(list)
        if list.answers.isEmpty, case .texts = evidence { withoutAnswers += 1 }
        entries += list.entries.count
        entriesWithText += list.entries.count { !$0.text.isEmpty }
        let gains = flags.map { $0 ? 1 : 0 }
        evaluator.add(RankedRelevance(gains: gains, allGains: gains))
    }

    /// Adds something a reader of the report has to know.
    public mutating func note(_ text: String) {
        evaluator.note(text)
    }

    /// The means over all lists.
    ///
    /// - Throws: `EvaluationError.noQuestions`, or `noTexts` where texts are searched and all are
    ///   empty.
    public func report() throws(EvaluationError) -> EvaluationReport {
        if case .texts = evidence, entries > 0, entriesWithText == 0 { throw .noTexts }
        var evaluator = self.evaluator
        if let note = Evaluation.noteOfIdentical(identical) { evaluator.note(note) }
        if withoutAnswers > 0 {
            evaluator.note("questions without answers, counted as missed: \(withoutAnswers)")
        }
        return try evaluator.report()
    }

    private func flags(_ list: RankedList) throws(EvaluationError) -> [Bool] {
        switch evidence {
        case .flags:
            var flags: [Bool] = []
            for (index, entry) in list.entries.enumerated() {
                guard let flag = entry.hasAnswer else {
                    throw .missingFlag(questionID: list.questionID, rank: index + 1)
                }
                flags.append(flag)
            }
            return flags
        case .texts(let mode):
            let matcher = AnswerMatcher(answers: list.answers, mode: mode)
            return list.entries.map { matcher.matches($0.text) }
        }
    }
}
