import ArgumentParser
import Base
import Sheaf

struct PredictCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "predict",
        abstract: "Find passages of a corpus file, without a cluster.",
        discussion: """
            Examples:

              sheaf predict "who wrote faust" --model run/model --corpus corpus.tsv
              sheaf predict --questions dev.jsonl --model run/model --corpus corpus.tsv \\
                -k 20 --format dpr --output results.json

            The corpus is encoded for this call and searched whole, in memory. For a large
            one, `sheaf index` it once and `sheaf search` it.
            """)

    @OptionGroup var asked: QuestionOptions

    @Option(help: ArgumentHelp("The model folder, as for `index`.", valueName: "dir"))
    var model: String

    @Option(help: ArgumentHelp("The passages.", valueName: "file"))
    var corpus: String

    @OptionGroup(title: "Encoder") var encoder: EncoderChoice

    @Option(help: ArgumentHelp("Compute threads (default: one per core).", valueName: "n"))
    var threads: Int?

    @Flag(name: .shortAndLong, help: "Show no progress.")
    var quiet = false

    func validate() throws {
        try NumberRange.check("--threads", threads, NumberRange.threads)
    }

    func run() async throws {
        let list = try asked.list()
        let model = try RetrievalModel(model, encoder: encoder.options)
        Terminal.say(notes: try model.assumptions())
        let line = ProgressLine(isQuiet: quiet)
        defer { line.end() }
        let interrupted = Interruption.Flag()
        let notes = Locked([String]())
        let found = try await model.found(
            for: list.questions.map(\.text), in: corpus, count: asked.k,
            threads: threads ?? Cluster.defaultWorkers,
            note: { note in notes.withLock { $0.append(note) } }
        ) { done in
            line.show(phase: "encoding", done: UInt64(done), total: nil, unit: "passage")
            return !interrupted.isSet
        }
        line.end()
        let told = notes.withLock { $0 }
        Terminal.say(notes: told)
        let writer = asked.writer(.corpus(corpus), match: list.match)
        let sink = try OutputSink(path: asked.output, isOneDocument: asked.format.isOneDocument)
        try sink.write(writer.opening())
        for (index, (question, passages)) in zip(list.questions, found).enumerated() {
            try sink.write(try writer.text(of: passages, to: question, index: index))
        }
        try sink.write(writer.closing(notes: told))
        try sink.finish()
    }
}
