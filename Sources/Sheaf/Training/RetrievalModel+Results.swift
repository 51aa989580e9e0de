import Corpus
import Foundation
public import Training

/// What calls give beside their summaries: vectors, questions one by one, the negatives themselves.
extension RetrievalModel {
    /// Measures this model as `evaluate(on:_:)` does, and says how each question fared.
    ///
    ///     let found = try await model.evaluateEach(on: "dev.tsv", with: "corpus.tsv")
    ///     let hardest = found.questions.max { $0.rank < $1.rank }
    ///
    /// - Parameters:
    ///   - data: A file or folder in any form of training data.
    ///   - additionalPassages: A corpus whose passages the positives are ranked among too.
    ///   - configuration: How it is measured.
    public func evaluateEach(
        on data: String, with additionalPassages: String? = nil,
        _ configuration: TrainingConfiguration = TrainingConfiguration()
    ) async throws(SheafError) -> RetrievalEvaluation {
        var configuration = measuring(data, configuration)
        if let additionalPassages {
            configuration.evaluation.additionalPassages = additionalPassages
        }
        return try await MeasureOrder(configuration).runEach()
    }

    /// The passages of a corpus nearest to each question, with the vectors of both.
    ///
    /// - Parameters:
    ///   - progress: Told how many passages are encoded; false ends the call.
    public func answers(
        to questions: [String], in corpus: String, count: Int = 10, threads: Int = 1,
        progress: @escaping @Sendable (Int) -> Bool = { _ in true }
    ) async throws(SheafError) -> [DenseAnswer] {
        let model = self
        return try await onOwnThread { () throws(SheafError) in
            let candidates = try model.candidates(corpus, threads: threads, progress)
            return try training { () throws(TrainingError) in
                try candidates.answers(for: questions, count: count)
            }
        }
    }

    /// Finds hard negatives for training data with this model and gives the examples with them.
    ///
    /// All examples are held in memory; `buildHardNegatives` writes them to a file one by one.
    ///
    /// - Parameters:
    ///   - data: A file or folder in any form of training data.
    ///   - corpus: Where negatives are looked for; it is encoded for this call.
    ///   - settings: Which of the found passages become negatives.
    ///   - progress: Told how many passages are encoded; false ends the call.
    public func hardNegatives(
        for data: String, in corpus: String, _ settings: MiningSettings = MiningSettings(),
        threads: Int = 1, progress: @escaping @Sendable (Int) -> Bool = { _ in true }
    ) async throws(SheafError) -> (examples: [TrainingExample], report: HardNegativeMiner.Report) {
        let model = self
        return try await onOwnThread { () throws(SheafError) in
            let candidates = try model.candidates(corpus, threads: threads, progress)
            return try training { () throws(TrainingError) in
                var examples: [TrainingExample] = []
                let report = try HardNegativeMiner.mine(
                    try .detect(data), from: candidates, settings
                ) { example throws(TrainingError) in examples.append(example) }
                return (examples, report)
            }
        }
    }
}
