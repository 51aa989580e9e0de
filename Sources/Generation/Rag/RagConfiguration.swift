import Formats
import Models

/// What a RAG folder's config.json says beside its two models.
///
/// Fields and defaults are those of `RagConfig` in transformers 4.41. What tells the reference
/// where its passages lie (`index_name`, `dataset`, …) is read, and moves nothing here.
public struct RagConfiguration: Equatable, Sendable {
    /// Between a passage's title and its text.
    public var titleSeparator = " / "
    /// Between a passage and the question.
    public var documentSeparator = " // "
    /// Passages that a question is answered from.
    public var passages = 5
    /// Tokens of a passage with its question at most.
    public var maximumCombinedLength = 300
    /// Components of a question's vector.
    public var vectorSize = 768
    /// Questions that the reference searches for together.
    public var retrievalBatchSize = 8
    /// Whether an answer found under several passages counts once.
    public var removesDuplicates = true
    /// RAG-sequence's loss: whether a beginning token counts nothing.
    public var excludesBeginning = false
    /// Whether the loss is the sum over questions.
    public var reducesLoss = false
    /// ε of label smoothing.
    public var labelSmoothing = 0.0
    /// RAG-token: whether scores are given marginalised over passages.
    public var marginalises = false
    /// Whether passages are told beside what was computed from them.
    public var outputsRetrieved = false
    /// What each context begins with: `prefix` of the generator's part.
    public var contextPrefix = ""
    /// What each question begins with while training: `prefix` of the question encoder's part.
    public var questionPrefix = ""
    /// Where the reference looks for passages.
    public var index = Index()

    /// Where the reference looks for passages.
    public struct Index: Equatable, Sendable {
        /// exact, compressed, legacy or custom.
        public var name = "compressed"
        /// A Faiss file, or the folder of a legacy index.
        public var path: String?
        /// A folder of passages that was saved by `save_to_disk`.
        public var passagesPath: String?
        /// A dataset by name.
        public var dataset = "wiki_dpr"
        /// Its split.
        public var split = "train"
        /// Its revision.
        public var revision: String?
        /// Whether a small sample stands in for it.
        public var isDummy = false
    }

    /// The defaults.
    public init() {}
}

extension RagConfiguration {
    /// Reads config.json of a RAG folder.
    ///
    /// - Throws: `GenerationError` where the file is no configuration of RAG, or a value is none
    ///   that can be meant, with the key.
    public init(folder: String) throws(GenerationError) {
        self = try reading { () throws(ModelError) in
            try RagConfiguration(
                JSONFile(folder + "/config.json", purpose: "the RAG model's parts"))
        }
    }

    init(_ json: JSONFile) throws(ModelError) {
        guard try json.string("model_type") == "rag" else {
            throw json.invalid("model_type", "is not rag")
        }
        titleSeparator = try json.string("title_sep") ?? titleSeparator
        documentSeparator = try json.string("doc_sep") ?? documentSeparator
        func count(_ key: String, _ value: Int) throws(ModelError) -> Int {
            let count = try json.integer(key) ?? value
            guard (1...1_048_576).contains(count) else {
                throw json.invalid(key, "is \(count), not a number from 1")
            }
            return count
        }
        passages = try count("n_docs", passages)
        maximumCombinedLength = try count("max_combined_length", maximumCombinedLength)
        vectorSize = try count("retrieval_vector_size", vectorSize)
        retrievalBatchSize = try count("retrieval_batch_size", retrievalBatchSize)
        removesDuplicates = try json.bool("do_deduplication") ?? removesDuplicates
        excludesBeginning = try json.bool("exclude_bos_score") ?? excludesBeginning
        reducesLoss = try json.bool("reduce_loss") ?? reducesLoss
        labelSmoothing = try json.float("label_smoothing") ?? labelSmoothing
        guard (0..<1).contains(labelSmoothing) else {
            throw json.invalid("label_smoothing", "is \(labelSmoothing), not from 0 to below 1")
        }
        marginalises = try json.bool("do_marginalize") ?? marginalises
        outputsRetrieved = try json.bool("output_retrieved") ?? outputsRetrieved
        contextPrefix = try json.object("generator")?.string("prefix") ?? ""
        questionPrefix = try json.object("question_encoder")?.string("prefix") ?? ""
        index = try Index(json)
    }
}

extension RagConfiguration.Index {
    fileprivate init(_ json: JSONFile) throws(ModelError) {
        name = try json.string("index_name") ?? name
        guard ["exact", "compressed", "legacy", "custom"].contains(name) else {
            throw json.invalid("index_name", "is \(name), not exact, compressed, legacy or custom")
        }
        path = try json.string("index_path")
        passagesPath = try json.string("passages_path")
        dataset = try json.string("dataset") ?? dataset
        split = try json.string("dataset_split") ?? split
        revision = try json.string("dataset_revision")
        isDummy = try json.bool("use_dummy_dataset") ?? isDummy
    }
}

extension RagConfiguration {
    /// A passage and a question as the generator reads them: prefix, title, separator, text,
    /// separator, question.
    ///
    /// One quotation mark is taken from each end of the title, and two blanks become one, once.
    /// Source: `RagRetriever.postprocess_docs` of transformers 4.41.
    public func context(title: String, text: String, question: String) -> String {
        // By scalars: a mark may follow what is taken away.
        var title = title.unicodeScalars[...]
        if title.first == "\"" { title.removeFirst() }
        if title.last == "\"" { title.removeLast() }
        let joined =
            contextPrefix + String(title) + titleSeparator + text + documentSeparator + question
        var bytes: [UInt8] = []
        var isHalf = false
        for byte in joined.utf8 {
            // The second of two blanks is left out; a third begins anew.
            let isSecond = byte == UInt8(ascii: " ") && isHalf
            if !isSecond { bytes.append(byte) }
            isHalf = byte == UInt8(ascii: " ") && !isSecond
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
