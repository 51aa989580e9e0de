import Models

/// Where the weights of a run come from.
public struct ModelSettings: Equatable, Sendable, Codable {
    /// One folder for both towers, or one that holds question_encoder and context_encoder; for a
    /// reader its folder, or an encoder that it starts from.
    public var folder = ""
    /// The question tower's folder, where it is not in `folder`.
    public var question = ""
    /// The passage tower's folder, where it is not in `folder`.
    public var context = ""
    /// Whether one folder gives two towers that part in training; else one set of weights serves
    /// both sides.
    public var separatesTowers = false
    /// Whether the question tower stays as it is.
    public var freezesQuestion = false
    /// Whether the passage tower stays as it is.
    public var freezesContext = false
    /// The segment ids of pairs, for DPR alone: zero or pair.
    public var segmentIDs = "zero"
    /// Weights drawn at random instead of a folder's; used where it names a tokenizer.
    public var random = RandomModelSettings()

    /// Nothing named.
    public init() {}

    func validate() throws(TrainingError) {
        let isRandom = !random.tokenizer.isEmpty
        let isNamed = !folder.isEmpty || (!question.isEmpty && !context.isEmpty)
        if !isRandom, !isNamed {
            throw .invalidSetting(name: "model.folder", reason: "names no folder")
        }
        if isRandom, !folder.isEmpty {
            throw .invalidSetting(
                name: "model.random.tokenizer",
                reason: "asks for random weights, and model.folder for those of \(folder)")
        }
        if isRandom { try random.validate() }
        if SegmentIDs(rawValue: segmentIDs) == nil {
            throw .invalidSetting(
                name: "model.segmentIDs", reason: "is \(segmentIDs); it is zero or pair")
        }
    }

    /// Opens the two towers.
    func towers(seed: UInt64) throws(TrainingError) -> TrainableTowers {
        let segmentIDs = SegmentIDs(rawValue: segmentIDs) ?? .zero
        return try usingModel { () throws(ModelError) in
            if !random.tokenizer.isEmpty {
                return try TrainableTowers.random(
                    random.shape, isShared: random.sharesTowers, seed: seed,
                    tokenizerFolder: random.tokenizer, segmentIDs: segmentIDs)
            }
            let folders = try ModelFolders.resolve(
                model: folder.isEmpty ? nil : folder, question: question.isEmpty ? nil : question,
                context: context.isEmpty ? nil : context)
            guard let question = folders.question else {
                throw ModelError.missingFile(
                    path: folder + "/question_encoder", purpose: "the question tower")
            }
            guard let context = folders.context else {
                throw ModelError.missingFile(
                    path: folder + "/context_encoder", purpose: "the passage tower")
            }
            guard question == context, separatesTowers else {
                return try TrainableTowers.load(
                    question: question, context: context, segmentIDs: segmentIDs)
            }
            return TrainableTowers(
                question: try .load(folder: question, tower: .question, segmentIDs: segmentIDs),
                context: try .load(folder: context, tower: .context, segmentIDs: segmentIDs))
        }
    }

    /// Opens a reader, or makes one on top of an encoder.
    func reader(seed: UInt64) throws(TrainingError) -> TrainableReader {
        try usingModel { () throws(ModelError) in
            if !random.tokenizer.isEmpty {
                return try TrainableReader.random(
                    random.shape, seed: seed, tokenizerFolder: random.tokenizer)
            }
            do throws(ModelError) {
                return try TrainableReader.load(folder: folder)
            } catch .wrongTower {
                let towers = try TextEncoder.towers(inFolder: folder)
                return try TrainableReader.starting(
                    fromEncoder: folder, tower: towers.contains(.context) ? .context : .question,
                    seed: seed)
            }
        }
    }
}

/// The dimensions of a model with random weights.
public struct RandomModelSettings: Equatable, Sendable, Codable {
    /// Folder of the tokenizer; empty: weights are not random.
    public var tokenizer = ""
    /// The family: dpr, sentence or retribert.
    public var family = "dpr"
    /// Features of a hidden state.
    public var hiddenSize = 768
    /// Layers.
    public var layers = 12
    /// Attention heads.
    public var heads = 12
    /// Features in the feed-forward part; 0: four times `hiddenSize`.
    public var intermediateSize = 0
    /// Longest sequence.
    public var positions = 512
    /// Outputs of a projection on top; 0: none.
    public var projectionSize = 0
    /// Whether both sides share their weights.
    public var sharesTowers = false

    /// BERT base.
    public init() {}

    var shape: EncoderShape {
        EncoderShape(
            kind: TextEncoder.Kind(rawValue: family) ?? .dpr, hiddenSize: hiddenSize,
            layers: layers, heads: heads,
            intermediateSize: intermediateSize > 0 ? intermediateSize : 4 * hiddenSize,
            positions: positions, projectionSize: projectionSize)
    }

    func validate() throws(TrainingError) {
        guard TextEncoder.Kind(rawValue: family) != nil else {
            throw .invalidSetting(
                name: "model.random.family", reason: "is \(family); it is dpr, sentence, retribert")
        }
        for (name, value) in [
            ("hiddenSize", hiddenSize), ("layers", layers), ("heads", heads),
            ("positions", positions), ("intermediateSize", max(1, intermediateSize)),
            ("projectionSize", max(1, projectionSize)),
        ] where value < 1 || value > 1 << 16 {
            throw .invalidSetting(
                name: "model.random.\(name)", reason: "is \(value); it must be in 1…65536")
        }
        if hiddenSize % heads != 0 {
            throw .invalidSetting(
                name: "model.random.heads",
                reason: "is \(heads), which does not divide \(hiddenSize)")
        }
    }
}
