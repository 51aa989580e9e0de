import ArgumentParser
import Sheaf

/// How outputs are searched for: the same words for every command that generates.
struct GenerationChoice: ParsableArguments {
    @Option(help: ArgumentHelp("Hypotheses of a beam search; 1: greedy.", valueName: "n"))
    var beams: Int?

    @Option(help: ArgumentHelp("Outputs for each input.", valueName: "n"))
    var returns: Int?

    @Option(help: ArgumentHelp("Tokens at most, without the start token.", valueName: "n"))
    var maxNewTokens: Int?

    @Option(help: ArgumentHelp("Tokens at most, the start token counted.", valueName: "n"))
    var maxLength: Int?

    @Option(help: ArgumentHelp("Tokens at least, the start token counted.", valueName: "n"))
    var minLength: Int?

    @Option(
        help: ArgumentHelp(
            "A score is divided by length to this power; above 0 favours long outputs.",
            valueName: "power"))
    var lengthPenalty: Double?

    @Option(
        help: ArgumentHelp("When a beam search ends: true, false or never.", valueName: "when"))
    var earlyStopping: GenerationOptions.EarlyStopping?

    @Option(
        name: .customLong("no-repeat-ngram"),
        help: ArgumentHelp("No run of so many tokens comes twice.", valueName: "n"))
    var noRepeatNGram: Int?

    @Option(help: ArgumentHelp("Divides the scores of tokens given before.", valueName: "x"))
    var repetitionPenalty: Double?

    @Option(
        help: ArgumentHelp(
            "The first token behind the start token, by id, or none.", valueName: "id"))
    var forcedBos: TokenChoice?

    @Option(
        help: ArgumentHelp(
            "The last token of an output that is as long as it may be, by id, or none.",
            valueName: "id"))
    var forcedEos: TokenChoice?

    @Flag(inversion: .prefixedNo, help: "Draw tokens, or take the likeliest.")
    var sample: Bool?

    @Option(help: ArgumentHelp("Divides the scores before a draw.", valueName: "x"))
    var temperature: Double?

    @Option(help: ArgumentHelp("Draw among so many of the likeliest; 0: all.", valueName: "n"))
    var topK: Int?

    @Option(
        help: ArgumentHelp(
            "Draw among the likeliest that have this probability together.", valueName: "p"))
    var topP: Double?

    @Option(help: ArgumentHelp("What draws follow from.", valueName: "n"))
    var seed: UInt64 = 0

    var options: GenerationOptions {
        var options = GenerationOptions()
        options.beams = beams
        options.returns = returns
        options.maximumNewTokens = maxNewTokens
        options.maximumLength = maxLength
        options.minimumLength = minLength
        options.lengthPenalty = lengthPenalty
        options.earlyStopping = earlyStopping
        options.noRepeatNGram = noRepeatNGram
        options.repetitionPenalty = repetitionPenalty
        options.forcedBeginning = forcedBos?.token
        options.forcedEnd = forcedEos?.token
        options.samples = sample
        options.temperature = temperature
        options.topK = topK
        options.topP = topP
        options.seed = seed
        return options
    }

    /// The options given.
    var names: [String] {
        Strangers.given([
            ("--beams", beams != nil), ("--returns", returns != nil),
            ("--max-new-tokens", maxNewTokens != nil), ("--max-length", maxLength != nil),
            ("--min-length", minLength != nil), ("--length-penalty", lengthPenalty != nil),
            ("--early-stopping", earlyStopping != nil), ("--no-repeat-ngram", noRepeatNGram != nil),
            ("--repetition-penalty", repetitionPenalty != nil), ("--forced-bos", forcedBos != nil),
            ("--forced-eos", forcedEos != nil), ("--sample", sample != nil),
            ("--temperature", temperature != nil), ("--top-k", topK != nil),
            ("--top-p", topP != nil), ("--seed", seed != 0),
        ])
    }

    /// Refuses what one output, made token by token, cannot be.
    func checkStream() throws {
        if let beams, beams != 1 {
            throw ValidationError(
                "--stream goes with greedy decoding or sampling: leave --beams out.")
        }
        if let returns, returns != 1 {
            throw ValidationError("--stream goes with one output: leave --returns out.")
        }
    }
}

/// A token by its id, or none.
struct TokenChoice: ExpressibleByArgument {
    let token: GenerationOptions.ForcedToken

    init?(argument: String) {
        if argument == "none" {
            token = .none
        } else if let id = Int32(argument) {
            token = .token(id)
        } else {
            return nil
        }
    }
}

/// How a generator is loaded, for the commands that generate.
struct GeneratorChoice: ParsableArguments {
    @Option(help: ArgumentHelp("Weights in memory: f32, f16, mapped."))
    var weights = WeightStorage.float32

    @Option(help: "The numbers linear layers compute in: float32, or i16 (faster).")
    var precision = Precision.float32

    @Flag(help: "Let weights pass that are NaN or infinite.")
    var allowNonfinite = false

    @Option(
        help: ArgumentHelp("Compute threads (default: one per core).", valueName: "n"))
    var generatorThreads: Int?

    func validate() throws {
        try NumberRange.check("--generator-threads", generatorThreads, NumberRange.threads)
    }

    /// The options given that say how weights are loaded.
    var names: [String] {
        Strangers.given([
            ("--weights", weights != .float32), ("--precision", precision != .float32),
            ("--allow-nonfinite", allowNonfinite),
        ])
    }

    var threads: Int { generatorThreads ?? Cluster.defaultWorkers }

    var loading: GeneratorLoading {
        var loading = GeneratorLoading()
        loading.weights = weights
        loading.precision = precision
        loading.allowsNonfinite = allowNonfinite
        return loading
    }
}
