import Formats
import Foundation

/// What the files of a folder say about a Unigram tokenizer.
struct UnigramFiles {
    /// The file that holds the vocabulary; errors name it.
    var path: String
    var entries: [(token: String, id: Int)] = []
    /// By id.
    var scores: [Double] = []
    var unknownID: Int32 = 0
    var fallsBackToBytes = false
    var options = UnigramOptions()
    var names = SpecialTokenRoles()
    var added: [AddedToken] = []
    var template = EncodingTemplate.plain
    /// Steps back to text; nil joins tokens with spaces.
    var decoder: [TokenDecoder]?

    /// The SentencePiece models that are read where there is no tokenizer.json.
    static let modelNames = ["sentencepiece.bpe.model", "spiece.model"]

    /// Reads tokenizer.json, else the model that SentencePiece trained.
    init(_ files: TokenizerFolder) throws(TokenizerError) {
        let config = try files.json("tokenizer_config.json")
        let names = try SpecialTokenNames([config, try files.json("special_tokens_map.json")])
        if let document = files.document {
            try self.init(document)
        } else if let bytes = try files.raw(Self.modelNames[0]) {
            try self.init(bytes, xlmRoberta: files.path(Self.modelNames[0]), config)
        } else if let bytes = try files.raw(Self.modelNames[1]) {
            try self.init(bytes, t5: files.path(Self.modelNames[1]), config, names)
        } else {
            throw .missingFile(folder: files.folder, expected: ["tokenizer.json"] + Self.modelNames)
        }
        if let config {
            try AddedToken.merge(
                try AddedToken.decoder(config), into: &added, path: config.path)
        }
        self.names = SpecialTokenRoles(
            names, known: Set(entries.map(\.token)).union(added.map(\.content)))
    }

    private init(_ document: JSONNode) throws(TokenizerError) {
        path = document.path
        let model = try document.required("model")
        try model.required("type").demand("Unigram")
        try readVocabulary(try model.required("vocab"))
        let unknown = try model.required("unk_id")
        let id = try unknown.integer()
        guard entries.indices.contains(id) else { throw unknown.wrongType("a token id") }
        unknownID = Int32(id)
        fallsBackToBytes = try model.member("byte_fallback")?.bool() ?? false
        options = try UnigramOptions(document)
        added = try AddedToken.list(document)
        template = try EncodingTemplate(document) ?? .plain
        decoder = try TokenDecoder.list(document)
    }

    /// Pairs of a token and its score, read without a node for each: there are many.
    private mutating func readVocabulary(_ node: JSONNode) throws(TokenizerError) {
        guard case .array(let pairs) = node.value else { throw node.wrongType("an array") }
        entries.reserveCapacity(pairs.count)
        scores.reserveCapacity(pairs.count)
        for (id, pair) in pairs.enumerated() {
            guard case .array(let items) = pair, items.count == 2,
                case .string(let token) = items[0], case .number(let text) = items[1],
                let score = Double(text), score.isFinite
            else {
                throw JSONNode(path: node.path, key: "\(node.key)[\(id)]", value: pair)
                    .wrongType("a token and its score")
            }
            entries.append((token, id))
            scores.append(score)
        }
    }

    mutating func append(_ token: String, score: Float = 0) {
        entries.append((token, entries.count))
        scores.append(Double(score))
    }
}

extension UnigramTokenizer {
    /// Opens the tokenizer of a model's folder: tokenizer.json, else sentencepiece.bpe.model as
    /// XLM-R reads it, else spiece.model as T5 does.
    ///
    /// tokenizer_config.json and special_tokens_map.json add to what these say. Truncation and
    /// padding stored in tokenizer.json are ignored: they belong to whoever asks.
    /// Errors: any of `TokenizerError` that concerns files.
    public convenience init(folder: String) throws(TokenizerError) {
        try self.init(UnigramFiles(TokenizerFolder(folder)))
    }
}
