import ArgumentParser
import Formats
import Sheaf

struct UpCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "up",
        abstract: "Start a cluster that stays until `sheaf down`.",
        discussion: """
            Example:

              sheaf up --workers 4

            It serves every collection of the data folder; `index` and `search` use it.
            A model whose folder was moved is looked for under the folders of
            $SHEAF_MODELS and in those of --question-model and --context-model.
            """)

    @OptionGroup var data: DataOption
    @OptionGroup var size: SizeOptions
    @OptionGroup var places: ModelPlaceOptions

    func run() async throws {
        let status = try await Interruption.cancels { [self] in
            let cluster = try await Cluster.startDetached(
                data.folder, workers: size.workerCount, threads: size.threads,
                models: try places.places)
            return try await cluster.closing { try await cluster.status() }
        }
        try Terminal.answer(
            """
            coordinator \(status.processID) and \(Quantity.count(status.workers.count, "worker")) \
            serve \(Quantity.count(status.collections.count, "collection")) of \(data.folder.path)
            """)
    }
}

struct DownCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "down",
        abstract: "Stop the cluster of a data folder.",
        discussion: """
            Example:

              sheaf down --data ./sheaf-data

            Work under way is given up; what is committed stays.
            """)

    @OptionGroup var cluster: ClusterOptions

    func run() async throws {
        let folder = cluster.data.folder
        if let remote = try await cluster.remote() {
            try await remote.closing { try await remote.shutDown() }
        } else if try await !Cluster.stop(folder) {
            return try Terminal.answer("no cluster runs on \(folder.path)")
        }
        try Terminal.answer("stopped")
    }
}

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show workers, collections, shards and indexing.",
        discussion: """
            Example:

              sheaf status --json | jq '.workers[].pid'

            Without a running cluster it says so and exits with 0 (--json:
            {"running":false}).

            With --check it exits with 3 where something is amiss: a problem is
            told, or passages of a collection are held by no worker.

              sheaf status --check || alert "the index wants a look"
            """)

    @OptionGroup var cluster: ClusterOptions

    @Option(help: ArgumentHelp("Show this collection shard by shard.", valueName: "name"))
    var collection: String?

    @Flag(help: "Exit with 3 where something is amiss.")
    var check = false

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() async throws {
        guard let running = try await cluster.running() else {
            try Terminal.answer(
                json
                    ? StatusReport.notRunning.text
                    : "no cluster runs on \(cluster.data.folder.path); start one with `sheaf up`")
            if check { throw ExitCode(SheafError.ExitStatus.cluster.rawValue) }
            return
        }
        let status = try await running.closing { try await running.status(of: collection) }
        let report = StatusReport(status)
        if json {
            try Terminal.answer(report.document.text)
        } else {
            try Terminal.answer(report.text)
            if collection != nil {
                try Terminal.answer(
                    "\n" + CollectionReport(status.collections, isServing: true).text)
            }
        }
        if check, !report.isSound { throw ExitCode(SheafError.ExitStatus.cluster.rawValue) }
    }
}
