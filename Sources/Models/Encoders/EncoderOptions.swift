/// How a tower is loaded: what beside its folder decides its vectors, and what is let pass.
///
/// Only what changes vectors is part of the fingerprint.
public struct EncoderOptions: Hashable, Sendable {
    /// Segment ids of pairs, for DPR alone; nil: zero.
    public var segmentIDs: SegmentIDs?
    /// Put before each question; nil: the folder's own prompt.
    public var questionPrefix: String?
    /// Put before each passage; nil: the folder's own prompt.
    public var passagePrefix: String?
    /// How token vectors become one; nil: as the folder says.
    public var pooling: PoolingChoice?
    /// Whether vectors are made unit length; nil: as the folder says.
    public var normalises: Bool?
    /// Longest text in tokens, special tokens included; nil: as the folder says.
    public var maximumLength: Int?
    /// Whether texts are lower-cased before the tokenizer sees them; nil: as the folder says.
    public var lowercases: Bool?
    /// Whether the tokens of a prompt are pooled too; nil: as the folder says.
    public var poolsPrompt: Bool?
    /// How a plain BERT is pooled where neither its folder nor `pooling` says; the mean is what
    /// sentence-transformers takes, the first token what DPR and Simple Transformers do.
    public var assumedPooling: PoolingChoice
    /// How the weights of linear layers are kept in memory.
    public var weights: WeightStorage
    /// The numbers linear layers compute in.
    public var precision: Precision
    /// Whether weights that are NaN or infinite are let pass.
    public var allowsNonfinite: Bool

    /// Names the options; all left out have their defaults.
    public init(
        segmentIDs: SegmentIDs? = nil, questionPrefix: String? = nil,
        passagePrefix: String? = nil, pooling: PoolingChoice? = nil, normalises: Bool? = nil,
        maximumLength: Int? = nil, lowercases: Bool? = nil, poolsPrompt: Bool? = nil,
        assumedPooling: PoolingChoice = .mean, weights: WeightStorage = .float32,
        precision: Precision = .float32, allowsNonfinite: Bool = false
    ) {
        self.segmentIDs = segmentIDs
        self.questionPrefix = questionPrefix
        self.passagePrefix = passagePrefix
        self.pooling = pooling
        self.normalises = normalises
        self.maximumLength = maximumLength
        self.lowercases = lowercases
        self.poolsPrompt = poolsPrompt
        self.assumedPooling = assumedPooling
        self.weights = weights
        self.precision = precision
        self.allowsNonfinite = allowsNonfinite
    }
}

/// How the weights of linear layers are kept in memory.
public enum WeightStorage: String, CaseIterable, Codable, Sendable {
    /// Packed 32-bit floats of this process alone: the fastest.
    case float32 = "f32"
    /// Packed 16-bit floats, rounded to nearest and widened in each product: half the memory, and
    /// vectors of their own.
    case float16 = "f16"
    /// Where they lie in the file, in its type: processes of one host share the pages; the vectors
    /// of `float32`, at some cost of speed.
    case mapped
}

extension EncoderOptions: Codable {
    private enum CodingKeys: String, CodingKey {
        case segmentIDs, questionPrefix, passagePrefix, pooling, normalises, maximumLength
        case lowercases, poolsPrompt, assumedPooling, weights, precision, allowsNonfinite
    }

    /// Decodes options; those that are missing have their defaults.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        func value<Value: Decodable>(_ key: CodingKeys) throws -> Value? {
            try container.decodeIfPresent(Value.self, forKey: key)
        }
        self.init(
            segmentIDs: try value(.segmentIDs), questionPrefix: try value(.questionPrefix),
            passagePrefix: try value(.passagePrefix), pooling: try value(.pooling),
            normalises: try value(.normalises), maximumLength: try value(.maximumLength),
            lowercases: try value(.lowercases), poolsPrompt: try value(.poolsPrompt),
            assumedPooling: try value(.assumedPooling) ?? .mean,
            weights: try value(.weights) ?? .float32,
            precision: try value(.precision) ?? .float32,
            allowsNonfinite: try value(.allowsNonfinite) ?? false)
    }
}

extension EncoderOptions {
    /// These options, and where they leave something open what `other` says.
    public func completed(by other: EncoderOptions) -> EncoderOptions {
        var whole = self
        whole.segmentIDs = segmentIDs ?? other.segmentIDs
        whole.questionPrefix = questionPrefix ?? other.questionPrefix
        whole.passagePrefix = passagePrefix ?? other.passagePrefix
        whole.pooling = pooling ?? other.pooling
        whole.normalises = normalises ?? other.normalises
        whole.maximumLength = maximumLength ?? other.maximumLength
        whole.lowercases = lowercases ?? other.lowercases
        whole.poolsPrompt = poolsPrompt ?? other.poolsPrompt
        return whole
    }
}
