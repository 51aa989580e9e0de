import ArgumentParser
import Sheaf

struct GenerateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate",
        abstract: "Write text with an encoder-decoder: BART or T5.",
        discussion: """
            Examples:

              sheaf generate "summarize: the cat sat on the mat" --model flan-t5-small
              sheaf generate --input lines.txt --model bart-large-cnn --beams 4 \\
                --format jsonl --output outputs.jsonl

            What is not named is as the model's files say. Of a RAG folder the generator
            alone is used. With --output and --format jsonl a run that was ended goes on
            when its call is given again.
            """)

    /// The forms of the outputs.
    enum Format: String, CaseIterable, ExpressibleByArgument {
        case text
        case jsonl
    }

    @Argument(help: "One text.")
    var text: String?

    @Option(help: ArgumentHelp("A file of texts, one a line.", valueName: "file"))
    var input: String?

    @Option(help: ArgumentHelp("The folder of BART, T5 or RAG.", valueName: "dir"))
    var model: String

    @OptionGroup(title: "Generation") var generation: GenerationChoice
    @OptionGroup(title: "Generator") var generator: GeneratorChoice

    @Option(
        help: ArgumentHelp(
            "Tokens of a text at most (default: the model's positions).", valueName: "n"))
    var maxSourceLength: Int?

    @Flag(help: "Write tokens as they come; greedy or --sample.")
    var stream = false

    @Option(help: "The form of the outputs.")
    var format = Format.text

    @Option(help: ArgumentHelp("Write to a file.", valueName: "file"))
    var output: String?

    @Flag(name: .shortAndLong, help: "Show no progress.")
    var quiet = false

    func validate() throws {
        if (text == nil) == (input == nil) {
            throw ValidationError("Give one text, or a file of them with --input.")
        }
        try NumberRange.check("--max-source-length", maxSourceLength, 4...1_048_576)
        if stream {
            try generation.checkStream()
            if output != nil || format != .text {
                throw ValidationError(
                    "--stream writes text alone: leave --output and --format out.")
            }
        }
    }

    func run() throws {
        var order = GenerateOrder(try texts())
        order.options = generation.options
        order.limit = maxSourceLength
        order.asJSON = format == .jsonl
        order.output = output
        order.threads = generator.threads
        let opened = try TextGenerator.open(model, generator.loading)
        Terminal.say(notes: opened.notes)
        if stream {
            var cuts = TextCuts()
            try opened.stream(
                order.texts.map(\.text), options: order.options, limit: order.limit,
                threads: order.threads, cuts: &cuts
            ) { text throws(SheafError) in try OutputSink(path: nil).write(text) }
            return Terminal.say(notes: [cuts.sentence].compactMap { $0 })
        }
        let line = ProgressLine(isQuiet: quiet || order.texts.count == 1)
        defer { line.end() }
        let interrupted = Interruption.Flag()
        let summary = try order.run(opened, isCancelled: { interrupted.isSet }) {
            line.show(
                phase: "generating", done: UInt64($0), total: UInt64(order.texts.count),
                unit: "text")
        }
        line.end()
        Terminal.say(notes: summary.notes)
    }

    private func texts() throws(SheafError) -> [Question] {
        guard let input else {
            let text = text ?? ""
            guard !text.allSatisfy(\.isWhitespace) else {
                throw .request("The text is empty. Write it.")
            }
            return [Question(id: "1", text: text)]
        }
        return try QuestionList(file: input, format: .lines).questions
    }
}
