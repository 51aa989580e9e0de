import Formats
import Foundation
import Tensors

/// Everything that decides how a folder's tower turns text into vectors, before a weight is read.
struct ModelDescription: Sendable {
    /// Longest text in tokens where the folder does not say.
    static let defaultLength = 256

    var folder: String
    /// Folder of `config.json`, the weights and the tokenizer; usually `folder` itself.
    var transformerFolder: String
    /// Whether it is the question encoder of a RAG folder.
    let isPart: Bool
    var kind: TextEncoder.Kind
    var tower: Tower
    var configuration: BertConfiguration
    /// What the encoder's tensor names start with.
    var prefix: String
    var pooling = SentencePooling(.firstToken)
    /// Name of BERT's tanh pooler where the representation goes through it, without ".weight".
    var poolerName: String?
    /// Name of the projection after pooling, without ".weight".
    var projectionName: String?
    var projectionHasBias = false
    /// Linear layers after the pooling.
    var dense: [DenseModule] = []
    var normalises = false
    /// Whether texts are lower-cased before they are tokenized.
    var lowercases = false
    var maximumLength: Int
    /// The lengths that files of the folder say, the one that counts last.
    private var ownLengths: [(file: String, length: Int)] = []
    /// What is assumed of the pooling since the folder does not say, as a sentence; nil where
    /// nothing is.
    private(set) var assumption: String?
    var allowsNonfinite = false
    var segmentIDs = SegmentIDs.zero
    var prefixes = TextPrefixes()
    var weights = WeightStorage.float32
    var precision = Precision.float32
    var notes: [String] = []

    /// Whether `cls` is the first token behind a prompt that is left out; BERT's own pooler takes
    /// the text's first token whatever is left out.
    var clsFollowsPrompt: Bool { poolerName == nil && pooling.clsFollowsPrompt }

    var dimension: Int {
        if let last = dense.last { return last.outputs }
        return projectionName == nil ? pooledWidth : configuration.projectionSize
    }

    /// Length of the widest vector on the way from pooling to the end.
    var widestVector: Int { max(pooledWidth, dimension, dense.map(\.outputs).max() ?? 0) }

    /// Length of a pooled vector.
    var pooledWidth: Int { configuration.hiddenSize * pooling.modes.count }

    /// Finds out what `folder` holds for `tower`.
    init(
        folder: String, files: EncoderFiles, transformerFolder: String, tower: Tower,
        options: EncoderOptions, rules: FolderRules
    ) throws(ModelError) {
        self.folder = folder
        self.transformerFolder = transformerFolder
        self.tower = tower
        weights = options.weights
        precision = options.precision
        allowsNonfinite = options.allowsNonfinite
        // What was trained here, or by Simple Transformers, is used as it was trained.
        let training = rules.areOfTraining ? try TrainingRecord.read(folder) : nil
        let arguments = rules.areOfTraining ? try SimpleTransformersArguments.read(folder) : nil
        let options = options.completed(by: training?.options(for: tower) ?? EncoderOptions())
        let (checkpoint, json) = (files.checkpoint, files.settings)
        isPart = files.isPart
        let architecture = Architecture(checkpoint.tensors.keys)
        let type = try json.string("model_type") ?? "bert"
        guard architecture.modelTypes.contains(type) else {
            throw .unknownArchitecture(
                folder: folder, found: architecture.found(in: transformerFolder))
        }
        configuration = try BertConfiguration(json)
        maximumLength = min(Self.defaultLength, configuration.positions)
        switch architecture {
        case .bert(let prefix) where type == "dpr":
            kind = .dpr
            self.prefix = prefix
            try useSegments(options, json)
            if configuration.projectionSize > 0 {
                throw json.invalid(
                    "projection_dim", "is not 0, and the weights hold no projection")
            }
            notes.append("The tensors are a bare BERT's: they are taken for either tower.")
        case .bert(let prefix):
            try Self.refuseCrossEncoder(folder, checkpoint, json)
            kind = .sentence
            self.prefix = prefix
            try readSentenceFiles(rules, options, arguments)
        case .dpr(let towers):
            guard let names = towers[tower] else {
                throw .wrongTower(
                    folder: folder, expected: "a DPR \(tower.rawValue) encoder",
                    found: architecture.description)
            }
            kind = .dpr
            prefix = names.prefix
            try useSegments(options, json)
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
            poolerName = BertNames(prefix: prefix).pooler
            projectionName = tower == .question ? "project_query" : "project_doc"
            if json["projection_dim"] == nil { configuration.projectionSize = 128 }
            guard configuration.projectionSize > 0 else {
                throw json.invalid("projection_dim", "is 0")
            }
        case .reader, .unknown:
            throw .unknownArchitecture(
                folder: folder, found: architecture.found(in: transformerFolder))
        }
        if let length = arguments?.maximumLength {
            useLength(length, of: SimpleTransformersArguments.file)
        }
        if rules == .current { notes += contradictions(arguments) }
        try apply(options)
    }

