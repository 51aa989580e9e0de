public import ClusterRuntime
import Corpus
public import Evaluation
public import Formats
import Foundation

/// What results are to be measured by.
public struct EvaluationOrder: Equatable, Sendable {
    /// Where it is written which passages are right.
    public enum Truth: Equatable, Sendable {
        /// In the results themselves: DPR's JSON carries the answers.
        case results
        /// In a file of questions with answers.
        case answers(String)
        /// In TREC or BEIR judgements.
        case judgements(String, negatives: NegativeRelevance)
        /// In a file of questions with the ids of the passages that answer them.
        case gold(String)
    }

    /// The results: DPR's JSON, a TREC run, or MS MARCO's three columns.
    public var results: String
    /// What is right.
    public var truth: Truth
    /// How answers are looked up; nil: as expressions for CuratedTREC, else as strings.
    public var match: AnswerMode?
    /// How lists are measured; how negative judgements count is said with them.
    public var options = MeasureOptions()

    /// Makes an order.
    public init(results: String, truth: Truth = .results, match: AnswerMode? = nil) {
        self.results = results
        self.truth = truth
        self.match = match
    }

    /// The form of a result file.
    enum Form: Equatable {
        case dpr
        case trec
    }

    /// Whether the texts must come from a collection: a TREC run carries none.
    public var needsTexts: Bool {
        get throws(SheafError) {
            guard case .answers = truth else { return false }
            return try form() == .trec
        }
    }

    /// Tells the form by the first character that is no white space, or by the name if compressed.
    func form() throws(SheafError) -> Form {
        let file: FileHandle
        do {
            file = try FileHandle(forReadingFrom: URL(fileURLWithPath: results))
        } catch {
            throw .corpus(.cannotOpen(path: results, reason: error.localizedDescription))
        }
        defer { try? file.close() }
        let head = (try? file.read(upToCount: 4096)) ?? Data()
        if head.starts(with: [0x1F, 0x8B]) { return results.contains(".json") ? .dpr : .trec }
        let first = head.drop { [0x20, 0x09, 0x0A, 0x0D, 0xEF, 0xBB, 0xBF].contains($0) }.first
        return first == UInt8(ascii: "[") || first == UInt8(ascii: "{") ? .dpr : .trec
    }
}

extension EvaluationOrder {
    /// Measures the results.
    ///
    /// Questions are matched by id; results that carry the question's text are matched by that
    /// where the question file holds it, since DPR's JSON has no ids.
    ///
    /// - Parameter collection: Where the texts of a TREC run are, if `needsTexts`.
    public func measure(
        texts collection: CollectionReader? = nil
    ) throws(SheafError) -> EvaluationReport {
        try typed {
            switch truth {
            case .results:
                guard try form() == .dpr else {
                    throw SheafError.request(
                        """
                        \(results) is a TREC run, which holds no answers. Name what is right with \
                        --qrels, --gold, or --answers and --collection.
                        """)
                }
                return try byOwnAnswers()
            case .answers(let file):
                let list = try QuestionList(file: file)
                var lists = try aligned(with: list.questions, of: file)
                if try form() == .trec {
                    guard let collection else {
                        throw SheafError.request(
                            """
                            \(results) is a TREC run without texts to look answers up in. Name the \
                            collection it came from with --collection.
                            """)
                    }
                    try EvaluationOrder.fill(&lists, from: collection)
                }
                return try Evaluation.byAnswers(
                    lists, questions: list.questions, evidence: .texts(match ?? list.match), options
                )
            case .judgements(let file, let negatives):
                var options = options
                options.negatives = negatives
                return try Evaluation.byJudgements(
                    try lists(), try RelevanceJudgements.read(file), options)
            case .gold(let file):
                let questions = try QuestionFile.read(file)
                return try Evaluation.byGoldPassages(
                    try aligned(with: questions, of: file), questions, options)
            }
        }
    }

    /// One list at a time, so that memory does not grow with the file.
    private func byOwnAnswers() throws -> EvaluationReport {
        var evaluation = try AnswerEvaluation(evidence: .texts(match ?? .string), options)
        var failure: EvaluationError?
        try DPRResults.read(results) { list in
            do throws(EvaluationError) {
                if failure == nil { try evaluation.add(list) }
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return try evaluation.report()
    }

    private func lists() throws -> [RankedList] {
        try form() == .dpr ? try DPRResults.read(results) : try TRECRun.read(results)
    }

    /// The lists under the ids of `questions`, by the question's text where they carry it: one of
    /// another question is left out, since its id may be its number in the file alone.
    private func aligned(with questions: [Question], of file: String) throws -> [RankedList] {
        var ids: [String: [String]] = [:]
        for question in questions.reversed() { ids[question.text, default: []].append(question.id) }
        let given = try lists()
        let known = given.compactMap { list -> RankedList? in
            guard !list.question.isEmpty else { return list }
            // Of questions with one text each takes its own list, in the order of the file.
            guard let id = ids[list.question]?.popLast() else { return nil }
            var list = list
            list.questionID = id
            return list
        }
        guard !known.isEmpty || given.isEmpty else {
            throw SheafError.request(
                """
                No list of \(results) is of a question of \(file). Name the questions that were \
                asked.
                """)
        }
        return known
    }

    /// Gives the entries their texts.
    private static func fill(
        _ lists: inout [RankedList], from collection: CollectionReader
    ) throws {
        let wanted = Set(lists.flatMap { $0.entries.map(\.id) })
        let known = try collection.passages(wanted)
        if let stranger = wanted.subtracting(known.keys).min() {
            throw SheafError.request(
                """
                Passage “\(stranger)” of the results is not in the collection. Name the one that \
                was searched with --collection.
                """)
        }
        for list in lists.indices {
            for entry in lists[list].entries.indices {
                lists[list].entries[entry].text = known[lists[list].entries[entry].id]?.text ?? ""
            }
        }
    }
}

extension EvaluationReport {
    /// The report for programs: per measure its values by cut-off, or its one value.
    public var document: JSONValue {
        let measures: [JSONValue.Member] = Measure.allCases.compactMap { measure in
            if let whole = value(measure) { return .init(measure.rawValue, .real(whole)) }
            let values = values.filter { $0.measure == measure }.compactMap { value in
                value.cutOff.map { JSONValue.Member("\($0)", .real(value.value)) }
            }
            return values.isEmpty ? nil : .init(measure.rawValue, .object(values))
        }
        return [
            "questions": .integer(UInt64(questions)), "depth": .integer(UInt64(depth)),
            "measures": .object(measures), "notes": .strings(notes),
        ]
    }
}
