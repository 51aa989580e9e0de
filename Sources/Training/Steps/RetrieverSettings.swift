import Models
import Tensors

/// How much memory a step may take.
public struct MemorySettings: Equatable, Sendable, Codable {
    /// Sequences encoded at a time, on each side; 0: all at once.
    ///
    /// With a size, a step encodes each chunk twice and holds the intermediate results of one at a
    /// time, so that the batch is independent of memory; the gradient is the same.
    /// Source: Gao et al. 2021, "Scaling Deep Contrastive Learning Batch Size under Memory Limited
    /// Setup".
    public var chunkSize = 0
    /// Whether layers keep their inputs alone and are computed again on the way back.
    public var recomputesLayers = false

    /// Everything is kept.
    public init() {}

    func validate() throws(TrainingError) {
        try WholeNumbers.check([("memory.chunkSize", chunkSize, 0...WholeNumbers.largestPart)])
    }

    /// What a forward pass keeps.
    var recording: Recording.Mode { recomputesLayers ? .checkpointed : .full }

    /// Sequences 0 ..< `count` in chunks.
    func chunks(_ count: Int) -> [Range<Int>] {
        guard chunkSize > 0 else { return count > 0 ? [0..<count] : [] }
        return stride(from: 0, to: count, by: chunkSize).map { $0..<min($0 + chunkSize, count) }
    }
}

/// The share of values that dropout sets to zero while training.
public struct DropoutSettings: Equatable, Sendable, Codable {
    /// Of hidden states; below 0: what the model's own configuration says.
    public var hidden = -1.0
    /// Of attention weights; below 0: what the model's own configuration says.
    public var attention = -1.0

    /// The model's own rates.
    public init() {}

    func validate() throws(TrainingError) {
        for (name, value) in [("hidden", hidden), ("attention", attention)] where value >= 1 {
            throw .invalidSetting(
                name: "dropout.\(name)", reason: "is \(value); it must be below 1")
        }
    }

    /// The rates for a model whose own are given.
    func rates(_ own: DropoutRates) -> DropoutRates {
        DropoutRates(
            hidden: hidden < 0 ? own.hidden : hidden,
            attention: attention < 0 ? own.attention : attention)
    }
}

/// Scores of a question's passages by a model that is not trained, in the order given.
public typealias TeacherScores =
    (_ question: String, _ passages: [TrainingPassage]) throws(TrainingError) -> [Double]
