public import Corpus

/// Measures answers as texts, by what they cite, and by how sure they are.
public struct AnswerQuality: Sendable {
    /// Where the passages that answer a question are known: their ids, and their titles.
    public struct Gold: Sendable {
        /// Ids of passages.
        public var ids: Set<String>
        /// Titles of passages.
        public var titles: Set<String>

        /// Names passages.
        public init(ids: Set<String>, titles: Set<String>) {
            self.ids = ids
            self.titles = titles
        }
    }

    private let cutOffs: [Int]
    private let mode: AnswerMode
    private var questions = 0
    private var unanswerable = 0
    private var abstained = 0
    private var exact = 0.0
    private var f1 = 0.0
    private var rouge = 0.0
    private var holding = 0
    private var bleu = CorpusBLEU()
    private var grams: [Set<[String]>] = [[], [], []]
    private var gramCounts = [0, 0, 0]
    private var cited = 0
    private var inCited = 0
    private var withGold: [Source: Int] = [:]
    private var hits: [Source: [Int: Double]] = [:]
    private var precision: [Source: [Int: Double]] = [:]
    private var confidences: [(confidence: Double, isRight: Bool)] = []
    private var allAreProbabilities = true

    /// What passages are known by.
    public enum Source: String, Sendable, CaseIterable {
        /// Their ids.
        case ids
        /// Their titles, of which equal ones count once.
        case titles
    }

    /// Starts without answers.
    ///
    /// - Throws: `EvaluationError.badCutOff`.
    public init(cutOffs: [Int] = [1, 5], mode: AnswerMode = .string) throws(EvaluationError) {
        if let bad = cutOffs.first(where: { $0 < 1 }) { throw .badCutOff(bad) }
        self.cutOffs = cutOffs
        self.mode = mode
    }

    /// Adds an answer; `record.answers` are the true ones.
    ///
    /// A question without a true answer is counted, and left out of what compares with one.
    public mutating func add(_ record: AnswerRecord, gold: Gold? = nil) {
        questions += 1
        if record.answer.isEmpty { abstained += 1 }
        countGrams(record.answer)
        if let gold { addPassages(record, gold) }
        addCitation(record)
        guard !record.answers.isEmpty else {
            unanswerable += 1
            return
        }
        let score = AnswerScore(record.answer, answers: record.answers)
        exact += score.exact
        f1 += score.f1
        rouge += RougeL.f1(record.answer, references: record.answers)
        bleu.add(record.answer, references: record.answers)
        let matcher = AnswerMatcher(answers: record.answers, mode: mode)
        let holds = !record.answer.isEmpty && matcher.matches(record.answer)
        holding += holds ? 1 : 0
        // An abstention is no answer that could be given.
        guard !record.answer.isEmpty, let confidence = record.probability ?? record.score else {
            return
        }
        allAreProbabilities = allAreProbabilities && record.probability != nil
        let isRight = mode == .expression ? holds : score.exact == 1
        confidences.append((confidence, isRight))
    }

    private mutating func countGrams(_ answer: String) {
        let words = MTWords.split(answer)
        for order in 1...grams.count {
            let counts = NGrams.counts(words, order)
            grams[order - 1].formUnion(counts.keys)
            gramCounts[order - 1] += counts.values.reduce(0, +)
        }
    }

    private mutating func addPassages(_ record: AnswerRecord, _ gold: Gold) {
        var titles: [String] = []
        for passage in record.passages where !titles.contains(passage.title) {
            titles.append(passage.title)
        }
        for (source, known, ranked) in [
            (Source.ids, gold.ids, record.passages.map(\.id)), (.titles, gold.titles, titles),
        ] where !known.isEmpty {
            withGold[source, default: 0] += 1
            for cutOff in cutOffs {
                let found = ranked.prefix(cutOff).count { known.contains($0) }
                hits[source, default: [:]][cutOff, default: 0] += found > 0 ? 1 : 0
                precision[source, default: [:]][cutOff, default: 0] +=
                    Double(found) / Double(cutOff)
            }
        }
    }

    private mutating func addCitation(_ record: AnswerRecord) {
        guard let passage = record.cited, !passage.text.isEmpty, !record.answer.isEmpty else {
            return
        }
        cited += 1
        if AnswerMatcher(answers: [record.answer]).matches(passage.text) { inCited += 1 }
    }

    /// How often answers are wrong over how many are given; nil where none tells how sure it is.
    public var risk: SelectiveRisk? {
        confidences.isEmpty ? nil : SelectiveRisk(confidences)
    }

    /// The measures over all answers.
    ///
    /// - Throws: `EvaluationError.noQuestions` without answers.
    public func report() throws(EvaluationError) -> AnswerReport {
        guard questions > 0 else { throw .noQuestions }
        var report = AnswerReport(questions: questions, abstained: abstained)
        func add(_ measure: AnswerMeasure, _ value: Double) {
            report.texts.append(AnswerReport.TextValue(measure: measure, value: value))
        }
        let measured = Double(questions - unanswerable)
        if measured > 0 {
            add(.exactMatch, exact / measured)
            add(.f1, f1 / measured)
            add(.accuracy, Double(holding) / measured)
            add(.rougeL, rouge / measured)
            add(.bleu1, bleu.value(order: 1))
            add(.bleu4, bleu.value(order: 4))
        }
        for (order, measure) in [AnswerMeasure.distinct1, .distinct2, .distinct3].enumerated()
        where gramCounts[order] > 0 {
            add(measure, Double(grams[order].count) / Double(gramCounts[order]))
        }
        if cited > 0 { add(.inCited, Double(inCited) / Double(cited)) }
        for source in Source.allCases {
            guard let count = withGold[source], count > 0 else { continue }
            for cutOff in cutOffs {
                report.passages.append(
                    AnswerReport.Passages(
                        source: source, cutOff: cutOff,
                        hit: (hits[source]?[cutOff] ?? 0) / Double(count),
                        precision: (precision[source]?[cutOff] ?? 0) / Double(count)))
            }
        }
        if let risk {
            report.area = risk.area
            if allAreProbabilities { report.calibrationError = risk.calibrationError }
        }
        report.notes = notes
        return report
    }

    private var notes: [String] {
        var notes: [String] = []
        if unanswerable > 0 {
            notes.append(
                "\(counted(unanswerable, "question")) without a true answer, left out of what "
                    + "compares with one; name a file with answers by --answers")
        }
        if abstained > 0 {
            notes.append("\(counted(abstained, "question")) without an answer, counted as missed")
        }
        if confidences.isEmpty, questions > unanswerable {
            notes.append("no answer tells how sure it is: no calibration, no risk")
        } else if !confidences.isEmpty, !allAreProbabilities {
            notes.append("answers are ordered by score; without probabilities no calibration error")
        }
        return notes
    }
}
