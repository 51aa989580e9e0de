public import Corpus

/// How a negative relevance is to be taken.
public enum NegativeRelevance: String, Sendable, Codable, CaseIterable {
    /// As not relevant, which is what TREC means by it.
    case notRelevant = "not-relevant"
    /// As relevant with gain 1, which is what Cranfield's judgements mean by −1.
    case relevant
}

/// Where it is read whether a passage holds an answer.
public enum AnswerEvidence: Sendable, Hashable {
    /// From the entries' own flags.
    case flags
    /// From the texts, by a look-up of the answers.
    case texts(AnswerMode)
}

/// Ready-made evaluations of ranked lists.
public enum Evaluation {
    /// Measures by judgements: all measures, over the questions that have a relevant passage.
    ///
    /// - Throws: an `EvaluationError` where nothing can be measured.
    public static func byJudgements(
        _ lists: [RankedList], _ judgements: RelevanceJudgements,
        _ options: MeasureOptions = MeasureOptions()
    ) throws(EvaluationError) -> EvaluationReport {
        var gains: [(id: String, gains: [String: Int])] = []
        var negativeCount = 0
        for id in judgements.questionIDs {
            let given = judgements.relevance[id] ?? [:]
            negativeCount += given.values.count { $0 < 0 }
            let taken = given.mapValues { $0 < 0 ? (options.negatives == .relevant ? 1 : 0) : $0 }
            gains.append((id, taken.filter { $0.value > 0 }))
        }
        var notes: [String] = []
        if negativeCount > 0 {
            notes.append(
                "\(counted(negativeCount, "negative judgement")) taken as "
                    + (options.negatives == .relevant ? "relevant" : "not relevant"))
        }
        return try measure(lists, gains, "judgements", notes: notes, options)
    }

    /// Measures by the questions' gold passages: all measures, over the questions that have one.
    ///
    /// Questions of equal text share their gold passages.
    ///
    /// - Throws: an `EvaluationError` where nothing can be measured.
    public static func byGoldPassages(
        _ lists: [RankedList], _ questions: [Question],
        _ options: MeasureOptions = MeasureOptions()
    ) throws(EvaluationError) -> EvaluationReport {
        var gold: [UInt64: [String: Int]] = [:]
        for question in questions {
            for id in question.goldIDs {
                gold[NormalisedText.hash(question.text), default: [:]][id] = 1
            }
        }
        let gains = questions.map { question in
            (id: question.id, gains: gold[NormalisedText.hash(question.text)] ?? [:])
        }
        return try measure(lists, gains, "gold passages", notes: [], options)
    }

    /// Measures whether retrieved texts hold answers: accuracy, MRR and average rank.
    ///
    /// With `questions`, their answers count and each of them is measured, also where it has no
    /// results; without, the lists' own answers count.
    ///
    /// - Throws: an `EvaluationError` where flags or texts are missing.
    public static func byAnswers(
        _ lists: [RankedList], questions: [Question]? = nil,
        evidence: AnswerEvidence = .texts(.string), _ options: MeasureOptions = MeasureOptions()
    ) throws(EvaluationError) -> EvaluationReport {
        var evaluation = try AnswerEvaluation(evidence: evidence, options)
        guard let questions else {
            for list in lists { try evaluation.add(list) }
            return try evaluation.report()
        }
        let byID = try index(lists)
        var missing: [String] = []
        for question in questions {
            var list = RankedList(questionID: question.id, entries: [])
            if let found = byID[question.id] {
                list = lists[found]
            } else {
                missing.append(question.id)
            }
            list.answers = question.answers
            try evaluation.add(list)
        }
        for note in notes(
            missing: missing, results: lists.map(\.questionID), truth: questions.map(\.id),
            "the question file")
        {
            evaluation.note(note)
        }
        return try evaluation.report()
    }

    private static func measure(
        _ lists: [RankedList], _ gains: [(id: String, gains: [String: Int])], _ source: String,
        notes: [String], _ options: MeasureOptions
    ) throws(EvaluationError) -> EvaluationReport {
        guard options.relevanceLevel >= 1 else {
            throw .badRelevanceLevel(options.relevanceLevel)
        }
        var evaluator = try Evaluator(cutOffs: options.cutOffs)
        for note in notes { evaluator.note(note) }
        let byID = try index(lists)
        var missing: [String] = []
        var withoutRelevant: [String] = []
        var identical = 0
        for (id, gains) in gains {
            guard gains.values.contains(where: { $0 >= options.relevanceLevel }) else {
                withoutRelevant.append(id)
                continue
            }
            if byID[id] == nil { missing.append(id) }
            let entries = byID[id].map { options.entries(of: lists[$0]) } ?? []
            identical += (byID[id].map { lists[$0].entries.count } ?? 0) - entries.count
            evaluator.add(
                RankedRelevance(
                    rankedIDs: entries.map(\.id), gains: gains, level: options.relevanceLevel))
        }
        if let note = noteOfIdentical(identical) { evaluator.note(note) }
        for note in Self.notes(
            missing: missing, results: lists.map(\.questionID), truth: gains.map(\.id),
            "the \(source)")
        {
            evaluator.note(note)
        }
        if !withoutRelevant.isEmpty {
            evaluator.note(
                "\(counted(withoutRelevant.count, "question")) without a relevant passage in the "
                    + "\(source), left out: \(some(withoutRelevant))")
        }
        return try evaluator.report()
    }

    private static func index(_ lists: [RankedList]) throws(EvaluationError) -> [String: Int] {
        var byID: [String: Int] = [:]
        for (index, list) in lists.enumerated()
        where byID.updateValue(index, forKey: list.questionID) != nil {
            throw .duplicateList(questionID: list.questionID)
        }
        return byID
    }

    private static func notes(
        missing: [String], results: [String], truth: [String], _ source: String
    ) -> [String] {
        let known = Set(truth)
        let strangers = results.filter { !known.contains($0) }
        if strangers.count == results.count, !results.isEmpty {
            return [
                "no question of the results is in \(source), so all values are 0: the results "
                    + "have \(some(results)), \(source) \(some(truth)); use the same ids in both"
            ]
        }
        var notes: [String] = []
        if !missing.isEmpty {
            notes.append(
                "\(counted(missing.count, "question")) without results, counted as missed: "
                    + some(missing))
        }
        if !strangers.isEmpty {
            notes.append(
                "\(counted(strangers.count, "question")) of the results not in \(source), "
                    + "left out: \(some(strangers))")
        }
        return notes
    }

    static func noteOfIdentical(_ count: Int) -> String? {
        count > 0 ? "\(counted(count, "passage")) with the id of the question left out" : nil
    }

    private static func some(_ ids: [String]) -> String {
        ids.prefix(5).joined(separator: ", ") + (ids.count > 5 ? ", …" : "")
    }
}
