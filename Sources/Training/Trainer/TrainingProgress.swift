/// Where a run stands.
public struct TrainingProgress: Equatable, Sendable {
    /// Steps done.
    public var step: Int
    /// Steps of the whole run.
    public var totalSteps: Int
    /// Epochs begun, from 1.
    public var epoch: Int
    /// The loss of the last step.
    public var loss: Double
    /// The learning rate of the last step.
    public var learningRate: Double
    /// Questions a second, over the last steps.
    public var questionsPerSecond: Double
    /// Seconds until the end at this pace.
    public var secondsLeft: Double
    /// What was measured after this step, if something was.
    public var evaluation: TrainingEvaluation?
}

/// What a run calls while it goes on; all calls come on the thread that trains.
public struct TrainingHooks {
    /// Told after each step, on every rank.
    public var progress: (TrainingProgress) -> Void = { _ in }
    /// Told what a person ought to know, on every rank.
    public var note: (String) -> Void = { _ in }
    /// Asked after each step whether to stop; one rank's yes stops all, after a checkpoint.
    public var shouldStop: () -> Bool = { false }

    /// Nobody listens.
    public init() {}
}

/// How a run ended.
public struct TrainingReport: Equatable, Sendable {
    /// Steps done, those before a resumption included.
    public var steps: Int
    /// The folder of the trained model: the best one where it was measured, else the last.
    public var model: String
    /// The step after which that model was measured or kept.
    public var modelStep: Int
    /// What was measured for it.
    public var evaluation: TrainingEvaluation?
    /// Whether training ended early, for lack of better measurements.
    public var endedEarly: Bool
    /// Seconds in this process.
    public var seconds: Double
    /// Of these, how long the rank that waited longest did so, for others and for the wire.
    public var waitedSeconds: Double
    /// What people ought to know of it: what was left out, and what cannot have an effect.
    public var notes: [String]
}

/// What a run remembers from step to step, beside parameters and moments.
struct TrainingState: Equatable, Codable {
    /// Steps done: sampler, schedule and random numbers follow from it.
    var step = 0
    /// The best value of the deciding measure.
    var best: TrainingEvaluation?
    /// The step of the best value.
    var bestStep = 0
    /// Measurements since.
    var worseEvaluations = 0
    /// Whether training ended early.
    var endedEarly = false
    /// The files of the last refresh of negatives; nil before the first.
    var refreshed: [String]?
    /// The losses of the last steps, where batches of a high loss are repeated.
    var recentLosses: [Double]?
    /// Updates beside those of steps; nil: none.
    var repeats: Int?
    /// What the steps since the last line of the log have seen; nil where it has all of them.
    var unlogged: LogSums?
}
