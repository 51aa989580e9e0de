/// An output that is not finished.
struct Hypothesis: Sendable {
    /// The tokens, the start token first.
    var tokens: [Int32]
    /// Where the keys and values of each token but the last are kept, for each of its sources.
    var slots: [[UInt32]] = []
    /// The sum of the logarithms of its tokens' probabilities, as the search's rules changed them.
    var sum: Float = 0
    /// The logarithm of each token's probability behind the start token, before any rule.
    var logarithms: [Float] = []

    /// Keeps the last token's keys and values beside a source in a slot.
    mutating func take(_ slot: UInt32, source: Int) {
        if source == slots.count { slots.append([]) }
        slots[source].append(slot)
    }

    /// The hypothesis with one token more.
    func extended(_ token: Int32, sum: Float, logarithm: Float) -> Hypothesis {
        var longer = self
        longer.tokens.append(token)
        longer.sum = sum
        longer.logarithms.append(logarithm)
        return longer
    }
}

/// A finished output.
public struct GeneratedSequence: Equatable, Sendable {
    /// The tokens, the start token first; the end token last where the output ended by itself.
    public var tokens: [Int32]
    /// The sum of the logarithms of the tokens' probabilities, as the rules of the search changed
    /// them, divided by the number of tokens behind the start token to the power of the length
    /// penalty.
    public var score: Double
    /// The logarithm of each token's probability behind the start token, before any rule.
    public var logarithms: [Float]
}

/// The search for the outputs of one source.
///
/// What drives it computes the scores of the next token for each of `live`, has the rules change
/// them, and calls `advance`, until it is done.
protocol TokenSearch {
    /// Hypotheses that go on.
    var live: [Hypothesis] { get set }
    /// Whether nothing more is to be found.
    var isDone: Bool { get }
    /// Whether rules work on logarithms of probabilities, else on the model's own scores.
    var takesLogarithms: Bool { get }

    /// Takes the next tokens, of scores `[live, vocabulary]`.
    ///
    /// `logarithm(i, token)` is the logarithm of the probability before any rule. False where no
    /// token is allowed.
    mutating func advance(
        _ scores: UnsafeMutableBufferPointer<Float>, vocabulary: Int,
        logarithm: (Int, Int32) -> Float
    ) -> Bool
    /// The outputs, the best first.
    mutating func finish() -> [GeneratedSequence]
}