    /// A length that is the folder's own, as far as the model has positions.
    private mutating func useLength(_ length: Int, of file: String) {
        maximumLength = min(length, configuration.positions)
        ownLengths.append((file, length))
    }

    /// What files of the folder say differently, and which one counts, as sentences.
    private func contradictions(_ arguments: SimpleTransformersArguments?) -> [String] {
        var found: [String] = []
        if let winner = ownLengths.last {
            for other in ownLengths.dropLast() where other.length != winner.length {
                found.append(
                    "\(winner.file) says \(winner.length) tokens, \(other.file) \(other.length):"
                        + " \(winner.file) counts.")
            }
            if winner.length > configuration.positions {
                found.append(
                    "\(winner.file) says \(winner.length) tokens, and the model has"
                        + " \(configuration.positions) positions: these count.")
            }
        }
        if let arguments, Self.exists(folder + "/modules.json"), arguments.pooling != ownPooling {
            found.append(
                "modules.json pools by \(ownPooling.rawValue), \(SimpleTransformersArguments.file)"
                    + " by \(arguments.pooling.rawValue): modules.json counts.")
        } else if arguments?.saysTwoPoolings == true {
            found.append(
                "\(SimpleTransformersArguments.file) says mean_pooling and use_pooler_output:"
                    + " mean_pooling counts.")
        }
        return found
    }

    /// Segment ids of DPR's pairs.
    private mutating func useSegments(
        _ options: EncoderOptions, _ json: JSONFile
    ) throws(ModelError) {
        segmentIDs = options.segmentIDs ?? .zero
        if segmentIDs == .pair, configuration.segments < 2 {
            throw json.invalid("type_vocab_size", "is 1: pairs need two segments")
        }
    }

    /// Pooling, length and prefixes of a sentence encoder.
    private mutating func readSentenceFiles(
        _ rules: FolderRules, _ options: EncoderOptions, _ arguments: SimpleTransformersArguments?
    ) throws(ModelError) {
        if Self.exists(folder + "/modules.json") {
            let modules = try SentenceModules(
                folder: folder, hiddenSize: configuration.hiddenSize)
            pooling = modules.pooling
            if rules == .current { notes += pooling.contradictions }
            dense = modules.dense
            normalises = modules.normalises
        } else if let arguments {
            use(arguments.pooling)
        } else if options.pooling == nil {
            use(options.assumedPooling)
            // By the rules of an earlier release nothing is assumed: a fingerprint proves them.
            if rules == .current {
                let text = Self.assumption(folder, options.assumedPooling)
                assumption = text
                notes.append(text)
            }
        }
        if rules != .current { pooling.useEarlierRules() }
        try readSentenceConfiguration()
        if rules.areOfSentenceTransformers { try readTokenizerLength() }
        prefixes = try storedPrompts(rules)
        if rules == .first {
            pooling.includesPrompt = true
            lowercases = false
        }
    }

