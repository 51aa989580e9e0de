/// What a reader reads in training.
public struct ReaderSettings: Equatable, Sendable, Codable {
    /// Passages of a question, the positive included.
    public var passages = 24
    /// Longest answer in tokens; longer ones are no spans.
    public var maximumAnswerTokens = 10

    /// DPR's values.
    public init() {}

    func validate() throws(TrainingError) {
        try WholeNumbers.check([
            ("reader.passages", passages, 1...WholeNumbers.largestPart),
            ("reader.maximumAnswerTokens", maximumAnswerTokens, 1...WholeNumbers.largestPart),
        ])
    }
}

/// How a model is measured while it is trained.
public struct EvaluationSettings: Equatable, Sendable, Codable {
    /// Steps between measurements; 0: at the end of each epoch alone.
    public var everySteps = 0
    /// Examples that share their passages for the likelihood, as in a batch.
    public var batchSize = 64
    /// Hard negatives of each question in the pool that ranks are taken in.
    public var hardNegatives = 30
    /// Ordinary negatives of each question in the pool.
    public var otherNegatives = 30
    /// A corpus whose passages are in the pool too; empty: those of the data alone.
    public var additionalPassages = ""
    /// Examples that are measured; 0: all.
    public var maximumExamples = 0
    /// The measure that decides which model is best.
    public var measure = "nll"
    /// Measurements without a better one after which training ends; 0: it goes on.
    public var patience = 0
    /// By how much a better one must be better.
    public var minimumDelta = 0.0

    /// After each epoch, never ending early.
    public init() {}

    func validate() throws(TrainingError) {
        let counts = 0...WholeNumbers.largestCount
        try WholeNumbers.check([
            ("evaluation.everySteps", everySteps, counts),
            ("evaluation.batchSize", batchSize, 1...WholeNumbers.largestPart),
            ("evaluation.hardNegatives", hardNegatives, 0...WholeNumbers.largestPart),
            ("evaluation.otherNegatives", otherNegatives, 0...WholeNumbers.largestPart),
            ("evaluation.maximumExamples", maximumExamples, counts),
            ("evaluation.patience", patience, counts),
        ])
    }
}

/// Which batches are trained on several times in a row.
///
/// Source: Simple Transformers 0.70.8, repeat_high_loss_n and moving_average_loss_count.
public struct RepeatSettings: Equatable, Sendable, Codable {
    /// How many more updates a batch gets at most while its loss is above the mean of the steps
    /// before; 0: none.
    public var highLoss = 0
    /// Steps of that mean; before there are as many, nothing is repeated.
    public var window = 10

    /// Nothing is repeated.
    public init() {}

    func validate() throws(TrainingError) {
        try WholeNumbers.check([
            ("repeats.highLoss", highLoss, 0...WholeNumbers.largestPart),
            ("repeats.window", window, 1...WholeNumbers.largestPart),
        ])
    }
}

/// Which checkpoints are written and kept.
public struct CheckpointSettings: Equatable, Sendable, Codable {
    /// Steps between checkpoints; 0: at the end of each epoch alone.
    public var everySteps = 0
    /// How many of the newest are kept.
    public var keep = 2

    /// After each epoch, the last two.
    public init() {}

    func validate() throws(TrainingError) {
        try WholeNumbers.check([
            ("checkpoints.everySteps", everySteps, 0...WholeNumbers.largestCount),
            ("checkpoints.keep", keep, 1...WholeNumbers.largestPart),
        ])
    }
}
