public import Training

/// A model to be measured on data with known positives, without a cluster.
///
/// For a retriever the pool is every passage of the data; for a live index use `SearchOrder` and
/// `EvaluationOrder`.
public struct MeasureOrder: Equatable, Sendable {
    /// The model, the data (`data.validation`) and how they are measured.
    public var configuration: TrainingConfiguration

    /// Measures what a configuration names.
    public init(_ configuration: TrainingConfiguration) {
        self.configuration = configuration
    }

    /// Measures on a thread of its own, until the task is cancelled.
    public func run() async throws(SheafError) -> TrainingEvaluation {
        let configuration = configuration
        return try await onOwnThread { stop throws(SheafError) in
            try training { () throws(TrainingError) in
                try ModelMeasurement.run(configuration, stop: stop)
            }
        }
    }

    /// Measures a retriever on a thread of its own, and says of each question what was found.
    public func runEach() async throws(SheafError) -> RetrievalEvaluation {
        let configuration = configuration
        return try await onOwnThread { stop throws(SheafError) in
            let found = try training { () throws(TrainingError) in
                try ModelMeasurement.runEach(configuration, stop: stop)
            }
            return RetrievalEvaluation(all: found.all, questions: found.each)
        }
    }
}

/// What a measurement of a retriever found, and how each question fared.
public struct RetrievalEvaluation: Equatable, Sendable {
    /// The measures over all questions.
    public var all: TrainingEvaluation
    /// One for each question, in the order of the data.
    public var questions: [QuestionMeasure]
}
