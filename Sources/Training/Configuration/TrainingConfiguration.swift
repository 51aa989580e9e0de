/// Everything that decides what a training run computes, and where it puts it.
///
/// The defaults are DPR's for Natural Questions; `simpleTransformers` has those of that library.
public struct TrainingConfiguration: Equatable, Sendable, Codable {
    /// What can be trained.
    public enum Kind: String, CaseIterable, Codable, Sendable {
        /// The two towers of a bi-encoder.
        case retriever
        /// DPR's reader.
        case reader
    }

    /// A limit on tokens that leaves each model its own length.
    public static let mostTokens = 1 << 16

    /// What is trained.
    public var kind = Kind.retriever
    /// The folder for checkpoints, log, curves and the trained model.
    public var output = ""
    /// Decides order, choices, dropout and random weights.
    public var seed: UInt64 = 12345
    /// Times that the data are gone through.
    public var epochs = 40
    /// Steps after which training ends; 0: at the end of the epochs.
    public var maximumSteps = 0
    /// Examples of a batch, over all ranks.
    public var batchSize = 16
    /// Batches whose gradients are added up for one step.
    ///
    /// They share no negatives: those of a larger `batchSize` with `memory.chunkSize` do.
    public var accumulationSteps = 1
    /// Whether the order is shuffled.
    public var shuffles = true
    /// The training and validation data.
    public var data = DataSettings()
    /// Where the weights come from.
    public var model = ModelSettings()
    /// How examples become batches.
    public var input = InputSettings()
    /// Which passages become hard negatives when they are found anew.
    public var mining = MiningSettings()
    /// The loss of a retriever.
    public var loss = LossSettings()
    /// What a reader reads.
    public var reader = ReaderSettings()
    /// How parameters follow their gradients.
    public var optimizer = OptimizerSettings()
    /// How the learning rate goes.
    public var schedule = ScheduleSettings()
    /// How much memory a step may take.
    public var memory = MemorySettings()
    /// How much is dropped.
    public var dropout = DropoutSettings()
    /// How the model is measured while it is trained.
    public var evaluation = EvaluationSettings()
    /// What is kept.
    public var checkpoints = CheckpointSettings()
    /// Which batches are trained on several times in a row.
    public var repeats = RepeatSettings()
    /// Steps of which a line of the log is the mean.
    public var logEverySteps = 1

    /// DPR's values: AdamW in transformers' form, 1,237 steps of warm-up, one hard negative.
    public init() {
        optimizer.kind = .adamWHuggingFace
        schedule.warmupSteps = 1237
    }

    /// The values of Simple Transformers: batches of 8, 4e-5, 6 % warm-up, clipping at 1, texts of
    /// 128 tokens, one epoch, negatives as the rows have them, a line of the log for 50 steps.
    ///
    /// `docs/simple-transformers.md` says where they differ.
    public static var simpleTransformers: TrainingConfiguration {
        var configuration = TrainingConfiguration()
        configuration.epochs = 1
        configuration.batchSize = 8
        configuration.optimizer.kind = .adamWTorch
        configuration.optimizer.learningRate = 4e-5
        configuration.optimizer.clipNorm = 1
        configuration.schedule.kind = .linear
        configuration.schedule.warmupSteps = 0
        configuration.schedule.warmupRatio = 0.06
        configuration.input.maximumQuestionTokens = 128
        configuration.input.maximumPassageTokens = 128
        configuration.input.negativeChoice = .first
        configuration.input.layout = .positivesFirst
        configuration.evaluation.batchSize = 100
        configuration.evaluation.everySteps = 2000
        configuration.checkpoints.everySteps = 2000
        configuration.logEverySteps = 50
        return configuration
    }

    /// The values of DPR's reader: 24 passages a question, 1e-5, no warm-up.
    public static var reader: TrainingConfiguration {
        var configuration = TrainingConfiguration()
        configuration.kind = .reader
        configuration.optimizer.learningRate = 1e-5
        configuration.schedule.warmupSteps = 0
        configuration.epochs = 20
        configuration.input.maximumPassageTokens = 350
        configuration.evaluation.measure = "loss"
        return configuration
    }

    /// Refuses settings that cannot be meant.
    ///
    /// - Throws: `TrainingError.invalidSetting`, naming the setting.
    public func validate() throws(TrainingError) {
        try WholeNumbers.check([
            ("epochs", epochs, 1...WholeNumbers.largestCount),
            ("maximumSteps", maximumSteps, 0...WholeNumbers.largestCount),
            ("batchSize", batchSize, 1...WholeNumbers.largestPart),
            ("accumulationSteps", accumulationSteps, 1...WholeNumbers.largestPart),
            ("logEverySteps", logEverySteps, 1...WholeNumbers.largestCount),
        ])
        if output.isEmpty {
            throw .invalidSetting(name: "output", reason: "names no folder")
        }
        if kind == .reader, let name = model.encoderSetting {
            throw .invalidSetting(
                name: name, reason: "is for a retriever, and a reader makes no vectors")
        }
        if kind == .reader, data.refreshEveryEpochs > 0 {
            throw .invalidSetting(
                name: "data.refreshEveryEpochs",
                reason: "is \(data.refreshEveryEpochs), and a reader finds no passages")
        }
        if kind == .retriever, batchSize == 1, input.hardNegatives == 0 {
            throw .invalidSetting(
                name: "batchSize",
                reason: "is 1 and there are no negatives, so that the loss is always 0")
        }
        try data.validate()
        try model.validate()
        try input.validate()
        try mining.validate()
        try loss.validate()
        try reader.validate()
        try optimizer.validate()
        try schedule.validate()
        try memory.validate()
        try dropout.validate()
        try evaluation.validate()
        try checkpoints.validate()
        try repeats.validate()
    }
}
