/// The dimensions of an encoder that starts from random weights.
public struct EncoderShape: Equatable, Sendable {
    /// The family.
    public var kind: TextEncoder.Kind
    /// Features of a hidden state.
    public var hiddenSize: Int
    /// Layers.
    public var layers: Int
    /// Attention heads; they divide `hiddenSize`.
    public var heads: Int
    /// Features between the two linear layers of the feed-forward part.
    public var intermediateSize: Int
    /// Longest sequence.
    public var positions: Int
    /// Outputs of the projection on top: 0 for none (DPR), more than 0 for RetriBERT.
    public var projectionSize: Int

    /// Names the dimensions.
    public init(
        kind: TextEncoder.Kind, hiddenSize: Int, layers: Int, heads: Int, intermediateSize: Int,
        positions: Int = 512, projectionSize: Int = 0
    ) {
        self.kind = kind
        self.hiddenSize = hiddenSize
        self.layers = layers
        self.heads = heads
        self.intermediateSize = intermediateSize
        self.positions = positions
        self.projectionSize = projectionSize
    }
}
