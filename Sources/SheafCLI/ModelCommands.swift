import ArgumentParser
import Formats
import Sheaf

struct ModelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "model", abstract: "Look at, convert, join and fetch models.",
        subcommands: [
            ModelInspectCommand.self, ModelConvertCommand.self, ModelJoinCommand.self,
            ModelFetchCommand.self,
        ])
}

struct ModelInspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Say what a model folder holds; refuse a bad one.",
        discussion: """
            Example:

              sheaf model inspect all-MiniLM-L6-v2

            A folder that holds question_encoder/ and context_encoder/ is two models.
            Every file is read and every weight checked. Tensors that a tower leaves
            aside and parameters that no tensor fills are listed; the latter end with
            exit status 2, as whatever else a load refuses.
            """)

    @Argument(help: ArgumentHelp("The model folder.", valueName: "dir"))
    var folder: String

    @OptionGroup(title: "Encoder") var encoder: EncoderChoice

    @Flag(help: "Print one JSON object a model.")
    var json = false

    func run() throws {
        let inspections: [ModelInspection]
        do throws(ModelError) {
            inspections = try ModelInspection.inspectAll(folder: folder, options: encoder.options)
        } catch {
            throw SheafError.model(error)
        }
        let texts = inspections.map { json ? $0.document.text : $0.text }
        try Terminal.answer(texts.joined(separator: "\n"))
        if let failure = inspections.lazy.compactMap(\.failure).first {
            throw SheafError.model(failure)
        }
    }
}

struct ModelConvertCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convert",
        abstract: "Write a model folder anew, with safetensors.",
        discussion: """
            Examples:

              sheaf model convert dpr-question_encoder-single-nq-base out
              sheaf model convert dpr_biencoder.39.cp out --type f16

            IN is a model folder, or a file of weights beside its config.json. The
            result opens with from_pretrained of Hugging Face. A checkpoint of DPR with
            both towers becomes question_encoder/ and context_encoder/.
            """)

    @Argument(help: ArgumentHelp("A model folder, or a file of weights.", valueName: "in"))
    var source: String

    @Argument(help: ArgumentHelp("The folder to write.", valueName: "out"))
    var target: String

    @Option(help: "The type of the weights.")
    var type = ModelConversion.WeightType.float32

    @Flag(help: "Print one JSON object a folder.")
    var json = false

    func run() throws {
        let written: [ModelConversion.Written]
        do throws(ModelError) {
            written = try ModelConversion(source: source, target: target, type: type).run()
        } catch {
            throw SheafError.model(error)
        }
        let lines = written.map { json ? $0.document.text : $0.text }
        try Terminal.answer(lines.joined(separator: "\n"))
    }
}
