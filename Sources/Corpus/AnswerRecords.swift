import Formats

/// What was answered to a question, and the passages it rests on.
public struct AnswerRecord: Hashable, Sendable {
    /// The question's id.
    public var id: String
    /// The question; empty where the file does not carry it.
    public var question: String
    /// The accepted answers; empty where the file does not carry them.
    public var answers: [String]
    /// The answer that was given; empty where none was.
    public var answer: String
    /// How likely the answer is right, in [0, 1]; nil where it was not told.
    public var probability: Double?
    /// What answers are ordered by where no probability is told; higher is better.
    public var score: Double?
    /// The passages, as they were ranked; their score is what each weighs in the answer.
    public var passages: [RankedEntry]

    /// The passage that weighs most, of equal ones the first.
    public var cited: RankedEntry? {
        passages.max { $0.score < $1.score }.flatMap { most in
            passages.first { $0.score == most.score }
        }
    }

    /// Makes a record.
    public init(
        id: String, question: String = "", answers: [String] = [], answer: String,
        probability: Double? = nil, score: Double? = nil, passages: [RankedEntry] = []
    ) {
        self.id = id
        self.question = question
        self.answers = answers
        self.answer = answer
        self.probability = probability
        self.score = score
        self.passages = passages
    }
}

/// Files of answers: one JSON object a line, or an array of them.
///
/// An object has `question` and `id`, `answer` (or `prediction`), and may have `answers`,
/// `probability`, `score` and `passages` (`id`, `title`, `text`, `posterior`). What `sheaf read
/// --json` writes is taken too: the first span is the answer, its passage the one that is cited.
public enum AnswerRecords {
    /// Tells whether the first object of a file is an answer, not a ranked list or a question.
    public static func isFile(_ path: String) throws(CorpusError) -> Bool {
        guard let value = try JSONElements(path: path).next()?.value, value["ctxs"] == nil else {
            return false
        }
        if value["spans"] != nil || value["prediction"] != nil { return true }
        let marks = ["passages", "probability", "score", "abstained"]
        return value["answer"] != nil && marks.contains { value[$0] != nil }
    }

    /// Reads a file, one answer at a time.
    ///
    /// - Throws: a `CorpusError` with file and line of a malformed object or of an id that stands
    ///   twice, or what `body` throws.
    public static func read(
        _ path: String, _ body: (AnswerRecord) throws(CorpusError) -> Void
    ) throws(CorpusError) {
        let elements = try JSONElements(path: path)
        var number = 0
        var places: [[UInt8]: SourcePlace] = [:]
        while let (place, value) = try elements.next() {
            if isSummary(value) { continue }
            number += 1
            let record: AnswerRecord
            do throws(Malformation) {
                record = try Self.record(value, number: number)
            } catch {
                throw .malformed(place: place, reason: error)
            }
            if let first = places.updateValue(place, forKey: Array(record.id.utf8)) {
                throw .duplicateEntry(id: record.id, first: first, second: place)
            }
            try body(record)
        }
        if number == 0 { throw .noQuestions(path: path) }
    }

    /// The last line of `sheaf read --json` counts what was read.
    private static func isSummary(_ value: JSONValue) -> Bool {
        value["questions"] != nil && value["question"] == nil
    }

    private static func record(
        _ value: JSONValue, number: Int
    ) throws(Malformation) -> AnswerRecord {
        var record = AnswerRecord(id: "\(number)", answer: "")
        if let id = value.first(of: QuestionFile.identifierNames) {
            record.id = try id.value.identifier(field: id.name)
        }
        if let question = value["question"] {
            record.question = try question.string(field: "question")
        }
        if let answers = value["answers"] {
            record.answers = try QuestionFile.strings(answers, field: "answers")
        }
        if let passages = value["passages"] {
            record.passages = try Self.passages(passages)
        }
        if let spans = value["spans"] {
            try read(spans, into: &record)
        } else if let answer = value.first(of: ["answer", "prediction"]) {
            record.answer = try answer.value.string(field: answer.name)
        } else if value["abstained"] != .bool(true) {
            throw .missingField("answer")
        }
        if let score = value["score"] { record.score = try Self.number(score, "score") }
        if let probability = value["probability"] {
            let number = try Self.number(probability, "probability")
            guard (0...1).contains(number) else {
                throw .badNumber(field: "probability", value: "\(number)")
            }
            record.probability = number
        }
        return record
    }

    private static func read(
        _ spans: JSONValue, into record: inout AnswerRecord
    ) throws(Malformation) {
        for span in try spans.array(field: "spans") {
            guard let text = span["text"] else { throw .missingField("text") }
            guard let id = span["passage"] else { throw .missingField("passage") }
            if record.passages.isEmpty {
                record.answer = try text.string(field: "text")
                if let score = span["score"] { record.score = try Self.number(score, "score") }
            }
            record.passages.append(
                RankedEntry(id: try id.identifier(field: "passage"), score: 0))
        }
    }

    private static func passages(_ value: JSONValue) throws(Malformation) -> [RankedEntry] {
        var entries: [RankedEntry] = []
        for passage in try value.array(field: "passages") {
            guard let id = passage["id"] else { throw .missingField("id") }
            var entry = RankedEntry(id: try id.identifier(field: "id"), score: 0)
            if let title = passage["title"] { entry.title = try title.string(field: "title") }
            if let text = passage["text"] { entry.text = try text.string(field: "text") }
            if let posterior = passage["posterior"] {
                entry.score = try number(posterior, "posterior")
            }
            entries.append(entry)
        }
        return entries
    }

    private static func number(_ value: JSONValue, _ field: String) throws(Malformation) -> Double {
        guard case .number(let text) = value, let number = Double(text), number.isFinite else {
            throw .wrongType(field: field, expected: "a number")
        }
        return number
    }
}
