/// What a forward pass keeps for its backward pass.
public enum Recording {
    /// How much is kept.
    public enum Mode: String, CaseIterable, Sendable {
        /// Nothing: no backward pass can follow.
        case none
        /// Every intermediate result that the backward pass reads.
        case full
        /// The input of each layer; the backward pass computes the layer again, to the same bits.
        case checkpointed
    }
}

/// Vectors of a forward pass, with what its backward pass needs.
public final class Encoded {
    /// One vector per sequence: `[count, dimension]`, row-major.
    public let rows: [Float]
    /// Number of sequences.
    public let count: Int
    /// What was recorded, until the backward pass has used it.
    var tape: EncoderTape?

    init(rows: [Float], count: Int, tape: EncoderTape?) {
        self.rows = rows
        self.count = count
        self.tape = tape
    }
}
