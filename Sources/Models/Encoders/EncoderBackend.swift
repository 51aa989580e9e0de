import Base

/// What turns the tokens of one tower into vectors: the device and the numbers it computes in are
/// its business alone.
///
/// `TextEncoder` reads texts, cuts them into batches and hands these over, from several threads at
/// once. A backend keeps what the encoder promises: a sequence's vector is the same, bit for bit,
/// whatever else is in its batch.
protocol EncoderBackend: Sendable {
    /// What fingerprints say of device and numbers: all that vectors depend on, in fixed order.
    static func settings(_ description: ModelDescription) -> [String]

    /// Tensors of the checkpoint that no parameter is made of.
    var unusedTensors: [String] { get }

    /// Computes the vector of each sequence of `batch` and writes that of sequence i to row
    /// `rows[i]` of `out`, `[texts, dimension]`.
    ///
    /// `leftOut` tokens at the start of each sequence are not pooled. The threads of `team` share
    /// the work; its bits do not depend on how many they are.
    func encode(
        _ batch: TokenBatch, leftOut: Int, rows: [Int], into out: UnsafeMutablePointer<Float>,
        _ team: ThreadTeam)
}
