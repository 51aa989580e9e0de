/// The two towers of a bi-encoder in training: separate, tied, or RetriBERT with one encoder and
/// two projections.
public struct TrainableTowers: Sendable {
    /// Encodes questions.
    public let question: TrainableEncoder
    /// Encodes passages; the same object where the towers are tied.
    public let context: TrainableEncoder

    /// Pairs two towers of the same dimension.
    public init(question: TrainableEncoder, context: TrainableEncoder) {
        precondition(
            question.dimension == context.dimension,
            "towers of dimension \(question.dimension) and \(context.dimension)")
        self.question = question
        self.context = context
    }

    /// The distinct parameter sets: one where the towers share it, else the question's first.
    public var parameterSets: [ParameterSet] {
        question.parameters === context.parameters
            ? [question.parameters] : [question.parameters, context.parameters]
    }

    /// Loads the towers of `folders`, both named.
    ///
    /// A folder named for both towers gives tied towers, or RetriBERT's two.
    /// Throws: `ModelError`.
    public static func load(
        question: String, context: String, segmentIDs: SegmentIDs? = nil
    ) throws(ModelError) -> TrainableTowers {
        preconditionFailure("declared ahead of its body")
    }

    /// Makes two towers with random weights; `isShared` ties them (RetriBERT keeps two
    /// projections).
    public static func random(
        _ shape: EncoderShape, isShared: Bool, seed: UInt64, tokenizerFolder: String,
        segmentIDs: SegmentIDs = .zero
    ) throws(ModelError) -> TrainableTowers {
        preconditionFailure("declared ahead of its body")
    }

    /// Writes `folder/question_encoder` and `folder/context_encoder`, or `folder` itself for tied
    /// towers and RetriBERT, so that `ModelFolders.resolve(model: folder)` finds both.
    ///
    /// Throws: `ModelError.unwritableFile`.
    public func save(to folder: String) throws(ModelError) {
        preconditionFailure("declared ahead of its body")
    }
}
