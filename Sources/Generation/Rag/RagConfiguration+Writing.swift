import Formats

extension RagConfiguration {
    /// config.json of a RAG folder, with every field of `RagConfig` of transformers 4.41.
    ///
    /// - Parameters:
    ///   - kind: Which of the two classes opens the folder by its own.
    ///   - questionEncoder: config.json of the question encoder.
    ///   - generator: config.json of the generator.
    ///   - type: What `torch_dtype` calls the numbers of the weights.
    func json(
        _ kind: RagKind, questionEncoder: JSONValue, generator: JSONValue, type: String
    ) -> JSONValue {
        let forcedEnd = generator["forced_eos_token_id"] ?? .null
        let fields: [(String, JSONValue)] = [
            ("architectures", .strings([kind.className])), ("model_type", .string("rag")),
            ("is_encoder_decoder", .bool(true)), ("use_cache", .bool(true)), ("vocab_size", .null),
            ("title_sep", .string(titleSeparator)), ("doc_sep", .string(documentSeparator)),
            ("n_docs", .integer(passages)),
            ("max_combined_length", .integer(maximumCombinedLength)),
            ("retrieval_vector_size", .integer(vectorSize)),
            ("retrieval_batch_size", .integer(retrievalBatchSize)),
            ("do_deduplication", .bool(removesDuplicates)),
            ("exclude_bos_score", .bool(excludesBeginning)), ("reduce_loss", .bool(reducesLoss)),
            ("label_smoothing", .real(labelSmoothing)), ("do_marginalize", .bool(marginalises)),
            ("output_retrieved", .bool(outputsRetrieved)), ("forced_eos_token_id", forcedEnd),
            ("index_name", .string(index.name)), ("index_path", .text(index.path)),
            ("passages_path", .text(index.passagesPath)), ("dataset", .string(index.dataset)),
            ("dataset_split", .string(index.split)), ("dataset_revision", .text(index.revision)),
            ("use_dummy_dataset", .bool(index.isDummy)), ("torch_dtype", .string(type)),
            (
                "question_encoder",
                questionEncoder.setting([("prefix", .text(questionPrefix, unless: ""))])
            ),
            ("generator", generator.setting([("prefix", .text(contextPrefix, unless: ""))])),
        ]
        return .object(fields.map { JSONValue.Member($0.0, $0.1) })
    }
}

extension JSONValue {
    /// Text, or null.
    fileprivate static func text(_ text: String?, unless none: String? = nil) -> JSONValue {
        text == none ? .null : text.map { .string($0) } ?? .null
    }
}

extension RagKind {
    /// Hugging Face's class.
    public var className: String {
        switch self {
        case .sequence: "RagSequenceForGeneration"
        case .token: "RagTokenForGeneration"
        }
    }
}
