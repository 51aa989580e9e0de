import ArgumentParser
import Formats
import Sheaf

struct MineCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mine",
        abstract: "Find hard negatives for training data.",
        discussion: """
            Examples:

              sheaf mine --input train.json --bm25 corpus.tsv --output mined.json
              sheaf mine --input train.json --collection wiki --first-rank 10 \\
                --last-rank 200 -n 5 --random --output mined.json
              sheaf mine --input train.tsv --model run/model --passages corpus.tsv \\
                --relative-margin 0.05 --to simple-transformers --output mined.tsv

            A passage is no negative of a question if it is one of its positives, in
            whatever row the question stands, or holds one of its answers. Passages are
            told apart by id within one corpus, else by text, titles apart. Margins
            count from the score of the best positive found; a question whose positive
            is not found then gets none.
            """)

    @OptionGroup var data: TrainingDataOptions

    @Option(help: ArgumentHelp("Search this corpus by BM25.", valueName: "file"))
    var bm25: String?

    @Option(help: ArgumentHelp("Search this collection of the cluster.", valueName: "name"))
    var collection: String?

    @Option(
        help: ArgumentHelp("Search --passages with this model, in memory.", valueName: "dir"))
    var model: String?

    @Option(help: ArgumentHelp("The corpus for --model.", valueName: "file"))
    var passages: String?

    @OptionGroup(title: "Encoder of --model") var encoder: EncoderChoice

    @Option(help: ArgumentHelp("The best rank that is taken, from 1.", valueName: "n"))
    var firstRank = 1

    @Option(help: ArgumentHelp("The worst rank that is taken.", valueName: "n"))
    var lastRank = 100

    @Option(
        name: [.customShort("n"), .long], help: ArgumentHelp("Per question.", valueName: "n"))
    var number = 1

    @Option(help: "By how much a score must be below the positive's.")
    var margin = 0.0

    @Option(help: "By which share of the positive's score it must be below it.")
    var relativeMargin = 0.0

    @Flag(help: "Choose among the passages that are left, rather than the best.")
    var random = false

    @Flag(help: "Keep passages that hold an answer.")
    var keepAnswers = false

    @Option(help: "Decides the choice.")
    var seed: UInt64 = 12345

    @Flag(help: "Print one JSON object.")
    var json = false

    @Flag(name: .shortAndLong, help: "Show no progress.")
    var quiet = false

    @OptionGroup var cluster: ClusterOptions
    @OptionGroup var size: SizeOptions

    func validate() throws {
        if [bm25, collection, model].count(where: { $0 != nil }) != 1 {
            throw ValidationError("Name one of --bm25, --collection and --model.")
        }
        if (model == nil) != (passages == nil) {
            throw ValidationError("--model and --passages go together: name both or neither.")
        }
        if model == nil, encoder.isGiven {
            throw ValidationError(
                "Options of the encoder go with --model, and a collection keeps its own. Leave them"
                    + " out.")
        }
        try NumberRange.check("--first-rank", firstRank, 1...100_000)
        try NumberRange.check("--last-rank", lastRank, 1...100_000)
        try NumberRange.check("--number", number, 1...100_000)
    }

    func run() async throws {
        var settings = MiningSettings()
        settings.firstRank = firstRank
        settings.lastRank = lastRank
        settings.perQuestion = number
        settings.absoluteMargin = margin
        settings.relativeMargin = relativeMargin
        settings.takesBest = !random
        settings.skipsAnswers = !keepAnswers
        settings.seed = seed
        let line = ProgressLine(isQuiet: quiet)
        defer { line.end() }
        let report = try await Interruption.cancels { [settings] in
            try await run(settings) { done in
                line.show(phase: "mining", done: UInt64(done), total: nil, unit: "question")
            } encoded: { done in
                line.show(phase: "encoding", done: UInt64(done), total: nil, unit: "passage")
            }
        }
        line.end()
        Terminal.say(notes: report.notes + [report.cuts.sentence].compactMap { $0 })
        try Terminal.answer(json ? report.document.text : text(report))
    }

    private func run(
        _ settings: MiningSettings, mined: @escaping @Sendable (Int) -> Void,
        encoded: @escaping @Sendable (Int) -> Void
    ) async throws -> HardNegativeMiner.Report {
        if let model, let passages {
            let retriever = try RetrievalModel(model, encoder: encoder.options)
            Terminal.say(notes: try retriever.assumptions())
            return try await retriever.buildHardNegatives(
                for: data.order, in: passages, settings, threads: Cluster.defaultWorkers,
                progress: { done in
                    encoded(done)
                    return true
                })
        }
        if let bm25 {
            var order = MineOrder(data: data.order, place: .corpus(bm25))
            order.settings = settings
            return try await order.run(progress: mined)
        }
        var order = MineOrder(data: data.order, place: .collection(collection ?? ""))
        order.settings = settings
        let running = try await cluster.existing(size)
        return try await running.closing { [order] in
            try await order.run(on: running, progress: mined)
        }
    }

    private func text(_ report: HardNegativeMiner.Report) -> String {
        """
        \(Quantity.count(report.negatives, "hard negative")) for \
        \(Quantity.count(report.examples, "question")) in \(data.output); none for \
        \(Quantity.count(report.withoutNegatives, "question")). Left out: \
        \(Quantity.count(report.gold, "positive")), \
        \(report.withAnswer) with an answer, \(report.withinMargin) within the margin\
        \(report.dropped.summary.isEmpty ? "" : "; dropped: \(report.dropped.summary)")
        """
    }
}
