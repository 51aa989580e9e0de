import Base
import Formats
import Tensors
import Tokenizers

/// What a model folder holds, found by reading all of it and computing nothing.
public struct ModelInspection: Equatable, Sendable {
    /// The folder.
    public var folder: String
    /// The family, told by the tensors, such as `BERT sentence encoder`.
    public var architecture: String
    /// `model_type` of `config.json`.
    public var modelType: String
    /// The classes that `config.json` names.
    public var classes: [String]
    /// The numbers of the encoder by name, in the order in which they are shown.
    public var sizes: [Size]
    /// The activation of the feed-forward layers.
    public var activation: String
    /// The files that hold the weights.
    public var weightFiles: [String]
    /// Bytes of these.
    public var weightBytes: Int
    /// Tensors in them, by element type.
    public var tensors: [Count]
    /// What the folder can be loaded as.
    public var towers: [TowerFacts]
    /// Kind and size of the tokenizer.
    public var tokenizer: String
    /// What is odd about the folder, as sentences.
    public var warnings: [String]

    /// A number of a configuration.
    public struct Size: Equatable, Sendable {
        /// What is counted.
        public var name: String
        /// How many there are.
        public var value: Int
    }

    /// Tensors of one element type.
    public struct Count: Equatable, Sendable {
        /// The type, such as `F32`.
        public var type: String
        /// How many tensors have it.
        public var tensors: Int
        /// Their elements.
        public var elements: Int
    }

    /// One way to load the folder.
    public struct TowerFacts: Equatable, Sendable {
        /// `question`, `context` or `reader`.
        public var name: String
        /// Parameters, counted by element.
        public var parameters: Int
        /// Components of a vector; nil for a reader.
        public var dimension: Int?
        /// Longest text in tokens.
        public var maximumLength: Int
        /// How token vectors become one; nil for a reader.
        public var pooling: String?
        /// Whether vectors are made unit length.
        public var normalises: Bool
        /// Put before each text.
        public var prefix: String
        /// What else is done to a text or its vector, in words.
        public var steps: [String]
        /// The fingerprint a collection would keep; nil for a reader.
        public var fingerprint: String?
        /// Tensors that this way of loading leaves aside.
        public var unused: [String]
        /// Parameters that no tensor fills.
        public var missing: [String]
    }
}

extension ModelInspection {
    /// Looks through `folder`: every file is read, every parameter's shape and values are checked.
    ///
    /// Parameters without a tensor are listed in `TowerFacts.missing`, see `failure`.
    ///
    /// - Throws: `ModelError` for whatever else a load would refuse.
    public static func inspect(
        folder: String, options: EncoderOptions = EncoderOptions()
    ) throws(ModelError) -> ModelInspection {
        let transformer = try SentenceModules.transformerFolder(folder)
        let files = try EncoderFiles(transformer: transformer, policy: WeightPolicy(options))
        let (checkpoint, json) = (files.checkpoint, files.settings)
        let architecture = Architecture(checkpoint.tensors.keys)
        try checkpoint.verifyChecksums()
        var inspection = ModelInspection(folder, checkpoint, json, architecture)
        switch architecture {
        case .reader: try inspection.addReader(checkpoint, json)
        case .bert, .retribert: try inspection.add(Tower.allCases, checkpoint, options)
        case .dpr(let towers):
            try inspection.add(
                Tower.allCases.filter { towers[$0] != nil }, checkpoint, options)
        case .unknown:
            throw .unknownArchitecture(
                folder: folder, found: architecture.found(in: transformer))
        }
        inspection.warn(json, architecture)
        return inspection
    }

    /// Looks through the model in `folder`, or both where it holds a folder for each tower.
    ///
    /// - Throws: as `inspect(folder:options:)`.
    public static func inspectAll(
        folder: String, options: EncoderOptions = EncoderOptions()
    ) throws(ModelError) -> [ModelInspection] {
        var inspections: [ModelInspection] = []
        for part in try ModelFolders.parts(of: folder) {
            inspections.append(try inspect(folder: part, options: options))
        }
        return inspections
    }

    /// What loading would fail with although the files are whole; nil where it would not.
    public var failure: ModelError? {
        guard let tower = towers.first(where: { !$0.missing.isEmpty }) else { return nil }
        let more = tower.missing.count > 1 ? " and \(tower.missing.count - 1) more" : ""
        return .missingTensor(path: weightFiles.first ?? folder, name: tower.missing[0] + more)
    }

    private init(
        _ folder: String, _ checkpoint: Checkpoint, _ json: JSONFile, _ architecture: Architecture
    ) {
        self.folder = folder
        self.architecture = architecture.title
        modelType = (try? json.string("model_type")) ?? ""
        classes = []
        if case .array(let items) = json["architectures"] {
            classes = items.compactMap { if case .string(let name) = $0 { name } else { nil } }
        }
        sizes = []
        activation = (try? json.string("hidden_act")) ?? "gelu"
        weightFiles = checkpoint.files.map(\.path)
        weightBytes = checkpoint.files.reduce(0) { $0 + $1.bytes.count }
        var counts: [ElementType: Count] = [:]
        for (_, tensor) in checkpoint.tensors {
            let empty = Count(type: tensor.type.rawValue, tensors: 0, elements: 0)
            counts[tensor.type, default: empty].tensors += 1
            counts[tensor.type, default: empty].elements += tensor.count
        }
        tensors = counts.values.sorted { $0.type < $1.type }
        towers = []
        tokenizer = ""
        warnings = []
    }

