import ArgumentParser
import Foundation
import Sheaf

struct AnswerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "answer",
        abstract: "Answer questions from passages, with sources.",
        discussion: """
            Examples:

              sheaf answer "who wrote faust" --collection wiki --model rag-sequence-nq
              sheaf answer --questions dev.jsonl --collection wiki --model rag \\
                --format jsonl --output answers.jsonl
              sheaf answer --contexts results.json --model bart-nq
              sheaf answer "who wrote faust" --index dpr_index --model rag-token-nq
              sheaf answer --questions dev.jsonl --index my.faiss --dataset my_dataset \\
                --model rag
              sheaf answer --contexts results.json --prompt-only --output prompts.jsonl

            MODEL is a RAG folder, or a BART or T5 that was trained to answer. The
            passages come from a collection, whose question tower encodes the questions,
            from results of `sheaf search` with texts, or from an index that others wrote,
            asked with RAG's question encoder: DPR's own files, the folder of a retriever's
            save_pretrained, or a Faiss file with its save_to_disk folder. Each answer
            tells p(passage | question) and p(passage | answer) of every passage. With
            --output the form is JSON lines, and a run that was ended goes on when its
            call is given again.
            """)

    @Argument(help: "One question.")
    var question: String?

    @Option(
        help: ArgumentHelp("A file of questions, as `sheaf search` takes it.", valueName: "file"))
    var questions: String?

    @Option(help: ArgumentHelp("The collection to search.", valueName: "name"))
    var collection: String?

    @Option(
        help: ArgumentHelp(
            "Questions with their passages, as `sheaf search` writes them: no index is needed.",
            valueName: "file"))
    var contexts: String?

    @Option(
        help: ArgumentHelp(
            "An index that others wrote: a Faiss file, or the folder of DPR's or a retriever's"
                + " files.",
            valueName: "path"))
    var index: String?

    @Option(
        help: ArgumentHelp(
            "The save_to_disk folder of the passages that a Faiss file of --index is about.",
            valueName: "dir"))
    var dataset: String?

    @Option(help: ArgumentHelp("The folder of RAG, BART or T5.", valueName: "dir"))
    var model: String?

    @OptionGroup(title: "Answers") var answers: AnswerChoice
    @OptionGroup(title: "Generation") var generation: GenerationChoice
    @OptionGroup(title: "Generator") var generator: GeneratorChoice

    @Flag(help: "Accept passages that lack shards; each answer says so.")
    var allowPartial = false

    @OptionGroup var patience: TimeoutOption

    @Option(
        help: ArgumentHelp(
            "Where the collection's question tower lies now, if its folder was moved; with --index"
                + " what encodes questions (default: RAG's own).",
            valueName: "dir"))
    var questionModel: String?

    @OptionGroup var cluster: ClusterOptions
    @OptionGroup var size: SizeOptions

    @Flag(name: .shortAndLong, help: "Show no progress.")
    var quiet = false

    func validate() throws {
        guard [collection, contexts, index].compactMap({ $0 }).count == 1 else {
            throw ValidationError(
                "Name a --collection, --contexts that were found before, or an --index.")
        }
        if dataset != nil, index == nil {
            throw ValidationError("--dataset goes with the Faiss file of --index: name that too.")
        }
        let asked = [question, questions].compactMap { $0 }.count
        if contexts != nil, asked > 0 {
            throw ValidationError("--contexts holds its questions: name no other.")
        }
        if contexts == nil, asked != 1 {
            throw ValidationError("Give one question, or a file of them with --questions.")
        }
        if model == nil, !answers.promptOnly {
            throw ValidationError("Name the --model that answers, or --prompt-only.")
        }
        if answers.stream { try generation.checkStream() }
        if answers.promptOnly {
            try Strangers.refuse(
                answers.namesOfAnswering + generation.names + generator.names,
                beside: "--prompt-only, which answers nothing")
        }
        if collection == nil {
            let encoder = contexts != nil && questionModel != nil
            try Strangers.refuse(
                namesOfCollection + (encoder ? ["--question-model"] : []),
                beside: contexts == nil
                    ? "--index, which asks no cluster"
                    : "--contexts, which "
                        + "holds what was found")
        }
    }

    /// The options given that say how a collection is asked.
    private var namesOfCollection: [String] {
        Strangers.given([
            ("--allow-partial", allowPartial), ("--timeout", patience.isGiven),
            ("--data", cluster.data.path != nil), ("--coordinator", cluster.coordinator != nil),
            ("--keys", cluster.keys.secret.file != nil), ("--workers", size.workers != nil),
            ("--threads", size.threads != 1),
        ])
    }

    func run() async throws {
        if let contexts {
            let given = try GivenContexts(file: contexts)
            let stamp = FileStamp(contexts)
            return try await Interruption.cancels { [self] in
                try await answer(given.questions, from: given, ("contexts", stamp.text))
            }
        }
        let list =
            try questions.map { path throws(SheafError) in
                try QuestionList(file: path)
            } ?? QuestionList(question: question ?? "")
        if let index {
            let files = try StoredPassageFiles(index: index, passages: dataset)
            return try await Interruption.cancels { [self] in
                try await answer(list.questions, from: files, ("index", files.stamp))
            }
        }
        var order = SearchOrder(
            collection: collection ?? "", allowPartial: allowPartial, timeout: patience.duration)
        order.questionModel = questionModel
        try await Interruption.cancels { [self, order] in
            let cluster = try await cluster.existing(size)
            try await cluster.closing {
                var passages = LiveCollection(cluster, order)
                if let model { passages = try await passages.compared(with: model) }
                let stamp = try await passages.stamp()
                try await answer(list.questions, from: passages, ("collection", stamp))
            }
        }
    }

    private func answer(
        _ questions: [Question], from retriever: some PassageRetriever,
        _ source: (name: String, value: String)
    ) async throws(SheafError) {
        var order = answers.order(questions, generation.options, threads: generator.threads)
        order.width = Terminal.width
        order.name(source.name, source.value)
        var encoder = RagModel.QuestionEncoder.none
        if retriever.key != .text {
            encoder = questionModel.map { .folder($0) } ?? .own
            if let questionModel { order.name("question_model", questionModel) }
        }
        guard let model, !answers.promptOnly else {
            if let model { order.name("model", FileStamp(model + "/config.json").text) }
            let rag = try RagQuestions.open(model, encoder: encoder)
            return try await prompts(order, rag, retriever)
        }
        let opened = try RagModel.open(model, questionEncoder: encoder, generator.loading)
        order.name("model", opened.generator.stamp)
        order.name("precision", opened.generator.loading.precision.rawValue)
        order.name("weights", opened.generator.loading.weights.rawValue)
        Terminal.say(notes: opened.generator.notes)
        if answers.stream {
            let told = try await opened.stream(order, from: retriever) {
                text throws(SheafError) in
                try OutputSink(path: nil).write(text)
            }
            return Terminal.say(notes: told)
        }
        let line = ProgressLine(isQuiet: quiet || questions.count == 1)
        defer { line.end() }
        let summary = try await order.run(opened, from: retriever) {
            line.show(
                phase: "answering", done: UInt64($0), total: UInt64(questions.count),
                unit: "question")
        }
        line.end()
        Terminal.say(notes: summary.notes)
    }

    private func prompts(
        _ order: AnswerOrder, _ rag: RagQuestions,
        _ retriever: some PassageRetriever
    ) async throws(SheafError) {
        let line = ProgressLine(isQuiet: quiet || order.questions.count == 1)
        defer { line.end() }
        let count = UInt64(order.questions.count)
        let summary = try await order.writePrompts(rag, from: retriever) {
            line.show(phase: "searching", done: UInt64($0), total: count, unit: "question")
        }
        line.end()
        Terminal.say(notes: summary.notes)
    }
}

