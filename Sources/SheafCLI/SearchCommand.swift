import ArgumentParser
import Sheaf

struct SearchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "search",
        abstract: "Find the passages nearest to one question or many.",
        discussion: """
            Examples:

              sheaf search "who wrote faust" --collection wiki
              sheaf search --questions nq-test.qa.csv --collection wiki -k 100 \\
                --format dpr --output results.json

            The cluster of the data folder is used where one runs (`sheaf up`), else one
            is started for this call. Question ids are the file's own, else line numbers
            from 1. A model folder that was moved is found under the folders of
            $SHEAF_MODELS, or named with --question-model DIR.
            """)

    @OptionGroup var asked: QuestionOptions

    @Option(help: ArgumentHelp("The collection to search.", valueName: "name"))
    var collection: String

    @Flag(help: "Accept an answer that lacks shards; its coverage is said.")
    var allowPartial = false

    @OptionGroup var patience: TimeoutOption

    @Option(
        help: ArgumentHelp(
            "How has_answer is found in --format dpr (default: regex for CuratedTREC, else string)."
        ))
    var match: AnswerMode?

    @Option(
        help: ArgumentHelp(
            "Where the question tower lies now, if its folder was moved; remembered.",
            valueName: "dir"))
    var questionModel: String?

    @OptionGroup var cluster: ClusterOptions
    @OptionGroup var size: SizeOptions

    func run() async throws {
        let list = try asked.list()
        var order = SearchOrder(
            collection: collection, k: asked.k, allowPartial: allowPartial,
            texts: asked.format.needsTexts,
            timeout: patience.duration)
        order.questionModel = questionModel
        let writer = asked.writer(.collection(collection), match: match ?? list.match)
        let sink = try OutputSink(path: asked.output, isOneDocument: asked.format.isOneDocument)
        try await Interruption.cancels { [order] in
            let cluster = try await cluster.existing(size)
            try await cluster.closing {
                let run = try await cluster.search(
                    list.questions, order, writing: writer, to: sink)
                Terminal.say(notes: run.notes)
            }
        }
    }
}