    /// Length and lower-casing of a sentence encoder.
    private mutating func readSentenceConfiguration() throws(ModelError) {
        let path = transformerFolder + "/" + ModelFolderWriter.lengthsFile
        if Self.exists(path) {
            let json = try JSONFile(path, purpose: "the maximum length")
            lowercases = try json.bool("do_lower_case") ?? false
            if json["max_seq_length"] != nil {
                let length = try json.integer("max_seq_length", in: 8...1_048_576)
                useLength(length, of: ModelFolderWriter.lengthsFile)
            }
        }
    }

    /// The length that counts where sentence_bert_config.json leaves it open.
    private mutating func readTokenizerLength() throws(ModelError) {
        let name = "tokenizer_config.json"
        guard ownLengths.isEmpty else {
            let other = (try? tokenizerLength()) ?? nil
            if let other { ownLengths.insert((name, other), at: 0) }
            return
        }
        if let length = try tokenizerLength() {
            useLength(length, of: name)
        } else if Self.exists(folder + "/modules.json") {
            maximumLength = configuration.positions
        }
    }

    /// `model_max_length` of the tokenizer's settings; nil where it is left open.
    private func tokenizerLength() throws(ModelError) -> Int? {
        let path = transformerFolder + "/tokenizer_config.json"
        guard Self.exists(path) else { return nil }
        let json = try JSONFile(path, purpose: "the tokenizer's settings")
        // Where nobody has set it transformers writes 1e30.
        guard let value = try json.float("model_max_length"), value <= 1_048_576 else {
            return nil
        }
        return try json.integer("model_max_length", in: 8...1_048_576)
    }

    /// The prompts of the two towers: those that sentence-transformers stores under their names,
    /// else its default prompt.
    private mutating func storedPrompts(_ rules: FolderRules) throws(ModelError) -> TextPrefixes {
        let path = folder + "/config_sentence_transformers.json"
        guard Self.exists(path) else { return TextPrefixes() }
        let json = try JSONFile(path, purpose: "the prompts")
        guard let prompts = try json.object("prompts") else { return TextPrefixes() }
        if rules == .first { return try firstPrompts(prompts) }
        let standard = try json.string("default_prompt_name") ?? ""
        func first(_ names: [String], of what: String) throws(ModelError) -> String {
            var found: [(name: String, text: String)] = []
            for name in names {
                if let text = try prompts.string(name), !text.isEmpty { found.append((name, text)) }
            }
            guard let winner = found.first else { return try prompts.string(standard) ?? "" }
            for other in found.dropFirst() where other.text != winner.text {
                notes.append(
                    "config_sentence_transformers.json has a prompt “\(winner.name)” and a prompt"
                        + " “\(other.name)” for \(what): “\(winner.name)” counts.")
            }
            return winner.text
        }
        return TextPrefixes(
            question: try first(["query", "question"], of: "questions"),
            passage: try first(["document", "passage", "corpus"], of: "passages"))
    }

    /// The prompts by the first rules.
    private func firstPrompts(_ prompts: JSONFile) throws(ModelError) -> TextPrefixes {
        func first(_ names: [String]) throws(ModelError) -> String {
            for name in names { if let text = try prompts.string(name) { return text } }
            return ""
        }
        return TextPrefixes(
            question: try first(["query", "question"]),
            passage: try first(["passage", "document", "corpus"]))
    }

    /// A BERT with a classifier on top, which no list of modules makes a sentence encoder.
    private static func refuseCrossEncoder(
        _ folder: String, _ checkpoint: Checkpoint, _ json: JSONFile
    ) throws(ModelError) {
        guard checkpoint.tensors["classifier.weight"] != nil, !exists(folder + "/modules.json")
        else { return }
        var name = "its weights end in classifier.weight"
        if case .array(let items) = json["architectures"], case .string(let first)? = items.first {
            guard first.hasSuffix("ForSequenceClassification") else { return }
            name = first
        }
        throw .crossEncoder(folder: folder, name: name)
    }

    static func exists(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: path)
    }
}
