import ArgumentParser
import Formats
import Generation
import Models
import Sheaf

struct ModelJoinCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "join",
        abstract: "Make a RAG folder of two models.",
        discussion: """
            Examples:

              sheaf model join dpr-question bart-large rag
              sheaf model join towers t5-base rag --kind token --n-docs 10

            QUESTION_ENCODER is a folder with a DPR question encoder, by itself or
            beside its context encoder; GENERATOR one with a BART or T5. Both need
            their tokenizers. What the generator's files say of how it generates is
            kept. RagSequenceForGeneration, RagTokenForGeneration and RagTokenizer of
            Hugging Face open the result with from_pretrained.
            """)

    @Argument(help: ArgumentHelp("The question encoder's folder.", valueName: "question-encoder"))
    var questionEncoder: String

    @Argument(help: ArgumentHelp("The generator's folder.", valueName: "generator"))
    var generator: String

    @Argument(help: ArgumentHelp("The folder to write.", valueName: "out"))
    var target: String

    @Option(help: "How passages are summed over.")
    var kind = RagKind.sequence

    @Option(
        name: .customLong("n-docs"),
        help: ArgumentHelp("Passages that a question is answered from.", valueName: "count"))
    var passages = 5

    @Option(
        help: ArgumentHelp(
            "Tokens of a passage with its question at most (default: 300, or what the generator "
                + "reads).", valueName: "tokens"))
    var maxCombinedLength: Int?

    @Option(help: "The type of the weights.")
    var type = ModelConversion.WeightType.float32

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
        var join = RagJoin(
            questionEncoder: questionEncoder, generator: generator, target: target)
        join.kind = kind
        join.passages = passages
        join.maximumCombinedLength = maxCombinedLength
        join.type = type
        let written = try join.written()
        try Terminal.answer(json ? written.document.text : written.text)
    }
}
