import Base
import Formats

/// What is written for a question or a text.
struct OutputLine {
    /// For programs.
    var document: JSONValue
    /// For people.
    var text: String
}

/// Where lines go: into a file that a run which was ended leaves to be gone on with, else on as
/// they come.
struct OutputLines {
    private enum Target {
        case growing(GrowingFile)
        case sink(OutputSink)
    }

    private let target: Target
    private let format: AnswerFormat
    /// Between two texts.
    private let separator: String

    /// Opens the target; a file of JSON grows where it can.
    ///
    /// - Parameters:
    ///   - path: A file; nil: the standard output.
    ///   - settings: What decides the lines, an object.
    ///   - questions: What is asked, in order, as id and text.
    ///   - member: The name of the text in a document.
    ///   - separator: Between two texts, where these are written.
    init(
        path: String?, _ format: AnswerFormat, settings: JSONValue,
        questions: [(id: String, text: String)], member: String = "question",
        separator: String = "\n"
    ) throws(SheafError) {
        self.format = format
        self.separator = separator
        if let path = path.map(FileNames.target), format != .table, GrowingFile.canBe(at: path) {
            target = .growing(
                try GrowingFile(path, settings: settings, questions: questions, member: member))
        } else {
            target = .sink(try OutputSink(path: path))
        }
    }

    /// Lines that a run before has left.
    var done: Int {
        switch target {
        case .growing(let file): file.done
        case .sink: 0
        }
    }

    /// What an interruption adds to its words.
    var whatNext: String {
        if case .growing = target { " The same call goes on from there." } else { "" }
    }

    /// Writes lines, the first of which is number `first` from 0.
    func write(_ lines: [OutputLine], first: Int) throws(SheafError) {
        switch target {
        case .growing(let file): try file.append(lines.map(\.document))
        case .sink(let sink):
            let texts = lines.enumerated().map { place, line in
                let isFirst = first + place == 0
                return switch format {
                case .table: (isFirst ? "" : separator) + line.text
                case .json: (isFirst ? "[\n" : ",\n") + line.document.text
                case .jsonl: line.document.text + "\n"
                }
            }
            try sink.write(texts.joined())
        }
    }

    /// Says that all lines are there.
    func finish() throws(SheafError) {
        switch target {
        case .growing(let file): try file.finish(asArray: format == .json)
        case .sink(let sink):
            if format == .json { try sink.write("\n]\n") }
            try sink.finish()
        }
    }
}
