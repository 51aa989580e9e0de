public import ArgumentParser
import Formats
public import Sheaf

struct EvaluateModelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate-model",
        abstract: "Measure a retriever or a reader on known positives.",
        discussion: """
            Examples:

              sheaf evaluate-model --model run/model --on nq-dev.json
              sheaf evaluate-model --model run/model --on nq-dev.json --kind reader

            A retriever ranks each positive among all passages of the data: likelihood in
            batches, top-k accuracy, MRR and average rank. For a whole corpus, index it,
            `sheaf search --questions … --format dpr` and `sheaf evaluate`.
            """)

    @Option(
        help: ArgumentHelp(
            "One folder for both towers, or one that holds both; a reader's folder.",
            valueName: "dir"))
    var model: String?

    @Option(help: ArgumentHelp("The question tower alone.", valueName: "dir"))
    var questionModel: String?

    @Option(help: ArgumentHelp("The passage tower alone.", valueName: "dir"))
    var contextModel: String?

    @OptionGroup(title: "Encoder") var encoder: VectorChoice

    @Option(
        help: ArgumentHelp("Training data of any form, with positives.", valueName: "path"))
    var on: String

    @Option(help: "The split of BEIR and MS MARCO folders.")
    var split = "dev"

    @Option(help: "What is measured.")
    var kind = TrainingConfiguration.Kind.retriever

    @Option(help: ArgumentHelp("Questions that share their passages.", valueName: "n"))
    var batchSize = 64

    @Option(help: ArgumentHelp("Hard negatives of each question in the pool.", valueName: "n"))
    var hardNegatives = 30

    @Option(help: ArgumentHelp("Other negatives of each question.", valueName: "n"))
    var otherNegatives = 30

    @Option(
        help: ArgumentHelp(
            "A corpus whose passages are ranked among too, such as corpus.tsv.", valueName: "path"))
    var additionalPassages: String?

    @Option(help: ArgumentHelp("Questions measured (default: all).", valueName: "n"))
    var maximumExamples: Int?

    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        if model == nil, questionModel == nil || contextModel == nil {
            throw ValidationError("Name --model, or --question-model and --context-model.")
        }
        if kind == .reader, encoder.isGiven {
            throw ValidationError(
                "Options of the encoder are for a retriever. Leave them out with --kind reader.")
        }
        let most = NumberRange.parts.upperBound
        try NumberRange.check("--batch-size", batchSize, NumberRange.parts)
        try NumberRange.check("--hard-negatives", hardNegatives, 0...most)
        try NumberRange.check("--other-negatives", otherNegatives, 0...most)
        try NumberRange.check("--maximum-examples", maximumExamples, NumberRange.examples)
    }

    func run() async throws {
        var configuration: TrainingConfiguration = kind == .reader ? .reader : .init()
        configuration.model.folder = model ?? ""
        configuration.model.question = questionModel ?? ""
        configuration.model.context = contextModel ?? ""
        if kind == .retriever {
            configuration.model.take(encoder.options)
            // Lengths are the model's own, as wherever it encodes.
            configuration.input.maximumQuestionTokens = TrainingConfiguration.mostTokens
            configuration.input.maximumPassageTokens = TrainingConfiguration.mostTokens
            Terminal.say(notes: try assumptions())
        }
        configuration.data.validation = on
        configuration.data.validationSplit = split
        configuration.evaluation.batchSize = batchSize
        configuration.evaluation.hardNegatives = hardNegatives
        configuration.evaluation.otherNegatives = otherNegatives
        configuration.evaluation.additionalPassages = additionalPassages ?? ""
        configuration.evaluation.maximumExamples = maximumExamples ?? 0
        let order = MeasureOrder(configuration)
        let evaluation = try await Interruption.cancels { try await order.run() }
        Terminal.say(notes: [evaluation.cuts.sentence].compactMap { $0 })
        try Terminal.answer(json ? evaluation.document.text : evaluation.table)
    }

    private func assumptions() throws -> [String] {
        if let model, questionModel == nil, contextModel == nil {
            return try RetrievalModel(model, encoder: encoder.options).assumptions()
        }
        var folders = RetrievalModel(question: questionModel ?? "", context: contextModel ?? "")
        if let model {
            let both = try RetrievalModel(model)
            folders.question = questionModel ?? both.question
            folders.context = contextModel ?? both.context
        }
        folders.encoder = encoder.options
        return try folders.assumptions()
    }
}

extension TrainingConfiguration.Kind: ExpressibleByArgument {}
