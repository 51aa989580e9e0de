/// How an output is searched for.
///
///     var options = GenerationOptions()
///     options.beams = 4
///     options.maximumNewTokens = 12
///
/// Lengths count the start token, as the field's files do, but for the counts of new tokens. What
/// is left at nil is as the model's files say, and where these are silent as named here.
public struct GenerationOptions: Equatable, Sendable {
    /// Longest output; 20.
    public var maximumLength: Int?
    /// Most tokens after the start token; goes before `maximumLength`.
    public var maximumNewTokens: Int?
    /// Shortest output; 0.
    public var minimumLength: Int?
    /// Fewest tokens after the start token; 0.
    public var minimumNewTokens: Int?
    /// Hypotheses of a beam search; 1: the likeliest token at each step.
    public var beams: Int?
    /// Outputs for each source; 1.
    public var returns: Int?
    /// What decides between hypotheses of different length: a score is the sum of the logarithms
    /// divided by length to this power; 1.
    public var lengthPenalty: Double?
    /// When a beam search ends; `.whenUnlikely`.
    public var earlyStopping: EarlyStopping?
    /// Whether tokens are drawn; false.
    public var samples: Bool?
    /// Divides the scores before a draw; 1.
    public var temperature: Double?
    /// Draws are among so many of the likeliest tokens, 0: all; 50.
    public var topK: Int?
    /// Draws are among the likeliest tokens that together have this probability; 1.
    public var topP: Double?
    /// What draws follow from.
    public var seed: UInt64 = 0
    /// The number of the first source, from which draws follow too: a part of a list of sources
    /// gives what the whole would.
    public var firstSource = 0
    /// Divides the scores of tokens that were given before, or multiplies negative ones; 1.
    public var repetitionPenalty: Double?
    /// No run of so many tokens comes twice; 0: any may.
    public var noRepeatNGram: Int?
    /// Runs of tokens that do not come.
    public var badWords: [[Int32]]?
    /// The tokens that end an output.
    public var ends: [Int32]?
    /// The first token after the start token.
    public var forcedBeginning: ForcedToken?
    /// The last token of an output that is as long as it may be.
    public var forcedEnd: ForcedToken?

    /// Leaves everything to the model's files.
    public init() {}

    /// When a beam search ends, once it has as many finished outputs as beams.
    public enum EarlyStopping: String, Equatable, Sendable {
        /// At once.
        case atOnce = "true"
        /// When the best unfinished hypothesis, were it to end now, would not come in.
        case whenUnlikely = "false"
        /// When none can come in any more.
        case never
    }

    /// A token that is forced, or none whatever the files say.
    public enum ForcedToken: Equatable, Sendable {
        /// This token.
        case token(Int32)
        /// None.
        case none
    }
}

/// All that decides a search, resolved and checked.
struct SearchSettings: Equatable, Sendable {
    var start: Int32
    var padding: Int32
    var ends: [Int32]
    var maximumLength: Int
    var minimumLength = 0
    var minimumNewTokens = 0
    var beams = 1
    var returns = 1
    var lengthPenalty = 1.0
    var earlyStopping = GenerationOptions.EarlyStopping.whenUnlikely
    var samples = false
    var temperature: Float = 1
    var topK = 50
    var topP = 1.0
    var seed: UInt64 = 0
    var firstSource = 0
    var repetitionPenalty: Float = 1
    var noRepeatNGram = 0
    var badWords: [[Int32]] = []
    var forcedBeginning: Int32?
    var forcedEnd: Int32?

    /// The number of a source in the whole list that those at hand are of.
    func number(of source: Int) -> UInt64 { UInt64(bitPattern: Int64(firstSource &+ source)) }

    /// A hypothesis' score: the sum of the logarithms over its tokens behind the start token.
    func score(_ sum: Float, newTokens: Int) -> Double {
        Double(sum) / power(Double(newTokens), lengthPenalty)
    }
}
