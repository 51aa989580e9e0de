import Base
import Formats
import Foundation
import Tensors

/// Writes a model of any readable format as a folder that Hugging Face's `from_pretrained` opens:
/// safetensors, configuration and tokenizer files.
public struct ModelConversion: Sendable {
    /// The types weights can be written in.
    public enum WeightType: String, CaseIterable, Sendable {
        /// 32-bit floats.
        case float32 = "f32"
        /// 16-bit floats, rounded to nearest.
        case float16 = "f16"

        var element: ElementType { self == .float32 ? .float32 : .float16 }
        /// What `torch_dtype` calls it.
        var name: String { self == .float32 ? "float32" : "float16" }
    }

    /// A folder that was written.
    public struct Written: Equatable, Sendable {
        /// The folder.
        public var folder: String
        /// Tensors in it.
        public var tensors: Int
        /// Bytes of the weights.
        public var bytes: Int
        /// Tensors of the source that hold no floats and were left out.
        public var leftOut: [String]
    }

    /// The model's folder, or a single file of weights beside its `config.json`.
    public var source: String
    /// The folder to write; it is made where it is missing.
    public var target: String
    /// The type of the weights.
    public var type: WeightType

    /// Names source, target and type.
    public init(source: String, target: String, type: WeightType = .float32) {
        self.source = source
        self.target = target
        self.type = type
    }

    /// Files beside the weights that are copied as they are.
    private static let copied =
        ModelFolderWriter.tokenizerFiles
        + ["vocab.json", "merges.txt", ModelFolderWriter.lengthsFile, TrainingRecord.file]

    /// Converts, and says what was written: one folder, or one a tower where the source holds two.
    ///
    /// - Throws: `ModelError` for a source that cannot be read, a target that cannot be written, or
    ///   a weight too large for 16 bits; what was written before stays.
    public func run() throws(ModelError) -> [Written] {
        guard ModelFolders.isFolder(source) else { return try convert() }
        let parts = try ModelFolders.parts(of: source)
        guard parts != [source] else { return try convert() }
        var written: [Written] = []
        for part in parts {
            let name = part.split(separator: "/").last.map(String.init) ?? ""
            written += try ModelConversion(
                source: part, target: "\(target)/\(name)", type: type
            ).convert()
        }
        // What Simple Transformers says of both towers lies beside them.
        let arguments = SimpleTransformersArguments.file
        try ModelFolderWriter(folder: target).copy(source + "/" + arguments, as: arguments)
        return written
    }

    /// Converts one model.
    private func convert() throws(ModelError) -> [Written] {
        let isFile = !ModelFolders.isFolder(source)
        let root = isFile ? FileNames.folder(of: source) : source
        let transformer = isFile ? root : try SentenceModules.transformerFolder(root)
        let inner = transformer == root ? "" : transformer.dropFirst(root.count + 1) + "/"
        let checkpoint =
            isFile ? try Checkpoint.open(file: source) : try Checkpoint.open(folder: transformer)
        try checkpoint.verifyChecksums()
        let architecture = Architecture(checkpoint.tensors.keys)
        let json = try JSONFile(
            transformer + "/config.json", purpose: "the model's dimensions")
        var written: [Written] = []
        for part in try Self.parts(checkpoint, architecture, json) {
            let writer = ModelFolderWriter(folder: target + part.subfolder)
            let weights = try writer.path(for: inner + "model.safetensors")
            written.append(try write(part, checkpoint, to: weights, folder: writer.folder))
            var settings = try ModelFolderWriter.settings(json.path)
            for (key, value) in part.settings { settings[key] = value }
            settings["torch_dtype"] = type.name
            try writer.write(try ModelFolderWriter.text(settings), as: inner + "config.json")
            for name in Self.copied { try writer.copy(transformer + "/" + name, as: inner + name) }
            try copyModules(from: root, except: transformer, to: writer)
        }
        return written
    }

    private func write(
        _ part: Part, _ checkpoint: Checkpoint, to path: String, folder: String
    ) throws(ModelError) -> Written {
        let bytes = try WeightFileWriter(type: type).write(
            part.tensors.map {
                WeightFileWriter.Tensor(name: $0.name, source: $0.source, checkpoint: checkpoint)
            }, to: path)
        return Written(
            folder: folder, tensors: part.tensors.count, bytes: bytes,
            leftOut: checkpoint.tensors.filter { !$0.value.type.isFloat }.map(\.key))
    }

    /// A sentence encoder's list of modules, and what belongs to each: settings, and the weights of
    /// a Dense as they are.
    private func copyModules(
        from root: String, except transformer: String, to writer: ModelFolderWriter
    ) throws(ModelError) {
        for name in ModelFolderWriter.sentenceFiles {
            try writer.copy(root + "/" + name, as: name)
        }
        guard ModelDescription.exists(root + "/modules.json") else { return }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
        for name in names.sorted() where ModelFolders.isFolder(root + "/" + name) {
            // The transformer's settings have been written with what is new in them.
            guard root + "/" + name != transformer else { continue }
            for file in ["config.json", "model.safetensors", "pytorch_model.bin"] {
                try writer.copy("\(root)/\(name)/\(file)", as: "\(name)/\(file)")
            }
        }
    }
}
