import Tensors
import Tokenizers

/// What a trainable encoder is made of, with Hugging Face's names whatever the source calls them.
struct EncoderPlan: Sendable {
    var kind: TextEncoder.Kind
    var tower: Tower
    var configuration: BertConfiguration
    /// What the encoder's tensor names start with.
    var prefix: String
    var pooling = Tape.Pooling.first
    /// BERT's tanh pooler, without ".weight".
    var poolerName: String?
    /// The projection on top, without ".weight".
    var projectionName: String?
    var projectionHasBias = false
    var normalises = false
    var maximumLength: Int
    var segmentIDs = SegmentIDs.zero
    var prefixes = TextPrefixes()
    var lowercases = false
    /// What is assumed of the pooling since nothing says it.
    var assumption: String?

    var dimension: Int {
        projectionName == nil ? configuration.hiddenSize : configuration.projectionSize
    }

    /// The plan of an opened folder's tower.
    ///
    /// Throws: `ModelError.untrainable` where the tower has parts that are not trained here.
    init(_ description: ModelDescription) throws(ModelError) {
        guard !description.isPart else {
            throw .wrongTower(
                folder: description.folder, expected: "an encoder by itself",
                found: "a RAG model")
        }
        kind = description.kind
        tower = description.tower
        configuration = description.configuration
        maximumLength = description.maximumLength
        segmentIDs = description.segmentIDs
        prefixes = description.prefixes
        normalises = description.normalises
        lowercases = description.lowercases
        assumption = description.assumption
        pooling = try Self.pooling(description)
        prefix = Self.prefix(kind, tower, stored: description.prefix)
        if description.poolerName != nil { poolerName = BertNames(prefix: prefix).pooler }
        projectionHasBias = description.projectionHasBias
        if let name = description.projectionName {
            projectionName = kind == .dpr ? Self.dprRoot(tower) + "encode_proj" : name
        }
    }

    /// The plan of an encoder that starts from random weights.
    ///
    /// `isShared` says whether a RetriBERT has one encoder.
    init(
        _ shape: EncoderShape, _ configuration: BertConfiguration, tower: Tower,
        segmentIDs: SegmentIDs, isShared: Bool
    ) {
        kind = shape.kind
        self.tower = tower
        self.configuration = configuration
        self.segmentIDs = shape.kind == .dpr ? segmentIDs : .zero
        maximumLength = min(ModelDescription.defaultLength, configuration.positions)
        prefix = Self.prefix(
            kind, tower, stored: isShared || tower == .question ? "bert_query." : "bert_doc.")
        switch kind {
        case .sentence: pooling = .mean
        case .dpr:
            if configuration.projectionSize > 0 {
                projectionName = Self.dprRoot(tower) + "encode_proj"
                projectionHasBias = true
            }
        case .retribert:
            poolerName = BertNames(prefix: prefix).pooler
            projectionName = Self.retribertProjection(tower)
        }
    }

    private static func pooling(
        _ description: ModelDescription
    ) throws(ModelError) -> Tape.Pooling {
        func untrainable(_ part: String) -> ModelError {
            .untrainable(folder: description.folder, part: part)
        }
        if let layer = description.dense.first { throw untrainable("the module \(layer.folder)") }
        guard description.pooling.includesPrompt else {
            throw untrainable("pooling that leaves the prompt out")
        }
        switch description.pooling.modes {
        case [.firstToken]: return .first
        case [.mean]: return .mean
        case [.maximum]: return .maximum
        default: throw untrainable("pooling by \(description.pooling.name)")
        }
    }

    private static func prefix(
        _ kind: TextEncoder.Kind, _ tower: Tower, stored: String
    ) -> String {
        switch kind {
        case .sentence: ""
        case .dpr: dprRoot(tower) + "bert_model."
        case .retribert: stored
        }
    }

    private static func dprRoot(_ tower: Tower) -> String {
        tower == .question ? "question_encoder." : "ctx_encoder."
    }

    private static func retribertProjection(_ tower: Tower) -> String {
        tower == .question ? "project_query" : "project_doc"
    }

    /// Names and shapes of the tensors; `projections` are the towers that share the encoder.
    func shapes(projections: [Tower]) -> [(name: String, shape: [Int])] {
        let width = configuration.hiddenSize
        var shapes = TrainableBert.shapes(prefix: prefix, configuration: configuration)
        if let poolerName {
            shapes.append((poolerName + ".weight", [width, width]))
            shapes.append((poolerName + ".bias", [width]))
        }
        guard let projectionName else { return shapes }
        let names =
            kind == .retribert ? projections.map(Self.retribertProjection) : [projectionName]
        for name in names {
            shapes.append((name + ".weight", [dimension, width]))
            if projectionHasBias { shapes.append((name + ".bias", [dimension])) }
        }
        return shapes
    }

    /// What the source calls the tensor `name`.
    func storedName(_ name: String, _ description: ModelDescription) -> String {
        if name.hasPrefix(prefix), prefix != "" || kind == .sentence {
            return description.prefix + name.dropFirst(prefix.count)
        }
        if let projectionName, let stored = description.projectionName,
            name.hasPrefix(projectionName + ".")
        {
            return stored + name.dropFirst(projectionName.count)
        }
        return name
    }

    /// The class that Hugging Face opens an encoder with.
    static func className(_ kind: TextEncoder.Kind, _ tower: Tower) -> String {
        switch kind {
        case .sentence: "BertModel"
        case .dpr: tower == .question ? "DPRQuestionEncoder" : "DPRContextEncoder"
        case .retribert: "RetriBertModel"
        }
    }

    func texts(_ tokenizer: any TextTokenizer) -> EncoderTexts {
        EncoderTexts(
            kind: kind, segmentIDs: segmentIDs, prefixes: prefixes, maximumLength: maximumLength,
            lowercases: lowercases, tokenizer: tokenizer)
    }

    /// How it pools, as an option names it.
    var poolingChoice: PoolingChoice {
        if poolerName != nil { return .pooler }
        switch pooling {
        case .first: return .cls
        case .mean: return .mean
        case .maximum: return PoolingChoice([.maximum])
        }
    }

    /// How it pools, and whether vectors are made unit length.
    var poolingName: String { poolingChoice.rawValue + (normalises ? ", normalised" : "") }

    /// What is left beside the trained weights for those who use them.
    func record(questionTokens: Int, passageTokens: Int) -> TrainingRecord {
        var record = TrainingRecord(
            questionTokens: questionTokens, passageTokens: passageTokens,
            segmentIDs: kind == .dpr ? segmentIDs : nil, prefixes: prefixes)
        if kind == .sentence, poolerName != nil { record.pooling = .pooler }
        if kind != .sentence || poolerName != nil { record.normalises = normalises }
        return record
    }
}
