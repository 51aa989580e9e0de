import Formats
import Tensors
import Tokenizers

extension TrainableReader {
    /// Loads the reader in `folder`.
    ///
    /// Throws: `ModelError`, as `DPRReader.load(folder:)` does.
    public static func load(folder: String) throws(ModelError) -> TrainableReader {
        let checkpoint = try Checkpoint.open(folder: folder)
        let architecture = Architecture(checkpoint.tensors.keys)
        guard architecture == .reader else {
            throw .wrongTower(
                folder: folder, expected: "a DPR reader", found: architecture.description)
        }
        let configuration = try BertConfiguration(
            JSONFile(folder + "/config.json", purpose: "the model's dimensions"))
        let tokenizer = try OpenedModel.tokenizer(folder, rows: configuration.vocabularySize)
        let parameters = ParameterSet(shapes(configuration))
        try parameters.fill(from: checkpoint) { $0 }
        return TrainableReader(
            parameters, configuration, try TrainedFolder(reader: folder), tokenizer)
    }

    /// Makes a reader with BERT's initial weights (`shape.kind` does not matter).
    ///
    /// Throws: `ModelError` where the shape cannot be, or the tokenizer cannot be used.
    public static func random(
        _ shape: EncoderShape, seed: UInt64, tokenizerFolder: String
    ) throws(ModelError) -> TrainableReader {
        let tokenizer = try OpenedModel.tokenizer(tokenizerFolder)
        var shape = shape
        shape.projectionSize = 0
        let settings = shape.settings(
            className: "DPRReader", modelType: "dpr", vocabulary: tokenizer.vocabularySize,
            isShared: nil)
        let configuration = try EncoderShape.configuration(settings)
        let parameters = ParameterSet(shapes(configuration))
        RandomWeights.fill(parameters, seed: seed, paddingID: Int(tokenizer.paddingID))
        return TrainableReader(
            parameters, configuration,
            try TrainedFolder(settings: settings, plan: nil, tokenizerFolder: tokenizerFolder),
            tokenizer)
    }

    /// Makes a reader on top of the encoder in `folder` (BERT or DPR), its outputs random.
    ///
    /// Throws: `ModelError`.
    public static func starting(
        fromEncoder folder: String, tower: Tower, seed: UInt64
    ) throws(ModelError) -> TrainableReader {
        let opened = try OpenedModel(folder: folder, tower: tower, options: EncoderOptions())
        let configuration = opened.description.configuration
        let parameters = ParameterSet(shapes(configuration))
        RandomWeights.fill(parameters, seed: seed, paddingID: Int(opened.tokenizer.paddingID))
        let stored = opened.description.prefix
        try parameters.fill(from: opened.checkpoint) { name in
            name.hasPrefix(prefix) ? stored + name.dropFirst(prefix.count) : nil
        }
        return TrainableReader(
            parameters, configuration,
            try TrainedFolder(reader: opened.description.transformerFolder), opened.tokenizer)
    }
}