    private mutating func add(
        _ wanted: [Tower], _ checkpoint: Checkpoint, _ options: EncoderOptions
    ) throws(ModelError) {
        var checked: Set<String> = []
        for tower in wanted {
            let opened = try OpenedModel(folder: folder, tower: tower, options: options)
            let description = opened.description
            let parameters = description.parameters
            for (module, weights) in zip(description.dense, opened.dense) {
                try module.check(weights)
            }
            towers.append(
                TowerFacts(
                    name: tower.rawValue, parameters: parameters.elements,
                    dimension: description.dimension, maximumLength: description.maximumLength,
                    pooling: description.poolerName == nil
                        ? description.pooling.name : "tanh pooler",
                    normalises: description.normalises,
                    prefix: tower == .question
                        ? description.prefixes.question : description.prefixes.passage,
                    steps: description.steps, fingerprint: try opened.fingerprint(),
                    unused: checkpoint.names(beside: parameters),
                    missing: try checkpoint.check(parameters, except: &checked)))
            describe(description.configuration, tokenizer: opened.tokenizer.vocabularySize)
            warn(of: description.notes)
            warn(of: opened.tokenizer.contradictions)
            if description.lowercases, !opened.tokenizer.lowercases {
                warn(of: [
                    "\(ModelFolderWriter.lengthsFile) says do_lower_case true, the tokenizer false:"
                        + " texts are lower-cased."
                ])
            }
        }
    }

    private mutating func addReader(
        _ checkpoint: Checkpoint, _ json: JSONFile
    ) throws(ModelError) {
        let configuration = try BertConfiguration(json)
        let tokenizer = try OpenedModel.tokenizer(folder, rows: configuration.vocabularySize)
        let parameters = DPRReader.parameters(configuration)
        var checked: Set<String> = []
        towers.append(
            TowerFacts(
                name: "reader", parameters: parameters.elements, dimension: nil,
                maximumLength: configuration.positions, pooling: nil, normalises: false,
                prefix: "", steps: [], fingerprint: nil,
                unused: checkpoint.names(beside: parameters),
                missing: try checkpoint.check(parameters, except: &checked)))
        describe(configuration, tokenizer: tokenizer.vocabularySize)
        warn(of: tokenizer.contradictions)
    }

    private mutating func warn(of notes: [String]) {
        for note in notes where !warnings.contains(note) { warnings.append(note) }
    }

    private mutating func describe(_ configuration: BertConfiguration, tokenizer pieces: Int) {
        sizes = [
            Size(name: "layers", value: configuration.layers),
            Size(name: "hidden", value: configuration.hiddenSize),
            Size(name: "heads", value: configuration.heads),
            Size(name: "intermediate", value: configuration.intermediateSize),
            Size(name: "positions", value: configuration.positions),
            Size(name: "segments", value: configuration.segments),
            Size(name: "vocabulary", value: configuration.vocabularySize),
        ]
        tokenizer = "WordPiece, \(pieces) pieces"
        if pieces < configuration.vocabularySize {
            let more = configuration.vocabularySize - pieces
            let text = "The embedding has \(more) rows more than the tokenizer has pieces."
            if !warnings.contains(text) { warnings.append(text) }
        }
    }

    /// Compares what `config.json` says with what the tensors are.
    private mutating func warn(_ json: JSONFile, _ architecture: Architecture) {
        if modelType.isEmpty {
            warnings.append("config.json names no model_type; the tensors tell the family.")
        }
        let expected = architecture.classes
        if !classes.isEmpty, !expected.isEmpty, !classes.contains(where: expected.contains) {
            warnings.append(
                "config.json names \(classes.joined(separator: ", ")), and the tensors are those"
                    + " of \(expected.joined(separator: ", ")).")
        }
        if tensors.contains(where: { $0.type == "F64" }) {
            warnings.append("Weights of 64 bits are rounded to 32.")
        }
    }
}

extension ModelDescription {
    /// What is done to a text or its vector beside pooling, in words.
    fileprivate var steps: [String] {
        (lowercases ? ["lower-cased first"] : [])
            + (pooling.includesPrompt ? [] : ["a prompt's tokens do not count"])
            + dense.map { "Dense \($0.inputs) to \($0.outputs), \($0.activation)" }
    }
}

extension Checkpoint {
    /// Checks the parameters that are there; returns the names of those that are not.
    fileprivate func check(
        _ parameters: [ParameterShape], except checked: inout Set<String>
    ) throws(ModelError) -> [String] {
        var missing: [String] = []
        for parameter in parameters {
            if tensors[parameter.name] == nil {
                missing.append(parameter.name)
            } else if checked.insert(parameter.name).inserted {
                try check(parameter)
            }
        }
        return missing
    }

    fileprivate func names(beside parameters: [ParameterShape]) -> [String] {
        let used = Set(parameters.map(\.name))
        return tensors.keys.filter { !used.contains($0) }
    }
}

extension [ParameterShape] {
    /// Elements of all.
    fileprivate var elements: Int { reduce(0) { $0 + $1.shape.reduce(1, *) } }
}

extension Architecture {
    /// The family as a heading.
    fileprivate var title: String {
        switch self {
        case .bert: "BERT sentence encoder"
        case .dpr(let towers):
            "DPR " + towers.keys.map(\.rawValue).sorted().joined(separator: " and ") + " encoder"
        case .retribert: "RetriBERT"
        case .reader: "DPR reader"
        case .unknown: "unknown"
        }
    }

    /// What Hugging Face calls models with such tensors; empty where there are many names.
    fileprivate var classes: [String] {
        switch self {
        case .bert, .unknown: []
        case .dpr(let towers):
            towers.keys.map { $0 == .question ? "DPRQuestionEncoder" : "DPRContextEncoder" }
                .sorted()
        case .retribert: ["RetriBertModel"]
        case .reader: ["DPRReader"]
        }
    }
}
