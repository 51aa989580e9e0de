import Formats
import Foundation
public import Models
import Tokenizers

/// Makes a RAG folder of a question encoder and a generator: both models' weights and settings in
/// one, their tokenizers in folders of their own.
///
///     let written = try RagJoin(
///         questionEncoder: "dpr-question", generator: "bart-large", target: "rag"
///     ).run()
///
/// `RagSequenceForGeneration.from_pretrained`, `RagTokenForGeneration.from_pretrained` and
/// `RagTokenizer.from_pretrained` of transformers open the folder, and so does `Generator.load`.
public struct RagJoin: Sendable {
    /// A folder with a DPR question encoder and its tokenizer; it may hold both towers.
    public var questionEncoder: String
    /// A folder with a BART or T5 and its tokenizer.
    public var generator: String
    /// The folder to write; it is made where it is missing.
    public var target: String
    /// The sum over passages that the model is made for.
    public var kind = RagKind.sequence
    /// Passages that a question is answered from.
    public var passages = 5
    /// Tokens of a passage with its question at most; nil: 300, or as many as the generator reads.
    public var maximumCombinedLength: Int?
    /// The type of the weights.
    public var type = ModelConversion.WeightType.float32

    /// What was written.
    public struct Written: Equatable, Sendable {
        /// The folder.
        public var folder: String
        /// The sum over passages.
        public var kind: RagKind
        /// What config.json says beside the parts.
        public var configuration: RagConfiguration
        /// Tensors of both models.
        public var tensors: Int
        /// Bytes of the weights.
        public var bytes: Int
    }

    /// Names the parts and the folder to write.
    public init(questionEncoder: String, generator: String, target: String) {
        self.questionEncoder = questionEncoder
        self.generator = generator
        self.target = target
    }

    /// Joins; config.json is written last.
    ///
    /// - Throws: `GenerationError` naming the file and what to do where a part is missing, damaged
    ///   or does not fit.
    public func run() throws(GenerationError) -> Written {
        let question = try reading { () throws(ModelError) in
            try QuestionEncoderPart(folder: questionEncoder)
        }
        let folder = try reading { () throws(ModelError) in
            try ModelFolders.existing(generator)
        }
        let opened = try OpenedGenerator(folder: folder)
        let tokenizerFolder =
            opened.isPart ? folder + "/" + RagFolder.generatorTokenizer : folder
        try checkTokenizer(tokenizerFolder, opened)
        for source in [question.folder, folder, question.tokenizerFolder, tokenizerFolder] {
            guard Self.place(source) != Self.place(target) else {
                throw .invalidOption(
                    name: "the folder to write", reason: "is \(source), which is read",
                    remedy: "Name another")
            }
        }
        var configuration = try configuration(opened)
        configuration.vectorSize = question.dimension

        var tensors = question.tensors.map { tensor in
            var tensor = tensor
            tensor.name = RagFolder.questionPrefix + tensor.name
            return tensor
        }
        for (name, parameter) in try opened.parameters() {
            try reading { () throws(ModelError) in try opened.checkpoint.check(parameter) }
            tensors.append(
                WeightFileWriter.Tensor(
                    name: RagFolder.generatorPrefix + name, source: parameter.name,
                    checkpoint: opened.checkpoint))
        }
        return try reading { () throws(ModelError) in
            let writer = ModelFolderWriter(folder: target)
            let bytes = try WeightFileWriter(type: type).write(
                tensors, to: try writer.path(for: "model.safetensors"))
            try writer.copyTokenizer(
                from: question.tokenizerFolder, to: RagFolder.questionTokenizer)
            try writer.copyTokenizer(from: tokenizerFolder, to: RagFolder.generatorTokenizer)
            let keys = opened.settings.keys
            try writer.write(
                .object([JSONValue.Member("_from_model_config", .bool(true))] + keys),
                as: "generation_config.json")
            var json = configuration.json(
                kind, questionEncoder: question.settings,
                generator: opened.json.root.setting(keys.map { ($0.name, $0.value) }),
                type: type == .float16 ? "float16" : "float32")
            // RAG-sequence of the reference takes these from here alone.
            json = json.setting(
                keys.filter { ["num_beams", "num_return_sequences"].contains($0.name) }
                    .map { ($0.name, $0.value) })
            try writer.write(json, as: "config.json")
            return Written(
                folder: target, kind: kind, configuration: configuration, tensors: tensors.count,
                bytes: bytes)
        }
    }

    /// A folder by what it is, however it is written.
    private static func place(_ folder: String) -> String {
        URL(fileURLWithPath: folder).resolvingSymlinksInPath().standardizedFileURL.path
    }

    private func configuration(
        _ opened: OpenedGenerator
    ) throws(GenerationError) -> RagConfiguration {
        var configuration = RagConfiguration()
        guard (1...1_024).contains(passages) else {
            throw .invalidOption(
                name: "n_docs", reason: "is \(passages), outside 1 to 1024",
                remedy: "Give it 1 or more")
        }
        configuration.passages = passages
        let positions = opened.plan.longestSource
        let length =
            maximumCombinedLength
            ?? min(configuration.maximumCombinedLength, positions ?? .max)
        guard (1...min(positions ?? 1_048_576, 1_048_576)).contains(length) else {
            let bound = positions.map { "and \(opened.json.path) has \($0) positions" }
            throw .invalidOption(
                name: "max_combined_length",
                reason: "is \(length), \(bound ?? "outside 1 to 1048576")",
                remedy: "Give it \(positions ?? 300) or less, and 1 or more")
        }
        configuration.maximumCombinedLength = length
        configuration.contextPrefix = try reading { () throws(ModelError) in
            try opened.json.string("prefix") ?? ""
        }
        return configuration
    }

    /// The generator's tokenizer must be there and of its vocabulary.
    private func checkTokenizer(
        _ folder: String, _ opened: OpenedGenerator
    ) throws(GenerationError) {
        let tokenizer: any TextTokenizer
        do {
            tokenizer = try FolderTokenizer.open(folder)
        } catch {
            throw .model(.tokenizer(folder: folder, reason: "\(error)"))
        }
        try reading { () throws(ModelError) in
            try VocabularyFit.check(
                tokenizer, folder: folder, rows: opened.plan.vocabularySize)
        }
    }
}
