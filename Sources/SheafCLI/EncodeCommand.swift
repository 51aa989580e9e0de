import ArgumentParser
import Base
import Sheaf

struct EncodeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "encode",
        abstract: "Encode a file into NumPy vectors, without a cluster.",
        discussion: """
            Examples:

              sheaf encode --model all-MiniLM-L6-v2 --input corpus.tsv \\
                --output vectors.npy --ids ids.txt
              sheaf encode --model dpr --tower question --input nq-test.qa.csv \\
                --output questions.npy
              sheaf encode --model bert --pooling cls --max-length 128 --normalize \\
                --input corpus.tsv --output vectors.npy

            The file holds float32 [rows, dimension] in the order of the input.
            """)

    @Option(help: ArgumentHelp("The model folder, as for `index`.", valueName: "dir"))
    var model: String

    @Option(help: "The side that encodes.")
    var tower = Tower.context

    @Option(
        help: ArgumentHelp(
            "A corpus (tower context) or a file of questions (tower question).",
            valueName: "file"))
    var input: String

    @Option(help: ArgumentHelp("The NumPy file to write.", valueName: "file"))
    var output: String

    @Option(help: ArgumentHelp("Write the ids here, one a line.", valueName: "file"))
    var ids: String?

    @Option(help: "The corpus format (default: told by its first record).")
    var format: CorpusFormat?

    @OptionGroup(title: "Encoder") var encoder: EncoderChoice

    @Option(help: ArgumentHelp("Compute threads (default: one per core).", valueName: "n"))
    var threads: Int?

    @Flag(name: .shortAndLong, help: "Show no progress.")
    var quiet = false

    func validate() throws {
        try NumberRange.check("--threads", threads, NumberRange.threads)
    }

    func run() throws {
        var order = EncodeOrder(model: model, tower: tower, input: input, output: output, ids: ids)
        order.format = format
        order.encoder = encoder.options
        order.threads = threads ?? Cluster.defaultWorkers
        let line = ProgressLine(isQuiet: quiet)
        defer { line.end() }
        let interrupted = Interruption.Flag()
        let unit = tower == .context ? "passage" : "question"
        let summary = try order.run(isCancelled: { interrupted.isSet }) { done, total in
            line.show(phase: "encoding", done: done, total: total, unit: unit)
        }
        line.end()
        Terminal.say(notes: summary.notes)
        if let cut = summary.cuts.sentence { Terminal.say("note: \(cut)") }
        let rate = summary.seconds > 0 ? Double(summary.rows) / summary.seconds : 0
        try Terminal.answer(
            """
            \(Quantity.count(summary.rows, "vector")) of \(summary.dimension) in \(output), \
            \(Quantity.time(.seconds(summary.seconds))), \(Quantity.rate(rate)) \(unit)s/s
            """)
    }
}
