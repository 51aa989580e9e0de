import Tensors
import Tokenizers

extension TrainableEncoder {
    /// Loads one tower of the model in `folder`; both towers of a RetriBERT: `TrainableTowers`.
    ///
    /// Throws: `ModelError`, as `TextEncoder.load` does.
    public static func load(
        folder: String, tower: Tower, options: EncoderOptions = EncoderOptions()
    ) throws(ModelError) -> TrainableEncoder {
        let opened = try OpenedModel(folder: folder, tower: tower, options: options)
        let plan = try EncoderPlan(opened.description)
        if plan.kind == .retribert {
            let towers = try TrainableTowers.load(
                question: folder, context: folder, options: options)
            return tower == .question ? towers.question : towers.context
        }
        let parameters = ParameterSet(plan.shapes(projections: [tower]))
        try parameters.fill(from: opened, plan)
        return TrainableEncoder(
            plan, parameters, savedSets: [parameters], try TrainedFolder(opened, plan),
            opened.tokenizer)
    }

    /// Makes one tower (a sentence or DPR encoder) with BERT's initial weights: normal with
    /// deviation 0.02, biases 0, layer normalisation 1 and 0.
    ///
    /// The tokenizer's files are taken from `tokenizerFolder`. The same seed gives the same bits.
    public static func random(
        _ shape: EncoderShape, tower: Tower, seed: UInt64, tokenizerFolder: String,
        segmentIDs: SegmentIDs = .zero
    ) throws(ModelError) -> TrainableEncoder {
        if shape.kind == .retribert {
            let towers = try TrainableTowers.random(
                shape, isShared: true, seed: seed, tokenizerFolder: tokenizerFolder)
            return tower == .question ? towers.question : towers.context
        }
        let tokenizer = try OpenedModel.tokenizer(tokenizerFolder)
        let name = EncoderPlan.className(shape.kind, tower)
        let settings = shape.settings(
            className: name, modelType: shape.kind == .dpr ? "dpr" : "bert",
            vocabulary: tokenizer.vocabularySize, isShared: nil)
        let plan = EncoderPlan(
            shape, try EncoderShape.configuration(settings), tower: tower, segmentIDs: segmentIDs,
            isShared: true)
        let parameters = ParameterSet(plan.shapes(projections: [tower]))
        RandomWeights.fill(parameters, seed: seed, paddingID: Int(tokenizer.paddingID))
        return TrainableEncoder(
            plan, parameters, savedSets: [parameters],
            try TrainedFolder(
                settings: settings, plan: plan, tokenizerFolder: tokenizerFolder),
            tokenizer)
    }
}

extension OpenedModel {
    /// The tokenizer in `folder`, for an embedding that is yet to be made.
    static func tokenizer(_ folder: String) throws(ModelError) -> WordPieceTokenizer {
        do {
            return try WordPieceTokenizer(folder: folder)
        } catch {
            throw .tokenizer(folder: folder, reason: "\(error)")
        }
    }
}

extension ParameterSet {
    /// Copies the tensors of an opened model that this set names.
    func fill(from opened: OpenedModel, _ plan: EncoderPlan) throws(ModelError) {
        try fill(from: opened.checkpoint) { plan.storedName($0, opened.description) }
    }

    /// Copies the tensors of a checkpoint that calls them `storedName`.
    func fill(
        from checkpoint: Checkpoint, storedName: (String) -> String?
    ) throws(ModelError) {
        guard let start = values.baseAddress else { return }
        for entry in entries {
            guard let name = storedName(entry.name) else { continue }
            try checkpoint.copy(name, shape: entry.shape, to: start + entry.range.lowerBound)
        }
    }
}
