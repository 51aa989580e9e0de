import Base
import Formats
import Foundation
import Tensors

/// What a folder of a trained model holds beside its parameters, kept in memory from the start.
///
/// `config.json` is the source's with the class, type and precision of what is written.
struct TrainedFolder: Sendable {
    /// Files by their path in the folder.
    private var files: [(path: String, bytes: Data)] = []
    /// Path of the folder of weights and configuration, "" or ending in a slash.
    private let inner: String
    private let configuration: Data
    /// Lengths and prompts of a sentence encoder's source, without what a run decides.
    private var sentence: (lengths: Data, prompts: Data)?
    /// Tensors that training leaves alone, such as a pooler that is not used.
    private var extras: [SafetensorsWriter.Tensor] = []

    /// Keeps what the loaded folder of `description` holds.
    init(_ opened: OpenedModel, _ plan: EncoderPlan) throws(ModelError) {
        let description = opened.description
        let folder = description.folder
        let transformer = description.transformerFolder
        inner =
            transformer == folder ? "" : String(transformer.dropFirst(folder.count + 1)) + "/"
        var settings = try ModelFolderWriter.settings(transformer + "/config.json")
        settings["torch_dtype"] = "float32"
        settings["architectures"] = [EncoderPlan.className(plan.kind, plan.tower)]
        settings["model_type"] = plan.kind == .sentence ? "bert" : plan.kind.rawValue
        if plan.kind == .dpr { settings["projection_dim"] = plan.configuration.projectionSize }
        configuration = try ModelFolderWriter.text(settings)
        try addTokenizer(from: transformer)
        guard plan.kind == .sentence else {
            let lengths = ModelFolderWriter.lengthsFile
            try add(transformer + "/" + lengths, as: inner + lengths)
            return
        }
        sentence = (
            try Self.bytes(transformer + "/" + ModelFolderWriter.lengthsFile),
            try Self.bytes(folder + "/" + ModelFolderWriter.promptsFile)
        )
        try addPooling(plan, modulesFrom: folder)
        try addExtras(opened.checkpoint, plan, description)
    }

    /// Keeps what a reader's folder, or the folder a reader starts from, holds.
    init(reader folder: String) throws(ModelError) {
        inner = ""
        var settings = try ModelFolderWriter.settings(folder + "/config.json")
        settings["torch_dtype"] = "float32"
        settings["architectures"] = ["DPRReader"]
        settings["model_type"] = "dpr"
        settings["projection_dim"] = 0
        configuration = try ModelFolderWriter.text(settings)
        try addTokenizer(from: folder)
    }

    /// Makes the folder of a model that starts from random weights.
    init(
        settings: [String: any Sendable], plan: EncoderPlan?, tokenizerFolder: String
    ) throws(ModelError) {
        inner = ""
        configuration = try ModelFolderWriter.text(settings)
        try addTokenizer(from: tokenizerFolder)
        if let plan, plan.kind == .sentence {
            sentence = (Data(), Data())
            try addPooling(plan, modulesFrom: nil)
        }
    }

    /// The dropout rates of the configuration; BERT's own where it does not say.
    var dropout: DropoutRates {
        let settings =
            (try? JSONSerialization.jsonObject(with: configuration)) as? [String: Any] ?? [:]
        func rate(_ key: String) -> Double {
            let rate = (settings[key] as? NSNumber)?.doubleValue ?? 0.1
            return (0..<1).contains(rate) ? rate : 0.1
        }
        return DropoutRates(
            hidden: rate("hidden_dropout_prob"), attention: rate("attention_probs_dropout_prob"))
    }

    /// Writes everything with the values of `sets` to `folder`.
    ///
    /// `record` is what a run decides beside the weights; a reader has none.
    func write(
        _ sets: [ParameterSet], to folder: String, record: TrainingRecord? = nil
    ) throws(ModelError) {
        let writer = ModelFolderWriter(folder: folder)
        for file in files { try writer.write(file.bytes, as: file.path) }
        if let record {
            try writer.write(
                try ModelFolderWriter.text(record.settings), as: TrainingRecord.file)
            try write(record, with: writer)
        }
        try writer.write(configuration, as: inner + "config.json")
        var tensors: [SafetensorsWriter.Tensor] = []
        for set in sets {
            for entry in set.entries {
                tensors.append(
                    SafetensorsWriter.Tensor(
                        name: entry.name, shape: entry.shape,
                        values: Array(set.values[entry.range])))
            }
        }
        let weights = try writer.path(for: inner + "model.safetensors")
        try SafetensorsWriter.write(tensors + extras, to: weights)
    }

