import ArgumentParser
import Sheaf

/// How texts become vectors: the same words for every command that encodes or trains.
struct VectorChoice: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "How token vectors become one: cls, mean, cls+max, … (default: the model's own).",
            valueName: "mode"))
    var pooling: PoolingChoice?

    @Flag(inversion: .prefixedNo, help: "Make vectors unit length, or leave them as they are.")
    var normalize: Bool?

    @Option(
        help: ArgumentHelp(
            "Longest text in tokens, such as 128 (default: the model's own).", valueName: "n"))
    var maxLength: Int?

    @Option(
        help: ArgumentHelp(
            "Put before each question, such as \"query: \" (default: the model's own).",
            valueName: "text"))
    var queryPrefix: String?

    @Option(
        help: ArgumentHelp(
            "Put before each passage, such as \"passage: \" (default: the model's own).",
            valueName: "text"))
    var passagePrefix: String?

    func validate() throws {
        try NumberRange.check("--max-length", maxLength, 8...65_536)
    }

    var options: EncoderOptions {
        EncoderOptions(
            questionPrefix: queryPrefix, passagePrefix: passagePrefix, pooling: pooling,
            normalises: normalize, maximumLength: maxLength)
    }

    /// Whether anything is chosen.
    var isGiven: Bool { options != EncoderOptions() }
}

/// How an encoder is loaded, for the commands that encode.
struct EncoderChoice: ParsableArguments {
    @OptionGroup var vectors: VectorChoice

    @Option(
        name: .customLong("segment-ids"),
        help: "Segment ids of a DPR encoder (default: zero).")
    var segmentIDs: SegmentIDs?

    @Option(
        help: ArgumentHelp(
            "Weights in memory: f32, f16 (half the memory, rounded), mapped (shared by workers)."))
    var weights = WeightStorage.float32

    @Option(
        help: "The numbers linear layers compute in: float32, or i16 (faster, vectors of its own).")
    var precision = Precision.float32

    @Flag(help: "Let weights pass that are NaN or infinite.")
    var allowNonfinite = false

    var options: EncoderOptions {
        var options = vectors.options
        options.segmentIDs = segmentIDs
        options.weights = weights
        options.precision = precision
        options.allowsNonfinite = allowNonfinite
        return options
    }

    /// Whether anything is chosen.
    var isGiven: Bool { options != EncoderOptions() }
}

/// How vectors are stored, compared and searched.
struct IndexChoice: ParsableArguments {
    @Option(help: "The metric (default: ip).")
    var metric: Metric?

    @Option(
        name: .customLong("index"),
        help: ArgumentHelp(
            "The index of each shard: exact, Flat, or a Faiss factory string (default: exact).",
            valueName: "kind"))
    var kind: String?

    @Option(help: "The numbers that vectors are stored in (default: f32).")
    var vectors: VectorPrecision?

    @Option(
        help: "What of a shard may stay in memory: vectors, or codes alone (default: vectors).")
    var memory: ShardMemory?

    var options: IndexOptions {
        IndexOptions(metric: metric, kind: kind, vectors: vectors, memory: memory)
    }
}
