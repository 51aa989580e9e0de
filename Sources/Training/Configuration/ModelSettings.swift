public import Models

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
    /// How token vectors become one: own (as the folder says), or cls, mean, max or pooler.
    public var pooling = ModelSettings.own
    /// How a plain BERT is pooled where neither its folder nor `pooling` says.
    public var assumedPooling = "cls"
    /// Whether vectors are made unit length: own, true or false.
    public var normalize = ModelSettings.own
    /// Longest text in tokens, of which `input` may allow less; 0: as the folder says.
    public var maximumLength = 0
    /// Put before each question; nil: the folder's own prompt.
    public var queryPrefix: String?
    /// Put before each passage; nil: the folder's own prompt.
    public var passagePrefix: String?
    /// Weights drawn at random instead of a folder's; used where it names a tokenizer.
    public var random = RandomModelSettings()

    /// Stands for what the folder says.
    static let own = "own"

    /// Nothing named.
    public init() {}

    /// Takes the options of an encoder, as far as they are for training.
    ///
    /// - Parameter assumed: How a plain BERT is pooled; nil: as the options have it.
    public mutating func take(_ options: EncoderOptions, assuming assumed: String? = nil) {
        if let ids = options.segmentIDs { segmentIDs = ids.rawValue }
        if let choice = options.pooling { pooling = choice.rawValue }
        assumedPooling = assumed ?? options.assumedPooling.rawValue
        if let normalises = options.normalises { normalize = normalises ? "true" : "false" }
        if let length = options.maximumLength { maximumLength = length }
        queryPrefix = options.questionPrefix ?? queryPrefix
        passagePrefix = options.passagePrefix ?? passagePrefix
    }

    /// The settings as an encoder is loaded with them.
    var encoder: EncoderOptions {
        EncoderOptions(
            segmentIDs: SegmentIDs(rawValue: segmentIDs) ?? .zero, questionPrefix: queryPrefix,
            passagePrefix: passagePrefix,
            pooling: pooling == Self.own ? nil : PoolingChoice(rawValue: pooling),
            normalises: normalize == Self.own ? nil : normalize == "true",
            maximumLength: maximumLength == 0 ? nil : maximumLength,
            assumedPooling: PoolingChoice(rawValue: assumedPooling) ?? .cls)
    }

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
        try validateEncoder(isRandom: isRandom)
    }

    private func validateEncoder(isRandom: Bool) throws(TrainingError) {
        let choices = PoolingChoice.names.joined(separator: ", ")
        for (name, value) in [("pooling", pooling), ("assumedPooling", assumedPooling)]
        where value != Self.own || name == "assumedPooling" {
            guard PoolingChoice(rawValue: value) != nil else {
                throw .invalidSetting(
                    name: "model.\(name)", reason: "is \(value); it is one of \(choices)")
            }
        }
        guard [Self.own, "true", "false"].contains(normalize) else {
            throw .invalidSetting(
                name: "model.normalize", reason: "is \(normalize); it is own, true or false")
        }
        guard maximumLength == 0 || (8...65_536).contains(maximumLength) else {
            throw .invalidSetting(
                name: "model.maximumLength",
                reason: "is \(maximumLength); it is 0 or in 8…65536")
        }
        if isRandom, let name = encoderSetting {
            throw .invalidSetting(
                name: name,
                reason: "is for a model's folder, and model.random asks for random weights")
        }
    }

    /// The first setting that decides how a retriever's folder makes vectors; nil: none does.
    var encoderSetting: String? {
        let settings = [
            ("pooling", pooling != Self.own), ("normalize", normalize != Self.own),
            ("maximumLength", maximumLength != 0), ("queryPrefix", queryPrefix != nil),
            ("passagePrefix", passagePrefix != nil),
        ]
        return settings.first(where: \.1).map { "model.\($0.0)" }
    }

    /// Opens the two towers.
    func towers(seed: UInt64) throws(TrainingError) -> TrainableTowers {
        let options = encoder
        return try usingModel { () throws(ModelError) in
            if !random.tokenizer.isEmpty {
                return try TrainableTowers.random(
                    random.shape, isShared: random.sharesTowers, seed: seed,
                    tokenizerFolder: random.tokenizer, segmentIDs: options.segmentIDs ?? .zero)
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
                    question: question, context: context, options: options)
            }
            return TrainableTowers(
                question: try .load(folder: question, tower: .question, options: options),
                context: try .load(folder: context, tower: .context, options: options))
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

extension ModelSettings {
    private enum CodingKeys: String, CodingKey {
        case folder, question, context, separatesTowers, freezesQuestion, freezesContext
        case segmentIDs, pooling, assumedPooling, normalize, maximumLength, queryPrefix
        case passagePrefix, random
    }

    /// Encodes every setting: one that names nothing is null, so that a file shows it.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(folder, forKey: .folder)
        try container.encode(question, forKey: .question)
        try container.encode(context, forKey: .context)
        try container.encode(separatesTowers, forKey: .separatesTowers)
        try container.encode(freezesQuestion, forKey: .freezesQuestion)
        try container.encode(freezesContext, forKey: .freezesContext)
        try container.encode(segmentIDs, forKey: .segmentIDs)
        try container.encode(pooling, forKey: .pooling)
        try container.encode(assumedPooling, forKey: .assumedPooling)
        try container.encode(normalize, forKey: .normalize)
        try container.encode(maximumLength, forKey: .maximumLength)
        try container.encode(queryPrefix, forKey: .queryPrefix)
        try container.encode(passagePrefix, forKey: .passagePrefix)
        try container.encode(random, forKey: .random)
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
