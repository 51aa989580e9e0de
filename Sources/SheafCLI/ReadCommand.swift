import ArgumentParser
import Formats
import Sheaf

struct ReadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "read",
        abstract: "Find answer spans in results with a DPR reader.",
        discussion: """
            Example:

              sheaf search --questions nq-test.qa.csv --collection wiki -k 20 \\
                --format dpr --output results.json
              sheaf read results.json --model dpr-reader-single-nq-base --json

            RESULTS is DPR's JSON with the passages' texts. Spans are ordered by their
            passage's relevance, then by start and end score. Where the results hold
            answers, exact match and F1 of the first span are measured.
            """)

    @Argument(help: "DPR result JSON.")
    var results: String

    @Option(help: ArgumentHelp("The folder of a DPR reader.", valueName: "dir"))
    var model: String

    @Option(help: ArgumentHelp("Passages read per question, from the best.", valueName: "n"))
    var passages = 20

    @Option(help: ArgumentHelp("Spans per question.", valueName: "n"))
    var spans = 5

    @Option(help: ArgumentHelp("Spans per passage.", valueName: "n"))
    var spansPerPassage = 10

    @Option(help: ArgumentHelp("Tokens of a span at most.", valueName: "n"))
    var maxAnswerLength = 10

    @Option(help: ArgumentHelp("Compute threads (default: one per core).", valueName: "n"))
    var threads: Int?

    @Option(
        help: ArgumentHelp(
            "Write to a file, which appears when it is complete.", valueName: "file"))
    var output: String?

    @Flag(help: "Print one JSON object a question, and last one of the whole.")
    var json = false

    func validate() throws {
        try NumberRange.check("--passages", passages, NumberRange.parts)
        try NumberRange.check("--spans", spans, NumberRange.parts)
        try NumberRange.check("--spans-per-passage", spansPerPassage, NumberRange.parts)
        try NumberRange.check("--max-answer-length", maxAnswerLength, NumberRange.parts)
        try NumberRange.check("--threads", threads, NumberRange.threads)
    }

    func run() throws {
        var order = ReadOrder(model: model, results: results)
        order.passages = passages
        order.spans = SpanOptions(
            spans: spans, spansPerPassage: spansPerPassage, maximumLength: maxAnswerLength)
        order.threads = threads ?? Cluster.defaultWorkers
        let sink = try OutputSink(path: output)
        let interrupted = Interruption.Flag()
        let summary = try order.run(isCancelled: { interrupted.isSet }) {
            answer throws(SheafError) in
            try sink.write((json ? answer.document.text : answer.text) + "\n")
        }
        try sink.write((json ? summary.document.text : summary.text) + "\n")
        try sink.finish()
        Terminal.say(notes: [summary.cuts.sentence].compactMap { $0 })
    }
}