/// What is answered, and how answers are written.
struct AnswerChoice: ParsableArguments {
    @Option(
        name: [.customShort("k"), .customLong("passages")],
        help: ArgumentHelp("Passages per question (default: as the model says).", valueName: "n"))
    var passages: Int?

    @Option(
        help: ArgumentHelp(
            "How RAG sums over passages: sequence or token (default: the model's own).",
            valueName: "kind"))
    var kind: RagKind?

    @Option(
        help: ArgumentHelp(
            "Whether RAG-sequence weighs an answer under all passages (thorough), or under those "
                + "that gave it (fast) (default: thorough).", valueName: "how"))
    var decoding: RagDecoding?

    @Option(
        help: ArgumentHelp(
            "What is cut where passage and question are too long: their end, or the passage"
                + " (default: end)."))
    var truncate: ContextTruncation?

    @Option(
        help: ArgumentHelp(
            "The question as the generator reads it: decoded by the question tokenizer, the same"
                + " with its blanks (spaced), or original."))
    var questionText = QuestionText.decoded

    @Option(
        help: ArgumentHelp(
            "Give no answer that is less likely; see `sheaf calibrate`.", valueName: "p"))
    var abstainBelow: Double?

    @Flag(help: "Tell of each token which passage it came from.")
    var tokenPosteriors = false

    @Flag(help: "Write tokens as they come; greedy or --sample.")
    var stream = false

    @Flag(help: "Answer nothing: write prompts with their passages.")
    var promptOnly = false

    @Option(help: "The form of the answers (default: table; jsonl with --output or --prompt-only).")
    var format: AnswerFormat?

    @Option(help: ArgumentHelp("Write to a file.", valueName: "file"))
    var output: String?

    func validate() throws {
        try NumberRange.check("--passages", passages, NumberRange.k)
        if let abstainBelow, !(0...1).contains(abstainBelow) {
            throw ValidationError("--abstain-below is a probability from 0 to 1.")
        }
        if stream,
            promptOnly || tokenPosteriors || output != nil || format ?? .table != .table
                || abstainBelow != nil
        {
            throw ValidationError(
                "--stream writes text alone: leave --output, --format, --prompt-only, "
                    + "--token-posteriors and --abstain-below out.")
        }
        if promptOnly, format == .table {
            throw ValidationError(
                "--prompt-only writes no table: leave --format out, or name json or jsonl.")
        }
    }

    /// The options given that say how answers are made of passages.
    var namesOfAnswering: [String] {
        Strangers.given([
            ("--kind", kind != nil), ("--decoding", decoding != nil),
            ("--truncate", truncate != nil), ("--abstain-below", abstainBelow != nil),
            ("--token-posteriors", tokenPosteriors),
        ])
    }

    func order(
        _ questions: [Question], _ generation: GenerationOptions, threads: Int
    ) -> AnswerOrder {
        var settings = AnswerSettings()
        settings.passages = passages
        settings.kind = kind
        settings.decoding = decoding ?? .thorough
        settings.truncation = truncate ?? .end
        settings.question = questionText
        settings.abstainBelow = abstainBelow
        settings.generation = generation
        settings.threads = threads
        var order = AnswerOrder(questions, settings)
        order.format = format ?? (output == nil && !promptOnly ? .table : .jsonl)
        order.tellsTokens = tokenPosteriors
        order.output = output
        return order
    }
}
