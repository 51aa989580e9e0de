import Corpus
import Foundation
public import Models
public import Training

/// A retriever as one value: train it, measure it, ask it, let it find its own hard negatives.
///
///     let model = try RetrievalModel("all-MiniLM-L6-v2")
///     var settings = TrainingConfiguration.simpleTransformers
///     settings.data.training = ["train.tsv"]
///     settings.output = "run"
///     let (trained, summary) = try await model.train(settings, workers: 2)
///     let found = try await trained.predict(["who wrote faust"], in: "corpus.tsv", count: 5)
///
/// `docs/simple-transformers.md` says what the arguments of that library's model are here.
public struct RetrievalModel: Equatable, Sendable {
    /// The question tower's folder.
    public var question: String
    /// The passage tower's folder; the same one where the towers share their weights.
    public var context: String
    /// How the towers encode, in every call: what is left open is as the folders say.
    public var encoder = EncoderOptions()

    /// Names the folders of both towers.
    public init(question: String, context: String, encoder: EncoderOptions = EncoderOptions()) {
        self.question = question
        self.context = context
        self.encoder = encoder
    }

    /// Names one folder: a model that serves both sides, or one that holds `question_encoder` and
    /// `context_encoder`.
    ///
    /// - Throws: where a tower is missing.
    public init(
        _ folder: String, encoder: EncoderOptions = EncoderOptions()
    ) throws(SheafError) {
        let folders = try typed { try ModelFolders.resolve(model: folder) }
        guard let question = folders.question, let context = folders.context else {
            throw .request(
                "\(folder) holds one tower alone. Name both folders, or one that holds both.")
        }
        self.init(question: question, context: context, encoder: encoder)
    }

    /// What has to be assumed of the pooling since nothing says it, as sentences for people.
    public func assumptions() throws(SheafError) -> [String] {
        try typed {
            try ModelFolders(question: question, context: context).assumptions(encoder)
        }
    }

    /// Trains over rank processes and gives the trained model with what came out.
    ///
    /// - Parameters:
    ///   - configuration: Everything but the model's folders, which are this model's.
    ///   - workers: Rank processes.
    ///   - told: Told how it goes, on any thread.
    public func train(
        _ configuration: TrainingConfiguration, workers: Int = 1,
        told: @escaping @Sendable (TrainingNews) -> Void = { _ in }
    ) async throws(SheafError) -> (model: RetrievalModel, summary: TrainingSummary) {
        var configuration = configuration
        configuration.model.folder = ""
        configuration.model.question = question
        configuration.model.context = context
        configuration.model.take(encoder, assuming: configuration.model.assumedPooling)
        var order = TrainingOrder(configuration)
        order.workers = workers
        let summary = try await order.run(told: told)
        return (try RetrievalModel(summary.model), summary)
    }

    /// Measures this model on data with known positives.
    ///
    /// - Parameters:
    ///   - data: A file or folder in any form of training data.
    ///   - configuration: How it is measured.
    public func evaluate(
        on data: String, _ configuration: TrainingConfiguration = TrainingConfiguration()
    ) async throws(SheafError) -> TrainingEvaluation {
        try await MeasureOrder(measuring(data, configuration)).run()
    }

    /// A configuration that measures this model on some data.
    func measuring(_ data: String, _ configuration: TrainingConfiguration) -> TrainingConfiguration
    {
        var configuration = configuration
        configuration.model.question = question
        configuration.model.context = context
        configuration.model.take(encoder)
        configuration.data.validation = data
        return configuration
    }

    /// The passages of a corpus nearest to each question, best first, by inner product.
    ///
    /// The corpus is encoded for this call, its texts and vectors kept in temporary files; index
    /// one that is asked again.
    ///
    /// - Parameters:
    ///   - note: Told what people ought to know: lists that are shorter than asked for, texts that
    ///     were cut to the model's length.
    ///   - progress: Told how many passages are encoded; false ends the call.
    public func predict(
        _ questions: [String], in corpus: String, count: Int = 10, threads: Int = 1,
        note: @escaping @Sendable (String) -> Void = { _ in },
        progress: @escaping @Sendable (Int) -> Bool = { _ in true }
    ) async throws(SheafError) -> [[TrainingPassage]] {
        try await hits(
            questions, in: corpus, count: count, threads: threads, note: note, progress: progress
        ).map { $0.map(\.passage) }
    }

    /// The same for writers of results, with the place of each passage in the corpus.
    public func found(
        for questions: [String], in corpus: String, count: Int = 10, threads: Int = 1,
        note: @escaping @Sendable (String) -> Void = { _ in },
        progress: @escaping @Sendable (Int) -> Bool = { _ in true }
    ) async throws(SheafError) -> [FoundPassages] {
        try await hits(
            questions, in: corpus, count: count, threads: threads, note: note, progress: progress
        ).map { FoundPassages($0) }
    }

    private func hits(
        _ questions: [String], in corpus: String, count: Int, threads: Int,
        note: @escaping @Sendable (String) -> Void,
        progress: @escaping @Sendable (Int) -> Bool
    ) async throws(SheafError) -> [[DenseCandidates.Found]] {
        let model = self
        return try await onOwnThread { () throws(SheafError) in
            let candidates = try model.candidates(corpus, threads: threads, progress)
            let found = try training { () throws(TrainingError) in
                try candidates.found(for: questions, count: count)
            }
            if candidates.count < count, !found.isEmpty {
                let lists = found.count == 1 ? "list is" : "lists are"
                note(
                    "\(Quantity.count(UInt64(found.count))) \(lists) shorter than \(count): the"
                        + " corpus has \(Quantity.count(candidates.count, "passage"))")
            }
            if let cut = candidates.cuts.sentence { note(cut) }
            return found
        }
    }

    /// Finds hard negatives for training data with this model and writes the data with them.
    ///
    /// - Parameters:
    ///   - data: What is read and written.
    ///   - corpus: Where negatives are looked for; it is encoded for this call.
    ///   - settings: Which of the found passages become negatives.
    public func buildHardNegatives(
        for data: ConvertOrder, in corpus: String, _ settings: MiningSettings = MiningSettings(),
        threads: Int = 1, progress: @escaping @Sendable (Int) -> Bool = { _ in true }
    ) async throws(SheafError) -> HardNegativeMiner.Report {
        let model = self
        return try await onOwnThread { stop throws(SheafError) in
            let source = try data.source()
            let candidates = try model.candidates(corpus, threads: threads) {
                progress($0) && !stop()
            }
            return try MineOrder.write(source, from: candidates, data, settings) { _ in !stop() }
        }
    }

    func candidates(
        _ corpus: String, threads: Int, _ progress: (Int) -> Bool
    ) throws(SheafError) -> DenseCandidates {
        let questions = try typed {
            try TextEncoder.load(folder: question, tower: .question, options: encoder)
        }
        let passages = try typed {
            try TextEncoder.load(folder: context, tower: .context, options: encoder)
        }
        let source = try typed { try CorpusSource(paths: [corpus]) }
        return try training { () throws(TrainingError) in
            try DenseCandidates(
                question: questions, context: passages, corpus: source, threads: threads,
                progress: progress)
        }
    }
}
