import ArgumentParser
import Formats
import Sheaf

struct IndexCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "index",
        abstract: "Encode a corpus on a cluster and make it searchable.",
        discussion: """
            Example:

              sheaf index psgs_w100.tsv.gz --collection wiki --model all-MiniLM-L6-v2

            CORPUS is one or more files (psgs TSV, BEIR or plain JSONL, MS MARCO TSV;
            gzip in any of them), or a BEIR folder. The cluster of the data folder is
            used where one runs, else one is started for this run. An interrupted run
            goes on when the same command is given again. On a full disk it waits and
            says so; after --wait seconds it ends with 3. With --coordinator, corpus and
            model must stand at the same paths on the coordinator's host.

            Another index for a collection that is there is built from its segments:

              sheaf index corpus.tsv --collection wiki --model DIR --index HNSW32
            """)

    @Argument(help: ArgumentHelp("Files of the corpus, in order.", valueName: "corpus"))
    var corpus: [String]

    @Option(help: ArgumentHelp("The collection to make or to go on with.", valueName: "name"))
    var collection: String

    @Option(
        help: ArgumentHelp(
            "Model folder of both towers, or one with question_encoder/ and context_encoder/.",
            valueName: "dir"))
    var model: String?

    @Option(help: ArgumentHelp("Folder of the question tower.", valueName: "dir"))
    var questionModel: String?

    @Option(help: ArgumentHelp("Folder of the context tower.", valueName: "dir"))
    var contextModel: String?

    @OptionGroup var cluster: ClusterOptions
    @OptionGroup var size: SizeOptions

    @Option(help: ArgumentHelp("Shards of the collection, for ever (default: 8).", valueName: "n"))
    var shards: Int?

    @Option(
        help: ArgumentHelp(
            "Passages of a batch (default: 32 to 1,024, by the size of the corpus).",
            valueName: "n"))
    var batchSize: Int?

    @Option(help: "The corpus format (default: told by its first record).")
    var format: CorpusFormat?

    @OptionGroup(title: "Index") var index: IndexChoice
    @OptionGroup(title: "Encoder") var encoder: EncoderChoice

    @Flag(help: "Count malformed records and pass over them.")
    var skipMalformed = false

    @Option(
        help: ArgumentHelp(
            "How long a full disk is waited for (default: 60).", valueName: "seconds"))
    var wait = 60.0

    @Flag(help: "Print the summary as one JSON object.")
    var json = false

    @Flag(name: .shortAndLong, help: "Show no progress.")
    var quiet = false

    func validate() throws {
        if !(wait >= 0) || wait > 86_400 {
            throw ValidationError("--wait must be 0 to 86400 seconds.")
        }
        try NumberRange.check("--shards", shards, 1...4096)
        try NumberRange.check("--batch-size", batchSize, NumberRange.parts)
    }

    func run() async throws {
        var order = IndexOrder(
            collection: collection, corpus: corpus, model: model, questionModel: questionModel,
            contextModel: contextModel)
        order.format = format
        order.encoder = encoder.options
        order.index = index.options
        order.shards = shards
        order.batchSize = batchSize
        order.skipMalformed = skipMalformed
        order.storageWait = .milliseconds(Int64(wait * 1000))
        try order.check()
        let summary = try await Interruption.cancels { [order] in
            let cluster = try await connect()
            if !cluster.isOurs, size.workers != nil, !quiet {
                Terminal.say("note: using the running cluster; --workers is left aside")
            }
            return try await cluster.closing {
                try await index(order, on: cluster)
            }
        }
        Terminal.say(notes: summary.notes)
        try Terminal.answer(json ? summary.document.text : summary.text)
    }

    private func connect() async throws(SheafError) -> Cluster {
        if let remote = try await cluster.remote() { return remote }
        return try await Cluster.open(
            cluster.data.folder, workers: size.workerCount, threads: size.threads,
            mode: .processes)
    }

    private func index(_ order: IndexOrder, on cluster: Cluster) async throws -> IndexSummary {
        let line = ProgressLine(isQuiet: quiet)
        defer { line.end() }
        return try await cluster.index(order) { line.show($0) }
    }
}
