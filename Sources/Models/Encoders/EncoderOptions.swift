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
    /// How the weights of linear layers are kept in memory.
    public var weights: WeightStorage
    /// The numbers linear layers compute in.
    public var precision: Precision
    /// Whether weights that are NaN or infinite are let pass.
    public var allowsNonfinite: Bool

    /// Names the options; all left out have their defaults.
    public init(
        segmentIDs: SegmentIDs? = nil, questionPrefix: String? = nil,
        passagePrefix: String? = nil, weights: WeightStorage = .float32,
        precision: Precision = .float32, allowsNonfinite: Bool = false
    ) {
        self.segmentIDs = segmentIDs
        self.questionPrefix = questionPrefix
        self.passagePrefix = passagePrefix
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
        case segmentIDs, questionPrefix, passagePrefix, weights, precision, allowsNonfinite
    }

    /// Decodes options; those that are missing have their defaults.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            segmentIDs: try container.decodeIfPresent(SegmentIDs.self, forKey: .segmentIDs),
            questionPrefix: try container.decodeIfPresent(String.self, forKey: .questionPrefix),
            passagePrefix: try container.decodeIfPresent(String.self, forKey: .passagePrefix),
            weights: try container.decodeIfPresent(WeightStorage.self, forKey: .weights)
                ?? .float32,
            precision: try container.decodeIfPresent(Precision.self, forKey: .precision)
                ?? .float32,
            allowsNonfinite: try container.decodeIfPresent(Bool.self, forKey: .allowsNonfinite)
                ?? false)
    }
}
