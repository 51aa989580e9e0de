/// Measures a model on validation data without training it.
public enum ModelMeasurement {
    /// Measures the model and the data that a configuration names, as a training would.
    ///
    /// - Throws: `TrainingError`.
    public static func run(
        _ configuration: TrainingConfiguration, group: any CollectiveGroup = SoloGroup()
    ) throws(TrainingError) -> TrainingEvaluation {
        let validation = try validated(configuration)
        switch configuration.kind {
        case .retriever:
            return try retriever(configuration, validation, group).evaluate(step: 0)
        case .reader:
            return try ReaderTask(
                try configuration.model.reader(seed: configuration.seed), stores: [],
                validation: validation, settings: configuration, group: group
            ).evaluate(step: 0)
        }
    }

    /// Measures a retriever, and says of each question what was found.
    ///
    /// - Throws: `TrainingError`.
    public static func runEach(
        _ configuration: TrainingConfiguration, group: any CollectiveGroup = SoloGroup()
    ) throws(TrainingError) -> (all: TrainingEvaluation, each: [QuestionMeasure]) {
        let task = try retriever(configuration, try validated(configuration), group)
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
        _ group: any CollectiveGroup
    ) throws(TrainingError) -> RetrieverTask {
        try RetrieverTask(
            try configuration.model.towers(seed: configuration.seed), stores: [],
            validation: validation, settings: configuration, group: group)
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
