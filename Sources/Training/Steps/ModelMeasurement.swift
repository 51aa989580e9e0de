/// Measures a model on validation data without training it.
public enum ModelMeasurement {
    /// Measures the model and the data that a configuration names, as a training would.
    ///
    /// - Parameter stop: Whether to end before all is measured.
    /// - Throws: `TrainingError`; `interrupted` where `stop` says so.
    public static func run(
        _ configuration: TrainingConfiguration, group: any CollectiveGroup = SoloGroup(),
        stop: @escaping @Sendable () -> Bool = { false }
    ) throws(TrainingError) -> TrainingEvaluation {
        let validation = try validated(configuration)
        switch configuration.kind {
        case .retriever:
            return try retriever(configuration, validation, group, stop).evaluate(step: 0)
        case .reader:
            let task = ReaderTask(
                try configuration.model.reader(seed: configuration.seed), stores: [],
                validation: validation, settings: configuration, group: group)
            task.stop = stop
            return try task.evaluate(step: 0)
        }
    }

    /// Measures a retriever, and says of each question what was found.
    ///
    /// - Parameter stop: Whether to end before all is measured.
    /// - Throws: `TrainingError`; `interrupted` where `stop` says so.
    public static func runEach(
        _ configuration: TrainingConfiguration, group: any CollectiveGroup = SoloGroup(),
        stop: @escaping @Sendable () -> Bool = { false }
    ) throws(TrainingError) -> (all: TrainingEvaluation, each: [QuestionMeasure]) {
        let task = try retriever(configuration, try validated(configuration), group, stop)
        let found = try task.evaluateEach(step: 0)
        return (
            RetrieverTask.measures(found.results.map(\.result), cuts: found.cuts),
            found.results.map { example, result in
                QuestionMeasure(
                    id: example.id, question: example.question, rank: result.rank,
                    likelihood: result.likelihood, isBestOfBatch: result.isRight)
            }
        )
    }

    private static func retriever(
        _ configuration: TrainingConfiguration, _ validation: ExampleStore,
        _ group: any CollectiveGroup, _ stop: @escaping @Sendable () -> Bool
    ) throws(TrainingError) -> RetrieverTask {
        let task = try RetrieverTask(
            try configuration.model.towers(seed: configuration.seed), stores: [],
            validation: validation, settings: configuration, group: group)
        task.stop = stop
        return task
    }

    private static func validated(
        _ configuration: TrainingConfiguration
    ) throws(TrainingError) -> ExampleStore {
        try configuration.model.validate()
        try configuration.input.validate()
        try configuration.loss.validate()
        try configuration.evaluation.validate()
        guard let validation = try configuration.data.validationStore() else {
            throw .invalidSetting(name: "data.validation", reason: "names no file or folder")
        }
        return validation
    }
}

/// What was found for one question of a measurement.
public struct QuestionMeasure: Equatable, Sendable, Codable {
    /// The id of the example.
    public var id: String
    /// The question.
    public var question: String
    /// The positive's rank in the pool, from 1; ties count against it.
    public var rank: Int
    /// The negative log likelihood of the positive among the passages of its batch.
    public var likelihood: Double
    /// Whether it is the best of its batch.
    public var isBestOfBatch: Bool
}
