import Base
import Foundation

/// Writes the files of a model's folder: each is synced, and appears whole or not at all.
package struct ModelFolderWriter {
    /// The files of a tokenizer, where a model has them.
    static let tokenizerFiles = [
        "vocab.txt", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json",
        "added_tokens.json",
    ]
    /// The lengths of a sentence encoder, beside its weights.
    static let lengthsFile = "sentence_bert_config.json"
    /// The list of a sentence encoder's modules and its prompts, at the root.
    static let sentenceFiles = ["modules.json", promptsFile]
    /// The prompts of a sentence encoder.
    static let promptsFile = "config_sentence_transformers.json"

    /// The folder; it is made with its first file.
    package let folder: String

    /// Names the folder.
    package init(folder: String) {
        self.folder = folder
    }

    /// The path of a file; the folders that `name` leads through are made where they are missing.
    package func path(for name: String) throws(ModelError) -> String {
        let path = folder + "/" + name
        do {
            try FileManager.default.createDirectory(
                atPath: FileNames.folder(of: path), withIntermediateDirectories: true)
        } catch {
            throw .unwritableFile(path: path, reason: error.localizedDescription)
        }
        return path
    }

    /// Writes a file.
    func write(_ bytes: Data, as name: String) throws(ModelError) {
        try write(Array(bytes), as: name)
    }

    /// Writes a file.
    func write(_ bytes: [UInt8], as name: String) throws(ModelError) {
        let path = try path(for: name)
        try giving(ModelError.init(writing:)) { () throws(FileError) in
            try WholeFile.write(bytes, to: path)
        }
    }

    /// Copies the file `source`; nothing happens where there is none.
    func copy(_ source: String, as name: String) throws(ModelError) {
        guard ModelDescription.exists(source) else { return }
        let file = try MappedFile(source, purpose: "a file of the model")
        try write(Data(file.bytes), as: name)
    }

    /// Settings as a file holds them: keys in order, one a line.
    static func text(_ json: Any) throws(ModelError) -> Data {
        do {
            return try JSONSerialization.data(
                withJSONObject: json,
                options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
        } catch {
            throw .unwritableFile(path: "config.json", reason: "\(error)")
        }
    }

    /// The settings of the file `path`, to be written anew.
    static func settings(_ path: String) throws(ModelError) -> [String: Any] {
        let file = try MappedFile(path, purpose: "the model's dimensions")
        let root = try? JSONSerialization.jsonObject(with: Data(file.bytes))
        guard let settings = root as? [String: Any] else {
            throw .malformedFile(path: path, offset: 0, reason: "the file is no JSON object")
        }
        return settings
    }
}
