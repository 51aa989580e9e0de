// Written by scripts/generate-proto from proto/; not by hand.
// What a user chose for a collection, as it travels; rooms above have types for each value.

/// What a user chose of a collection's encoder, beside the folders.
public struct EncoderSettings: Hashable, Sendable {
    /// `zero`, `pair`, or empty for what the model says.
    public var segmentIDs: String
    /// Put before each question; none: the model's own prompt.
    public var questionPrefix: String?
    /// Put before each passage; none: the model's own prompt.
    public var passagePrefix: String?
    /// The numbers products are computed in, `float32` or `i16`; empty: `float32`.
    public var precision: String
    /// How weights are kept in memory: `f32`, `f16` or `mapped`; empty: `f32`.
    public var weights: String
    /// Whether weights that are not finite are let pass.
    public var allowsNonfinite: Bool
    /// How token vectors become one: `cls`, `mean`, `cls+max`, `pooler` and so on; empty: as the
    /// model says.
    public var pooling: String
    /// Whether vectors are made unit length: `yes`, `no`, or empty for what the model says.
    public var normalize: String
    /// Longest text in tokens; 0: what the model says.
    public var maximumLength: UInt32
    /// Whether texts are lower-cased first: `yes`, `no`, or empty for what the model says.
    public var lowerCase: String
    /// Whether a prompt's tokens are pooled: `yes`, `no`, or empty for what the model says.
    public var poolsPrompt: String

    /// Creates the message; every field left out has its default.
    public init(
        segmentIDs: String = "", questionPrefix: String? = nil, passagePrefix: String? = nil,
        precision: String = "", weights: String = "", allowsNonfinite: Bool = false,
        pooling: String = "", normalize: String = "", maximumLength: UInt32 = 0,
        lowerCase: String = "", poolsPrompt: String = ""
    ) {
        self.segmentIDs = segmentIDs
        self.questionPrefix = questionPrefix
        self.passagePrefix = passagePrefix
        self.precision = precision
        self.weights = weights
        self.allowsNonfinite = allowsNonfinite
        self.pooling = pooling
        self.normalize = normalize
        self.maximumLength = maximumLength
        self.lowerCase = lowerCase
        self.poolsPrompt = poolsPrompt
    }
}

/// How vectors are stored, compared and searched; what is empty is left to the coordinator.
public struct IndexSettings: Hashable, Sendable {
    /// The metric: `ip`, `l2` or `cosine`.
    public var metric: String
    /// The index kind: `exact`, `Flat` or a factory string of Faiss.
    public var kind: String
    /// The numbers that segments hold: `f32` or `f16`.
    public var vectors: String
    /// What of a shard is held in memory.
    public var memory: String

    /// Creates the message; every field left out has its default.
    public init(metric: String = "", kind: String = "", vectors: String = "", memory: String = "") {
        self.metric = metric
        self.kind = kind
        self.vectors = vectors
        self.memory = memory
    }
}
