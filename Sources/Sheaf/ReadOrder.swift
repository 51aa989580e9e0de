import Corpus
public import Evaluation
public import Formats
public import Models

/// Search results whose passages a reader is to find answers in.
public struct ReadOrder: Equatable, Sendable {
    /// The folder of a DPR reader.
    public var model: String
    /// Results in DPR's JSON, with the passages' titles and texts.
    public var results: String
    /// Passages read per question at most, from the best.
    public var passages = 20
    /// How spans are chosen.
    public var spans = SpanOptions(spans: 5, spansPerPassage: 10, maximumLength: 10)
    /// Compute threads.
    public var threads = 1

    /// Names reader and results; all else has its default.
    public init(model: String, results: String) {
        self.model = model
        self.results = results
    }
}

/// What a reader found for one question.
public struct ReadAnswer: Equatable, Sendable {
    /// The question.
    public var question: String
    /// Its id in the results.
    public var id: String
    /// The answers the results name; empty where they name none.
    public var answers: [String]
    /// The best spans, best first.
    public var spans: [Span]
    /// What was cut off the question with each of its passages.
    public var cuts: TextCuts
    /// How well the first span fits the answers; nil without answers.
    public var score: AnswerScore?

    /// A span with the passage it stands in.
    public struct Span: Equatable, Sendable {
        /// The words.
        public var text: String
        /// The passage's id.
        public var passage: String
        /// Start logit + end logit.
        public var score: Float
        /// How well the passage answers.
        public var relevance: Float
    }
}

/// What a reading came to.
public struct ReadSummary: Equatable, Sendable {
    /// Questions read.
    public var questions = 0
    /// Those with answers to compare with.
    public var measured = 0
    /// Sum of exact matches.
    public var exact = 0.0
    /// Sum of F1.
    public var f1 = 0.0
    /// What was cut off the questions with their passages.
    public var cuts = TextCuts()
}

extension ReadOrder {
    /// Reads question by question.
    ///
    /// - Parameters:
    ///   - isCancelled: Looked at before each question.
    ///   - found: Called with each answer, in the order of the file.
    public func run(
        isCancelled: () -> Bool = { false },
        found: (ReadAnswer) throws(SheafError) -> Void
    ) throws(SheafError) -> ReadSummary {
        for (number, what) in [
            (passages, "passages"), (spans.spans, "spans"),
            (spans.spansPerPassage, "spans per passage"), (spans.maximumLength, "tokens of a span"),
        ] where number < 1 {
            throw .request("\(number) \(what): name 1 or more.")
        }
        let reader = try typed { try DPRReader.load(folder: model) }
        let lists = try typed { try DPRResults.read(results) }
        var summary = ReadSummary()
        for list in lists {
            guard !isCancelled() else { throw .interrupted("Interrupted.") }
            let answer = read(list, with: reader)
            summary.questions += 1
            summary.cuts.add(answer.cuts)
            if let score = answer.score {
                summary.measured += 1
                summary.exact += score.exact
                summary.f1 += score.f1
            }
            try found(answer)
        }
        return summary
    }

    private func read(_ list: RankedList, with reader: DPRReader) -> ReadAnswer {
        let entries = Array(list.entries.prefix(passages))
        let texts = entries.map { (title: $0.title, text: $0.text) }
        let found = reader.answers(
            to: list.question, in: texts, options: spans, threads: threads)
        let spans = found.map { span in
            ReadAnswer.Span(
                text: span.text, passage: entries[span.passage].id, score: span.spanScore,
                relevance: span.relevanceScore)
        }
        return ReadAnswer(
            question: list.question, id: list.questionID, answers: list.answers, spans: spans,
            cuts: reader.cuts(question: list.question, passages: texts),
            score: list.answers.isEmpty
                ? nil : AnswerScore(spans.first?.text ?? "", answers: list.answers))
    }
}

extension ReadAnswer {
    /// The answer for people: the question, then a line a span.
    public var text: String {
        let rows = spans.map { span in
            [
                String(format3(span.score)), String(format3(span.relevance)), span.passage,
                span.text,
            ]
        }
        let table = TextTable(["span", "relevance", "passage", "answer"], rows, right: [0, 1])
        let verdict = score.map { "  (exact \($0.exact), F1 \(format3(Float($0.f1))))" } ?? ""
        return question + verdict + "\n" + table.text + "\n"
    }

    private func format3(_ value: Float) -> String {
        let thousandths = (Double(value) * 1000).rounded() / 1000
        return "\(thousandths)"
    }

    /// The answer for programs.
    public var document: JSONValue {
        [
            "id": .string(id), "question": .string(question), "answers": .strings(answers),
            "spans": .array(
                spans.map {
                    [
                        "text": .string($0.text), "passage": .string($0.passage),
                        "score": .real(Double($0.score)),
                        "relevance": .real(Double($0.relevance)),
                    ]
                }),
            "exact": score.map { .real($0.exact) } ?? .null,
            "f1": score.map { .real($0.f1) } ?? .null,
        ]
    }
}

extension ReadSummary {
    /// Share of exact matches; nil where nothing was measured.
    public var exactMatch: Double? { measured > 0 ? exact / Double(measured) : nil }
    /// Mean F1; nil where nothing was measured.
    public var meanF1: Double? { measured > 0 ? f1 / Double(measured) : nil }

    /// The summary for people.
    public var text: String {
        let read = "\(Quantity.count(questions, "question")) read"
        guard let exactMatch, let meanF1 else { return read }
        return read + ", \(Quantity.count(UInt64(measured))) with answers: exact match "
            + "\(rounded(exactMatch)), F1 \(rounded(meanF1))"
    }

    private func rounded(_ value: Double) -> String { "\((value * 10_000).rounded() / 10_000)" }

    /// The summary for programs.
    public var document: JSONValue {
        let document: JSONValue = [
            "questions": .integer(UInt64(questions)), "measured": .integer(UInt64(measured)),
            "exact_match": exactMatch.map { .real($0) } ?? .null,
            "f1": meanF1.map { .real($0) } ?? .null,
        ]
        return document.with("cuts", cuts.textsCut > 0 ? cuts.document : nil)
    }
}
