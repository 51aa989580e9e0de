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
    private static let copied = [
        "vocab.txt", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json",
        "added_tokens.json", "vocab.json", "merges.txt", "sentence_bert_config.json",
    ]

    /// Converts, and says what was written: one folder, or one a tower for DPR's own checkpoints.
    ///
    /// - Throws: `ModelError` for a source that cannot be read, a target that cannot be written, or
    ///   a weight too large for 16 bits; what was written before stays.
    public func run() throws(ModelError) -> [Written] {
        let isFile = !Self.isFolder(source)
        let root = isFile ? parent(source) : source
        let transformer = isFile ? root : try SentenceModules.transformerFolder(root)
        let checkpoint =
            isFile ? try Checkpoint.open(file: source) : try Checkpoint.open(folder: transformer)
        try checkpoint.verifyChecksums()
        let architecture = Architecture(checkpoint.tensors.keys)
        let json = try JSONFile(
            transformer + "/config.json", purpose: "the model's dimensions")
        var written: [Written] = []
        for part in try Self.parts(checkpoint, architecture, json) {
            let folder = target + part.subfolder
            let inner = folder + transformer.dropFirst(root.count)
            try Self.makeFolder(inner)
            written.append(try write(part, checkpoint, to: inner, root: folder))
            try writeConfiguration(json, part.settings, to: inner)
            try copyFiles(from: transformer, root: root, to: inner, root: folder)
        }
        return written
    }

    private func write(
        _ part: Part, _ checkpoint: Checkpoint, to folder: String, root: String
    ) throws(ModelError) -> Written {
        let entries = part.tensors.map { tensor in
            SafetensorsWriter.Entry(
                name: tensor.name, shape: checkpoint.tensors[tensor.source]?.shape ?? [],
                type: type.element)
        }
        let halves = UnsafeMutableBufferPointer<UInt16>.allocate(capacity: Checkpoint.partSize)
        defer { halves.deallocate() }
        let path = folder + "/model.safetensors"
        try SafetensorsWriter.write(entries, to: path) { index, put throws(ModelError) in
            let source = part.tensors[index].source
            var done = 0
            try checkpoint.forEachPart(source) { floats throws(ModelError) in
                guard type == .float16 else { return try put(UnsafeRawBufferPointer(floats)) }
                for first in stride(from: 0, to: floats.count, by: halves.count) {
                    let end = min(first + halves.count, floats.count)
                    let some = UnsafeBufferPointer(rebasing: floats[first..<end])
                    if let index = some.firstIndex(where: { $0.isFinite && abs($0) >= 65_520 }) {
                        throw .beyondFloat16(
                            path: checkpoint.path(of: source), name: source,
                            index: done + first + index, value: some[index])
                    }
                    if let start = some.baseAddress, let out = halves.baseAddress {
                        roundToFloat16(start, count: some.count, into: out)
                    }
                    try put(
                        UnsafeRawBufferPointer(
                            UnsafeBufferPointer(rebasing: halves[..<some.count])))
                }
                done += floats.count
            }
        }
        return Written(
            folder: root, tensors: entries.count, bytes: entries.reduce(0) { $0 + $1.bytes },
            leftOut: checkpoint.tensors.filter { !$0.value.type.isFloat }.map(\.key))
    }

    /// `config.json` as it was, but for the type of the weights and what `settings` adds.
    private func writeConfiguration(
        _ json: JSONFile, _ settings: [String: any Sendable], to folder: String
    ) throws(ModelError) {
        let path = folder + "/config.json"
        do {
            let data = try Data(contentsOf: URL(fileURLWithPath: json.path))
            var members =
                try JSONSerialization.jsonObject(with: data) as? [String: Any] ?? [:]
            for (key, value) in settings { members[key] = value }
            members["torch_dtype"] = type.name
            let text = try JSONSerialization.data(
                withJSONObject: members,
                options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
            try text.write(to: URL(fileURLWithPath: path), options: .atomic)
        } catch {
            throw .unwritableFile(path: path, reason: error.localizedDescription)
        }
    }

    private func copyFiles(
        from transformer: String, root: String, to inner: String, root folder: String
    ) throws(ModelError) {
        for name in Self.copied { try Self.copy(transformer + "/" + name, to: inner + "/" + name) }
        for name in ["modules.json", "config_sentence_transformers.json"] {
            try Self.copy(root + "/" + name, to: folder + "/" + name)
        }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
        for name in names.sorted() where Self.isFolder(root + "/" + name) {
            let settings = root + "/" + name + "/config.json"
            // Pooling and Normalize, beside `modules.json`; a transformer has been written already.
            guard ModelDescription.exists(root + "/modules.json"),
                ModelDescription.exists(settings), root + "/" + name != transformer
            else { continue }
            try Self.makeFolder(folder + "/" + name)
            try Self.copy(settings, to: folder + "/" + name + "/config.json")
        }
    }

    private static func copy(_ source: String, to target: String) throws(ModelError) {
        guard ModelDescription.exists(source) else { return }
        do {
            let data = try Data(contentsOf: URL(fileURLWithPath: source))
            try data.write(to: URL(fileURLWithPath: target), options: .atomic)
        } catch {
            throw .unwritableFile(path: target, reason: error.localizedDescription)
        }
    }

    private static func makeFolder(_ path: String) throws(ModelError) {
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true)
        } catch {
            throw .unwritableFile(path: path, reason: error.localizedDescription)
        }
    }

    private static func isFolder(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
            && isFolder.boolValue
    }
}
