import Formats

/// The files of one encoder: those of its folder, or its part of a RAG folder.
///
/// A RAG folder holds two models in one set of weights and one config.json, and their tokenizers in
/// folders of their own. Its question encoder is read in place, under the names it has alone.
struct EncoderFiles: Sendable {
    /// The encoder's settings: config.json, or its `question_encoder`.
    let settings: JSONFile
    /// Its weights.
    let checkpoint: Checkpoint
    /// Where its tokenizer lies.
    let tokenizerFolder: String
    /// Whether it is part of a RAG folder.
    let isPart: Bool

    /// Opens those in `transformer`, the folder of config.json and the weights.
    init(
        transformer: String, policy: WeightPolicy = WeightPolicy()
    ) throws(ModelError) {
        let checkpoint = try Checkpoint.open(folder: transformer, policy: policy)
        let json = try JSONFile(
            transformer + "/config.json", purpose: "the model's dimensions")
        isPart = json["model_type"] == .string("rag")
        guard isPart else {
            settings = json
            self.checkpoint = checkpoint
            tokenizerFolder = transformer
            return
        }
        guard let part = try json.object("question_encoder") else {
            throw json.invalid("question_encoder", "is missing")
        }
        settings = part
        self.checkpoint = try checkpoint.part(
            RagFolder.questionPrefixes, named: "question_encoder.")
        tokenizerFolder = transformer + "/" + RagFolder.questionTokenizer
    }
}

/// What the parts of a RAG folder are called.
package enum RagFolder {
    /// The folder of the question encoder's tokenizer.
    package static let questionTokenizer = "question_encoder_tokenizer"
    /// The folder of the generator's tokenizer.
    package static let generatorTokenizer = "generator_tokenizer"
    /// What the names of the question encoder's tensors open with; a bare RagModel has no `rag.`.
    static let questionPrefixes = ["rag.question_encoder.", "question_encoder."]
    /// What a folder that is written puts before the tensors of the question encoder.
    package static let questionPrefix = "rag.question_encoder."
    /// The same of the generator.
    package static let generatorPrefix = "rag.generator."
}

extension Checkpoint {
    /// The tensors whose names open with the first of `prefixes` that some open with, followed by
    /// `inner`; without the prefix.
    fileprivate func part(
        _ prefixes: [String], named inner: String
    ) throws(ModelError) -> Checkpoint {
        for prefix in prefixes {
            let found = tensors.filter { $0.key.hasPrefix(prefix + inner) }
            guard !found.isEmpty else { continue }
            return try Checkpoint(
                self, tensors: found.map { (String($0.key.dropFirst(prefix.count)), $0.value) })
        }
        throw .missingTensor(path: path, name: (prefixes.first ?? "") + inner)
    }
}
