/// The shares of values that dropout sets to zero.
public struct DropoutRates: Equatable, Sendable {
    /// Of hidden states: after the embeddings, attention and the feed-forward part.
    public var hidden: Double
    /// Of attention weights.
    public var attention: Double

    /// Names the two rates, each at least 0 and less than 1.
    public init(hidden: Double, attention: Double) {
        precondition(
            (0..<1).contains(hidden) && (0..<1).contains(attention),
            "dropout rates \(hidden) and \(attention) are not in 0..<1")
        self.hidden = hidden
        self.attention = attention
    }
}

/// What decides which values a forward pass drops, beside the layer, the place in it and the
/// number of the example.
///
/// Nothing else does: not the batch around an example, nor the process that computes it.
public struct DropoutKey: Equatable, Sendable {
    /// The seed of the run.
    public var seed: UInt64
    /// The optimizer step.
    public var step: UInt64
    /// Tells apart the sides that one step encodes: questions 0, passages 1.
    public var stream: UInt32
    /// How much is dropped.
    public var rates: DropoutRates

    /// Names seed, step, side and rates.
    public init(seed: UInt64, step: UInt64, stream: UInt32, rates: DropoutRates) {
        self.seed = seed
        self.step = step
        self.stream = stream
        self.rates = rates
    }
}
