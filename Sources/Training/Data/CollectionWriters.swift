import Corpus
import Formats
import Foundation

/// Gives each different passage an id of its own: the source's where it has one.
struct PassageNumbering {
    private var ids: [PassageContent: String] = [:]
    private var owners: [String: PassageContent] = [:]

    /// The id, and whether the passage comes for the first time; nil where the source gave this id
    /// to another passage.
    mutating func id(of passage: TrainingPassage) -> (id: String, isNew: Bool)? {
        let content = passage.content
        if let known = ids[content] { return (known, false) }
        // One that is made up must differ from those that are still to come.
        let id = passage.id.isEmpty ? "p" + String(content.rawValue, radix: 16) : passage.id
        if owners[id] != nil { return nil }
        owners[id] = content
        ids[content] = id
        return (id, true)
    }
}

/// Tells questions that have one id apart.
struct QuestionNumbering {
    private var questions: [String: PassageContent] = [:]

    /// Whether the question comes for the first time; nil where another one has this id.
    mutating func isNew(_ example: TrainingExample) -> Bool? {
        let content = PassageContent(title: "", text: example.question)
        guard let known = questions.updateValue(content, forKey: example.id) else { return true }
        return known == content ? false : nil
    }
}

/// How a collection's three files are called and written: passages, questions and judgements.
protocol CollectionForm: Sendable {
    /// The files' paths in the folder.
    func files(of split: String) -> (corpus: String, queries: String, judgements: String)
    /// What the judgements begin with.
    var judgementsHeading: String { get }
    /// The line of a question; nil where the form cannot carry its text.
    func query(_ id: String, _ text: String) -> String?
    /// The line of a passage; nil where the form cannot carry its text.
    func document(_ id: String, _ passage: TrainingPassage) -> String?
    /// The line that says that a passage answers a question.
    func judgement(query: String, document: String) -> String
}

/// A folder of passages, questions and judgements, each passage once.
final class CollectionWriter: ExampleWriter {
    private let path: String
    private let form: any CollectionForm
    private let corpus: TextOutput
    private let queries: TextOutput
    private let judgements: TextOutput
    private var numbering = PassageNumbering()
    private var questions = QuestionNumbering()

    init(_ path: String, form: any CollectionForm, split: String) throws(TrainingError) {
        self.path = path
        self.form = form
        let files = form.files(of: split)
        let judgementsPath = path + "/" + files.judgements
        try DurableFolder.make((judgementsPath as NSString).deletingLastPathComponent)
        (corpus, queries, judgements) = try readingCorpus { () throws(CorpusError) in
            let judgements = try TextOutput(path: judgementsPath)
            try judgements.write(form.judgementsHeading)
            return (
                try TextOutput(path: path + "/" + files.corpus),
                try TextOutput(path: path + "/" + files.queries), judgements
            )
        }
    }

    func write(_ example: TrainingExample) throws(TrainingError) {
        guard Self.isCarried(example.id),
            let query = form.query(example.id, example.question)
        else { throw uncarried("question", example.id) }
        guard let isNewQuestion = questions.isNew(example) else {
            throw .unwritable(
                path: path, reason: "two different questions have the id “\(example.id)”")
        }
        var documents = ""
        var judged = ""
        for (list, isPositive) in [
            (example.positives, true), (example.hardNegatives, false), (example.negatives, false),
        ] {
            for passage in list {
                guard let (id, isNew) = numbering.id(of: passage) else {
                    throw .unwritable(
                        path: path, reason: "two different passages have the id “\(passage.id)”")
                }
                if isPositive { judged += form.judgement(query: example.id, document: id) }
                guard isNew else { continue }
                guard Self.isCarried(id), let document = form.document(id, passage) else {
                    throw uncarried("passage", id)
                }
                documents += document
            }
        }
        let lines = (documents, judged)
        try readingCorpus { () throws(CorpusError) in
            try corpus.write(lines.0)
            if isNewQuestion { try queries.write(query) }
            try judgements.write(lines.1)
        }
    }

    func finish() throws(TrainingError) {
        try readingCorpus { () throws(CorpusError) in
            try corpus.finish()
            try queries.finish()
            try judgements.finish()
        }
    }

    /// Whether a text fits between the tabs of a line.
    static func isCarried(_ text: String) -> Bool {
        !text.unicodeScalars.contains { "\t\n\r".unicodeScalars.contains($0) }
    }

    private func uncarried(_ what: String, _ id: String) -> TrainingError {
        .unwritable(path: path, reason: "the \(what) “\(id)” holds a tab or a line feed")
    }
}

/// BEIR: JSON lines, and judgements below a heading.
struct BEIRForm: CollectionForm {
    let judgementsHeading = "query-id\tcorpus-id\tscore\n"

    func files(of split: String) -> (corpus: String, queries: String, judgements: String) {
        ("corpus.jsonl", "queries.jsonl", "qrels/\(split).tsv")
    }

    func query(_ id: String, _ text: String) -> String? {
        object([("_id", id), ("text", text)])
    }

    func document(_ id: String, _ passage: TrainingPassage) -> String? {
        object([("_id", id), ("title", passage.title), ("text", passage.text)])
    }

    func judgement(query: String, document: String) -> String { "\(query)\t\(document)\t1\n" }

    private func object(_ members: [(name: String, text: String)]) -> String {
        JSONValue.object(members.map { JSONValue.Member($0.name, .string($0.text)) })
            .text(.spaced) + "\n"
    }
}

/// MS MARCO: columns between tabs, which no text may hold.
struct MSMARCOForm: CollectionForm {
    let judgementsHeading = ""

    func files(of split: String) -> (corpus: String, queries: String, judgements: String) {
        ("collection.tsv", "queries.\(split).tsv", "qrels.\(split).tsv")
    }

    func query(_ id: String, _ text: String) -> String? { row(id, text) }

    func document(_ id: String, _ passage: TrainingPassage) -> String? { row(id, passage.joined) }

    func judgement(query: String, document: String) -> String { "\(query)\t0\t\(document)\t1\n" }

    private func row(_ id: String, _ text: String) -> String? {
        CollectionWriter.isCarried(text) ? "\(id)\t\(text)\n" : nil
    }
}
