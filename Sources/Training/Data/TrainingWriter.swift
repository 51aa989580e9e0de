import Corpus
import Formats

/// Writes training examples one by one in one of the field's forms; memory does not grow with
/// their texts.
///
/// Files appear under their names when `finish()` returns.
public final class TrainingWriter {
    /// The forms that can be written.
    public enum Form: String, CaseIterable, Codable, Sendable {
        /// DPR's JSON array.
        case dpr
        /// A Simple Transformers table; of the positives the first, of the hard negatives as many
        /// as there are columns. A negative's title stands before its text.
        case simpleTransformers = "simple-transformers"
        /// A BEIR folder; negatives become passages of the corpus.
        case beir
        /// An MS MARCO folder; titles stand before texts.
        case msmarco
        /// Objects with question and answer, one a line, for each positive.
        case pairs

        /// Whether it tells the negatives of a question.
        public var holdsNegatives: Bool {
            switch self {
            case .dpr, .simpleTransformers: true
            case .beir, .msmarco, .pairs: false
            }
        }
    }

    /// Examples written.
    public private(set) var count = 0

    private let writer: any ExampleWriter

    /// Starts a file, or a folder for BEIR and MS MARCO.
    ///
    /// - Parameters:
    ///   - path: The file or folder.
    ///   - form: What is written.
    ///   - hardNegatives: Columns of hard negatives in a table.
    ///   - split: The split in the names of BEIR's and MS MARCO's files.
    /// - Throws: `TrainingError`.
    public init(
        _ path: String, form: Form, hardNegatives: Int = 1, split: String = "train"
    ) throws(TrainingError) {
        switch form {
        case .dpr: writer = try DPRWriter(path)
        case .simpleTransformers: writer = try TableWriter(path, hardNegatives: hardNegatives)
        case .beir: writer = try CollectionWriter(path, form: BEIRForm(), split: split)
        case .msmarco: writer = try CollectionWriter(path, form: MSMARCOForm(), split: split)
        case .pairs: writer = try PairWriter(path)
        }
    }

    /// Adds an example.
    ///
    /// - Throws: `TrainingError.unwritable` where the form cannot carry it.
    public func write(_ example: TrainingExample) throws(TrainingError) {
        try writer.write(example)
        count += 1
    }

    /// Ends the files and gives them their names.
    public func finish() throws(TrainingError) {
        try writer.finish()
    }
}

/// One form.
protocol ExampleWriter: AnyObject {
    func write(_ example: TrainingExample) throws(TrainingError)
    func finish() throws(TrainingError)
}

/// DPR's JSON.
private final class DPRWriter: ExampleWriter {
    private let output: TextOutput
    private var isEmpty = true

    init(_ path: String) throws(TrainingError) {
        output = try readingCorpus { () throws(CorpusError) in try TextOutput(path: path) }
    }

    func write(_ example: TrainingExample) throws(TrainingError) {
        let head = isEmpty ? "[\n" : ",\n"
        isEmpty = false
        let value: JSONValue = [
            "id": .string(example.id), "question": .string(example.question),
            "answers": .strings(example.answers),
            "positive_ctxs": .array(example.positives.map(Self.value)),
            "negative_ctxs": .array(example.negatives.map(Self.value)),
            "hard_negative_ctxs": .array(example.hardNegatives.map(Self.value)),
        ]
        let text = head + value.text(.spaced)
        try readingCorpus { () throws(CorpusError) in try output.write(text) }
    }

    private static func value(_ passage: TrainingPassage) -> JSONValue {
        var members: [JSONValue.Member] = [
            .init("title", .string(passage.title)), .init("text", .string(passage.text)),
        ]
        if let score = passage.score { members.append(.init("score", .number("\(score)"))) }
        if !passage.id.isEmpty { members.append(.init("passage_id", .string(passage.id))) }
        return .object(members)
    }

    func finish() throws(TrainingError) {
        let text = isEmpty ? "[]\n" : "\n]\n"
        try readingCorpus { () throws(CorpusError) in
            try output.write(text)
            try output.finish()
        }
    }
}

/// A table with named columns.
private final class TableWriter: ExampleWriter {
    private let output: TextOutput
    private let hardNegatives: Int

    init(_ path: String, hardNegatives: Int) throws(TrainingError) {
        self.hardNegatives = hardNegatives
        var names = ["query_text", "gold_passage", "title"]
        if hardNegatives == 1 { names.append("hard_negative") }
        if hardNegatives > 1 { names += (0..<hardNegatives).map { "hard_negative_\($0)" } }
        let header = names.joined(separator: "\t") + "\n"
        output = try readingCorpus { () throws(CorpusError) in
            let output = try TextOutput(path: path)
            try output.write(header)
            return output
        }
    }

    func write(_ example: TrainingExample) throws(TrainingError) {
        guard let positive = example.positives.first else { return }
        var cells = [example.question, positive.text, positive.title]
        for index in 0..<hardNegatives {
            cells.append(
                index < example.hardNegatives.count ? example.hardNegatives[index].joined : "")
        }
        let line = cells.map(Self.cell).joined(separator: "\t") + "\n"
        try readingCorpus { () throws(CorpusError) in try output.write(line) }
    }

    func finish() throws(TrainingError) {
        try readingCorpus { () throws(CorpusError) in try output.finish() }
    }

    /// A cell, quoted where it has to be.
    private static func cell(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { "\t\n\r\"".unicodeScalars.contains($0) })
        else { return text }
        return "\"" + text.replacing("\"", with: "\"\"") + "\""
    }
}

/// Pairs of question and answer.
private final class PairWriter: ExampleWriter {
    private let output: TextOutput

    init(_ path: String) throws(TrainingError) {
        output = try readingCorpus { () throws(CorpusError) in try TextOutput(path: path) }
    }

    func write(_ example: TrainingExample) throws(TrainingError) {
        for positive in example.positives {
            let value: JSONValue = [
                "id": .string(example.id), "question": .string(example.question),
                "title": .string(positive.title), "answer": .string(positive.text),
            ]
            let text = value.text(.spaced) + "\n"
            try readingCorpus { () throws(CorpusError) in try output.write(text) }
        }
    }

    func finish() throws(TrainingError) {
        try readingCorpus { () throws(CorpusError) in try output.finish() }
    }
}

extension TrainingPassage {
    /// Title and text in one, for forms without titles.
    var joined: String { title.isEmpty ? text : title + " " + text }
}
