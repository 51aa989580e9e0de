import Tensors
import Tokenizers

/// The two towers of a bi-encoder in training: separate, tied, or RetriBERT with one encoder and
/// two projections.
public struct TrainableTowers: Sendable {
    /// Encodes questions.
    public let question: TrainableEncoder
    /// Encodes passages; the same object where the towers are tied.
    public let context: TrainableEncoder

    /// Pairs two towers of the same dimension.
    public init(question: TrainableEncoder, context: TrainableEncoder) {
        precondition(
            question.dimension == context.dimension,
            "towers of dimension \(question.dimension) and \(context.dimension)")
        self.question = question
        self.context = context
    }

    /// The distinct parameter sets: one where the towers share it, else the question's first.
    public var parameterSets: [ParameterSet] {
        question.parameters === context.parameters
            ? [question.parameters] : [question.parameters, context.parameters]
    }

    /// Loads the towers of two folders.
    ///
    /// One folder named for both gives tied towers of a sentence encoder, or RetriBERT's two.
    /// Throws: `ModelError`, also where the dimensions differ.
    public static func load(
        question: String, context: String, options: EncoderOptions = EncoderOptions()
    ) throws(ModelError) -> TrainableTowers {
        let opened = try OpenedModel(folder: question, tower: .question, options: options)
        let kind = opened.description.kind
        if question == context, kind == .retribert {
            return try retribert(opened, question, options)
        }
        let first = try TrainableEncoder.load(
            folder: question, tower: .question, options: options)
        if question == context, kind == .sentence {
            return TrainableTowers(question: first, context: first)
        }
        let second = try TrainableEncoder.load(
            folder: context, tower: .context, options: options)
        guard first.dimension == second.dimension else {
            throw .invalidConfiguration(
                path: context + "/config.json", key: "the dimension",
                reason: "is \(second.dimension), and the question tower's \(first.dimension)")
        }
        return TrainableTowers(question: first, context: second)
    }

    private static func retribert(
        _ question: OpenedModel, _ folder: String, _ options: EncoderOptions
    ) throws(ModelError) -> TrainableTowers {
        let context = try OpenedModel(folder: folder, tower: .context, options: options)
        let plans = [
            try EncoderPlan(question.description), try EncoderPlan(context.description),
        ]
        return try retribert(
            plans, try TrainedFolder(question, plans[0]), question.tokenizer
        ) { set, plan throws(ModelError) in
            try set.fill(from: question.checkpoint) { $0 }
        }
    }

    /// Makes two towers with random weights; `isShared` ties them (RetriBERT keeps two
    /// projections, and DPR's towers never share).
    public static func random(
        _ shape: EncoderShape, isShared: Bool, seed: UInt64, tokenizerFolder: String,
        segmentIDs: SegmentIDs = .zero
    ) throws(ModelError) -> TrainableTowers {
        if shape.kind == .retribert {
            return try randomRetribert(shape, isShared, seed, tokenizerFolder)
        }
        let question = try TrainableEncoder.random(
            shape, tower: .question, seed: seed, tokenizerFolder: tokenizerFolder,
            segmentIDs: segmentIDs)
        if isShared, shape.kind == .sentence {
            return TrainableTowers(question: question, context: question)
        }
        return TrainableTowers(
            question: question,
            context: try TrainableEncoder.random(
                shape, tower: .context, seed: seed, tokenizerFolder: tokenizerFolder,
                segmentIDs: segmentIDs))
    }

    private static func randomRetribert(
        _ shape: EncoderShape, _ isShared: Bool, _ seed: UInt64, _ tokenizerFolder: String
    ) throws(ModelError) -> TrainableTowers {
        guard shape.projectionSize > 0 else {
            throw .invalidConfiguration(
                path: "config.json of the new model", key: "projection_dim", reason: "is 0")
        }
        let tokenizer = try OpenedModel.tokenizer(tokenizerFolder)
        let settings = shape.settings(
            className: "RetriBertModel", modelType: "retribert",
            vocabulary: tokenizer.vocabularySize, isShared: isShared)
        let configuration = try EncoderShape.configuration(settings)
        let plans = [Tower.question, .context].map {
            EncoderPlan(
                shape, configuration, tower: $0, segmentIDs: .zero, isShared: isShared)
        }
        return try retribert(
            plans,
            try TrainedFolder(
                settings: settings, plan: nil, tokenizerFolder: tokenizerFolder),
            tokenizer
        ) { set, _ throws(ModelError) in
            RandomWeights.fill(set, seed: seed, paddingID: Int(tokenizer.paddingID))
        }
    }

    /// RetriBERT's towers over one set where their encoders have one name, else over two.
    private static func retribert(
        _ plans: [EncoderPlan], _ folder: TrainedFolder, _ tokenizer: any TextTokenizer,
        fill: (ParameterSet, EncoderPlan) throws(ModelError) -> Void
    ) throws(ModelError) -> TrainableTowers {
        let isShared = plans[0].prefix == plans[1].prefix
        var sets: [ParameterSet] = []
        for plan in isShared ? [plans[0]] : plans {
            let set = ParameterSet(
                plan.shapes(projections: isShared ? [.question, .context] : [plan.tower]))
            try fill(set, plan)
            sets.append(set)
        }
        let towers = plans.indices.map { index in
            TrainableEncoder(
                plans[index], sets[isShared ? 0 : index], savedSets: sets, folder, tokenizer)
        }
        return TrainableTowers(question: towers[0], context: towers[1])
    }

    /// Writes `folder/question_encoder` and `folder/context_encoder`, or `folder` itself for tied
    /// towers and RetriBERT, so that `ModelFolders.resolve(model: folder)` finds both.
    ///
    /// Throws: `ModelError.unwritableFile`. See `TrainableEncoder.save` for the lengths.
    public func save(
        to folder: String, questionTokens: Int? = nil, passageTokens: Int? = nil
    ) throws(ModelError) {
        func save(_ tower: TrainableEncoder, _ folder: String) throws(ModelError) {
            try tower.save(
                to: folder, questionTokens: questionTokens, passageTokens: passageTokens)
        }
        if question === context || question.kind == .retribert {
            try save(question, folder)
        } else {
            try save(question, folder + "/question_encoder")
            try save(context, folder + "/context_encoder")
        }
    }
}
