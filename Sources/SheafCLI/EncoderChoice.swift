import ArgumentParser
import Sheaf

/// How texts become vectors: the same words for every command that encodes.
struct EncoderChoice: ParsableArguments {
    @Option(
        name: .customLong("segment-ids"),
        help: "Segment ids of a DPR encoder (default: zero).")
    var segmentIDs: SegmentIDs?

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
        EncoderOptions(
            segmentIDs: segmentIDs, questionPrefix: queryPrefix, passagePrefix: passagePrefix,
            weights: weights, precision: precision, allowsNonfinite: allowNonfinite)
    }
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
