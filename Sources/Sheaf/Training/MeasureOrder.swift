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

    /// Measures on a thread of its own.
    public func run() async throws(SheafError) -> TrainingEvaluation {
        let configuration = configuration
        return try await onOwnThread { () throws(SheafError) in
            try training { () throws(TrainingError) in try ModelMeasurement.run(configuration) }
        }
    }
}
