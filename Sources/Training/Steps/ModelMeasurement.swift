/// Measures a model on validation data without training it.
public enum ModelMeasurement {
    /// Measures the model and the data that a configuration names, as a training would.
    ///
    /// - Throws: `TrainingError`.
    public static func run(
        _ configuration: TrainingConfiguration, group: any CollectiveGroup = SoloGroup()
    ) throws(TrainingError) -> TrainingEvaluation {
        try configuration.model.validate()
        try configuration.input.validate()
        try configuration.loss.validate()
        try configuration.evaluation.validate()
        guard let validation = try configuration.data.validationStore() else {
            throw .invalidSetting(name: "data.validation", reason: "names no file or folder")
        }
        let task: any TrainingTask
        switch configuration.kind {
        case .retriever:
            task = try RetrieverTask(
                try configuration.model.towers(seed: configuration.seed), stores: [],
                validation: validation, settings: configuration, group: group)
        case .reader:
            task = ReaderTask(
                try configuration.model.reader(seed: configuration.seed), stores: [],
                validation: validation, settings: configuration, group: group)
        }
        return try task.evaluate(step: 0)
    }
}
