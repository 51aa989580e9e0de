import Foundation
import Tensors

/// Everything that decides how a folder's tower turns text into vectors, before a weight is read.
struct ModelDescription: Sendable {
    /// Longest text in tokens where the folder does not say.
    static let defaultLength = 256

    var folder: String
    /// Folder of `config.json`, the weights and the tokenizer; usually `folder` itself.
    var transformerFolder: String
    var kind: TextEncoder.Kind
    var tower: Tower
    var configuration: BertConfiguration
    /// What the encoder's tensor names start with.
    var prefix: String
    var pooling = Pooling.firstToken
    /// Name of BERT's tanh pooler where the representation goes through it, without ".weight".
    var poolerName: String?
    /// Name of the projection after pooling, without ".weight".
    var projectionName: String?
    var projectionHasBias = false
    var normalises = false
    var maximumLength: Int
    var segmentIDs = SegmentIDs.zero
    var prefixes = TextPrefixes()
    var weights = WeightStorage.float32
    var precision = Precision.float32
    var notes: [String] = []

    var dimension: Int {
        projectionName == nil ? configuration.hiddenSize : configuration.projectionSize
    }

    /// Finds out what `folder` holds for `tower`.
    init(
        folder: String, checkpoint: Checkpoint, transformerFolder: String, tower: Tower,
        options: EncoderOptions
    ) throws(ModelError) {
        self.folder = folder
        self.transformerFolder = transformerFolder
        self.tower = tower
        weights = options.weights
        precision = options.precision
        let json = try JSONFile(
            transformerFolder + "/config.json", purpose: "the model's dimensions")
        let architecture = Architecture(checkpoint.tensors.keys)
        let type = try json.string("model_type") ?? "bert"
        guard architecture.modelTypes.contains(type) else {
            throw .unknownArchitecture(
                folder: folder, found: "model_type \(type), \(architecture.description)")
        }
        configuration = try BertConfiguration(json)
        maximumLength = min(Self.defaultLength, configuration.positions)
        switch architecture {
        case .bert(let prefix):
            kind = .sentence
            self.prefix = prefix
            try readSentenceFiles()
        case .dpr(let towers):
            guard let names = towers[tower] else {
                throw .wrongTower(
                    folder: folder, expected: "a DPR \(tower.rawValue) encoder",
                    found: architecture.description)
            }
            kind = .dpr
            prefix = names.prefix
            segmentIDs = options.segmentIDs ?? .zero
            if segmentIDs == .pair, configuration.segments < 2 {
                throw json.invalid("type_vocab_size", "is 1: pairs need two segments")
            }
            if type == "bert", let weights = checkpoint.tensors[names.projection + ".weight"] {
                configuration.projectionSize = weights.shape.first ?? 0
            }
            if configuration.projectionSize > 0 {
                projectionName = names.projection
                projectionHasBias = true
            }
        case .retribert:
            kind = .retribert
            let isShared = try json.bool("share_encoders") ?? true
            prefix = tower == .context && !isShared ? "bert_doc." : "bert_query."
            poolerName = prefix + "pooler.dense"
            projectionName = tower == .question ? "project_query" : "project_doc"
            if json["projection_dim"] == nil { configuration.projectionSize = 128 }
            guard configuration.projectionSize > 0 else {
                throw json.invalid("projection_dim", "is 0")
            }
        case .reader, .unknown:
            throw .unknownArchitecture(folder: folder, found: architecture.description)
        }
        if let prefix = options.questionPrefix { prefixes.question = prefix }
        if let prefix = options.passagePrefix { prefixes.passage = prefix }
    }

    /// Pooling, length and prefixes of a sentence encoder.
    private mutating func readSentenceFiles() throws(ModelError) {
        if Self.exists(folder + "/modules.json") {
            let modules = try SentenceModules(
                folder: folder, hiddenSize: configuration.hiddenSize)
            pooling = modules.pooling
            normalises = modules.normalises
        } else {
            pooling = .mean
            notes.append(
                "There is no modules.json: the vector is the mean over tokens, not normalised.")
        }
        let lengths = transformerFolder + "/sentence_bert_config.json"
        if Self.exists(lengths) {
            let json = try JSONFile(lengths, purpose: "the maximum length")
            if json["max_seq_length"] != nil {
                maximumLength = try json.integer("max_seq_length", in: 8...1_048_576)
                maximumLength = min(maximumLength, configuration.positions)
            }
        }
        prefixes = try storedPrefixes()
    }

    /// The prompts that sentence-transformers stores under the names of the two towers.
    private func storedPrefixes() throws(ModelError) -> TextPrefixes {
        let path = folder + "/config_sentence_transformers.json"
        guard Self.exists(path) else { return TextPrefixes() }
        let json = try JSONFile(path, purpose: "the prompts")
        guard let prompts = try json.object("prompts") else { return TextPrefixes() }
        func first(_ names: [String]) throws(ModelError) -> String {
            for name in names { if let text = try prompts.string(name) { return text } }
            return ""
        }
        return TextPrefixes(
            question: try first(["query", "question"]),
            passage: try first(["passage", "document", "corpus"]))
    }

    static func exists(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: path)
    }
}