    /// Writes lengths and prompts as sentence-transformers reads them; it has one length for both
    /// towers.
    private func write(
        _ record: TrainingRecord, with writer: ModelFolderWriter
    ) throws(ModelError) {
        guard let sentence else { return }
        var lengths = Self.object(sentence.lengths)
        lengths["max_seq_length"] = max(record.questionTokens, record.passageTokens)
        if lengths["do_lower_case"] == nil { lengths["do_lower_case"] = false }
        try writer.write(
            try ModelFolderWriter.text(lengths), as: inner + ModelFolderWriter.lengthsFile)
        var file = Self.object(sentence.prompts)
        if record.prefixes != TextPrefixes() {
            var prompts = file["prompts"] as? [String: Any] ?? [:]
            prompts["query"] = record.prefixes.question
            prompts["document"] = record.prefixes.passage
            file["prompts"] = prompts
        }
        guard !file.isEmpty else { return }
        try writer.write(
            try ModelFolderWriter.text(file), as: ModelFolderWriter.promptsFile)
    }

    private static func object(_ bytes: Data) -> [String: Any] {
        (try? JSONSerialization.jsonObject(with: bytes)) as? [String: Any] ?? [:]
    }

    /// The bytes of a file; none where it is missing.
    private static func bytes(_ path: String) throws(ModelError) -> Data {
        guard ModelDescription.exists(path) else { return Data() }
        let file = try MappedFile(path, purpose: "a file of the model")
        return withExtendedLifetime(file) { Data(file.bytes) }
    }

    // MARK: Parts

    private mutating func addTokenizer(from folder: String) throws(ModelError) {
        for name in ModelFolderWriter.tokenizerFiles {
            try add(folder + "/" + name, as: inner + name)
        }
    }

    private mutating func add(_ path: String, as name: String) throws(ModelError) {
        guard ModelDescription.exists(path) else { return }
        let file = try MappedFile(path, purpose: "a file of the model")
        files.append((name, Data(file.bytes)))
    }

    /// The list of modules and the pooling: the folder's own where it says what the plan does.
    private mutating func addPooling(
        _ plan: EncoderPlan, modulesFrom folder: String?
    ) throws(ModelError) {
        // No module of sentence-transformers is BERT's pooler; the record says it.
        guard plan.poolerName == nil else { return }
        var path = "1_Pooling"
        if let folder, ModelDescription.exists(folder + "/modules.json") {
            if let own = try SentenceModules.poolingFolder(folder) { path = own }
            let modules = try SentenceModules(
                folder: folder, hiddenSize: plan.configuration.hiddenSize)
            if PoolingChoice(modules.pooling.modes) == plan.poolingChoice,
                modules.normalises == plan.normalises
            {
                try add(folder + "/modules.json", as: "modules.json")
                return try add(folder + "/" + path + "/config.json", as: path + "/config.json")
            }
        }
        let kinds =
            [(inner.isEmpty ? "" : String(inner.dropLast()), "Transformer"), (path, "Pooling")]
            + (plan.normalises ? [("2_Normalize", "Normalize")] : [])
        let modules = kinds.enumerated().map { index, kind -> [String: Any] in
            [
                "idx": index, "name": "\(index)", "path": kind.0,
                "type": "sentence_transformers.models." + kind.1,
            ]
        }
        files.append(("modules.json", try ModelFolderWriter.text(modules)))
        let pooling: [String: Any] = [
            "word_embedding_dimension": plan.configuration.hiddenSize,
            "pooling_mode_cls_token": plan.pooling == .first,
            "pooling_mode_mean_tokens": plan.pooling == .mean,
            "pooling_mode_max_tokens": plan.pooling == .maximum,
            "pooling_mode_mean_sqrt_len_tokens": false,
        ]
        files.append((path + "/config.json", try ModelFolderWriter.text(pooling)))
    }

    private mutating func addExtras(
        _ checkpoint: Checkpoint, _ plan: EncoderPlan, _ description: ModelDescription
    ) throws(ModelError) {
        for (name, tensor) in checkpoint.tensors
        where name.hasPrefix(description.prefix + "pooler.") && tensor.type.isFloat
            && plan.poolerName == nil
        {
            extras.append(
                SafetensorsWriter.Tensor(
                    name: plan.prefix + name.dropFirst(description.prefix.count),
                    shape: tensor.shape,
                    values: try checkpoint.floats(name, shape: tensor.shape).array))
        }
    }
}

extension SentenceModules {
    /// The folder of the pooling's configuration that `modules.json` of `folder` names.
    static func poolingFolder(_ folder: String) throws(ModelError) -> String? {
        let json = try JSONFile(folder + "/modules.json", purpose: "the list of modules")
        guard case .array(let items) = json.root, items.count > 1,
            case .string(let path) = items[1]["path"]
        else { return nil }
        return path
    }
}
