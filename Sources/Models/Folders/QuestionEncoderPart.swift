import Base
package import Formats

/// A DPR question encoder as it becomes part of another model: its tensors under the names that
/// Hugging Face has for them, its settings and its tokenizer.
package struct QuestionEncoderPart: Sendable {
    /// Its folder.
    package let folder: String
    /// Its parameters, and nothing that it does not use.
    package let tensors: [WeightFileWriter.Tensor]
    /// config.json as `DPRQuestionEncoder` reads it.
    package let settings: JSONValue
    /// Where its tokenizer lies.
    package let tokenizerFolder: String
    /// Components of a vector.
    package let dimension: Int

    /// Looks through the question encoder in `folder`, which may hold both towers: every weight is
    /// checked.
    ///
    /// - Throws: `ModelError` for what a load refuses, and for encoders of another family.
    package init(folder: String) throws(ModelError) {
        let folder = try ModelFolders.place(of: .question, in: folder)
        let opened = try OpenedModel(
            folder: folder, tower: .question, options: EncoderOptions())
        let description = opened.description
        guard description.kind == .dpr else {
            throw .wrongTower(
                folder: folder, expected: "a DPR question encoder",
                found: Architecture(opened.checkpoint.tensors.keys).description)
        }
        try opened.checkpoint.verifyChecksums()
        var tensors: [WeightFileWriter.Tensor] = []
        for parameter in description.parameters {
            try opened.checkpoint.check(parameter)
            tensors.append(
                WeightFileWriter.Tensor(
                    name: Self.name(parameter.name, description), source: parameter.name,
                    checkpoint: opened.checkpoint))
        }
        self.folder = folder
        self.tensors = tensors
        dimension = description.dimension
        let files = try EncoderFiles(transformer: description.transformerFolder)
        tokenizerFolder = files.tokenizerFolder
        settings = files.settings.root.setting([
            ("model_type", .string("dpr")),
            ("projection_dim", .integer(description.configuration.projectionSize)),
            ("architectures", .strings(["DPRQuestionEncoder"])),
        ])
    }

    private static func name(_ name: String, _ description: ModelDescription) -> String {
        let root = "question_encoder."
        if let projection = description.projectionName, name.hasPrefix(projection) {
            return root + "encode_proj" + name.dropFirst(projection.count)
        }
        return root + "bert_model." + name.dropFirst(description.prefix.count)
    }
}

extension ModelFolderWriter {
    /// Every file that a tokenizer of any kind has.
    private static let allTokenizerFiles =
        tokenizerFiles
        + ["vocab.json", "merges.txt", "spiece.model", "sentencepiece.bpe.model"]

    /// Copies the tokenizer in `source` to the subfolder `name`.
    package func copyTokenizer(from source: String, to name: String) throws(ModelError) {
        for file in Self.allTokenizerFiles {
            try copy(source + "/" + file, as: name + "/" + file)
        }
    }

    /// Writes a JSON file, one member a line.
    package func write(_ value: JSONValue, as name: String) throws(ModelError) {
        try write([UInt8](value.bytes(.indented)) + [UInt8(ascii: "\n")], as: name)
    }
}
