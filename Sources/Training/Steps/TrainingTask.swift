import Base
public import Models

/// What a trainer trains: it computes gradients and measures; the trainer does the rest.
protocol TrainingTask: AnyObject {
    /// The parameters that move, in an order that is the same on every rank.
    var parameterSets: [ParameterSet] { get }
    /// The training data.
    var stores: [ExampleStore] { get }
    /// Whether there is something to measure with.
    var canEvaluate: Bool { get }

    /// How the towers of a retriever pool, and whether that had to be assumed; nil for a reader.
    var pooling: (name: String, isAssumed: Bool)? { get }
    /// What had to be assumed of the model, as sentences.
    var assumptions: [String] { get }

    /// Sets `gradients` of all sets to those of some batches, summed over all ranks.
    ///
    /// - Parameters:
    ///   - batches: The examples of each accumulated batch, over all ranks.
    ///   - epoch: The epoch, for choices that differ between epochs.
    ///   - step: The step from 0, for dropout and messages.
    func gradients(
        of batches: [[ExampleNumber]], epoch: Int, step: Int
    ) throws(TrainingError) -> StepStatistics

    /// Measures the model on the validation data, together with all ranks.
    func evaluate(step: Int) throws(TrainingError) -> TrainingEvaluation

    /// Writes the model as a folder that opens for inference.
    func save(to folder: String) throws(TrainingError)

    /// Writes training data with negatives that the model as it is finds, together with all ranks;
    /// empty where this task cannot.
    func refreshed(in folder: String, epoch: Int, step: Int) throws(TrainingError) -> [String]

    /// Takes other training data, from the next epoch on.
    func replaceData(_ stores: [ExampleStore])
}

extension TrainingTask {
    /// Examples of each data set.
    var sizes: [Int] { stores.map(\.count) }

    /// Nothing: only a retriever pools.
    var pooling: (name: String, isAssumed: Bool)? { nil }
    /// Nothing.
    var assumptions: [String] { [] }

    /// A number for the training data, for telling runs apart.
    var dataDigest: UInt64 {
        get throws(TrainingError) {
            var digest: UInt64 = 0
            for store in stores { digest = SplitMix.mixed(digest ^ (try store.digest())) }
            return digest
        }
    }

    /// Nothing: only a retriever finds passages.
    func refreshed(in folder: String, epoch: Int, step: Int) throws(TrainingError) -> [String] {
        []
    }

    /// The source's ids of some examples.
    func ids(of numbers: [ExampleNumber]) throws(TrainingError) -> [String] {
        var ids: [String] = []
        for number in numbers { ids.append(try stores[number.dataset].outline(number.index).id) }
        return ids
    }
}

/// What a measurement during training found; `Codable` for the log.
public struct TrainingEvaluation: Equatable, Sendable, Codable {
    /// Questions measured.
    public var questions: Int
    /// The values by name: `nll`, `accuracy`, `average_rank`, `mrr`, `top_1` and so on for a
    /// retriever; `loss`, `accuracy`, `exact_match` for a reader.
    public var values: [String: Double]
    /// What was cut off the texts; no part of the log, since it is the same each time.
    public var cuts = TextCuts()

    private enum CodingKeys: String, CodingKey { case questions, values }

    /// Names everything.
    public init(questions: Int, values: [String: Double], cuts: TextCuts = TextCuts()) {
        self.questions = questions
        self.values = values
        self.cuts = cuts
    }

    /// Whether a lower value of a measure is better.
    static func isLowerBetter(_ name: String) -> Bool {
        ["nll", "loss", "average_rank"].contains(name)
    }
}
