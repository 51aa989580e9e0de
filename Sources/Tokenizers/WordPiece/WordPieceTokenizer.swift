/// BERT's tokenizer: text to the word pieces of a vocabulary.
///
/// Gives the ids and offsets of the reference's fast implementation for every option it has.
///
///     let tokenizer = try WordPieceTokenizer(folder: "all-MiniLM-L6-v2")
///     tokenizer.encode("a dense passage").ids  // [101, 1037, 9742, 6019, 102]
public final class WordPieceTokenizer: TextTokenizer {
    /// How text is split.
    public let options: WordPieceOptions
    /// The id of the token for what no pieces cover.
    public let unknownID: Int32
    /// The id of the token between and behind texts.
    public let separatorID: Int32
    /// The id of the token that fills up.
    public let paddingID: Int32
    /// The id of the token that opens an encoding.
    public let classifierID: Int32
    /// The id of the mask token, where there is one.
    public let maskID: Int32?

    /// `[CLS] a [SEP]` and `[CLS] a [SEP] b [SEP]`, unless tokenizer.json says otherwise.
    public let template: EncodingTemplate

    let model: WordPieceModel
    let added: AddedVocabulary
    let plan: ScalarPlan
    /// What the bytes from 0 to 127 do: below 128 the byte that joins the word, else an action.
    let asciiPlan: [UInt8]

    /// Makes a tokenizer of tokens whose ids are their places.
    ///
    /// Errors: `emptyVocabulary`, `duplicateToken`, `missingSpecialToken`.
    public convenience init(
        vocabulary: [String], options: WordPieceOptions = WordPieceOptions()
    ) throws(TokenizerError) {
        let entries = vocabulary.enumerated().map { (token: $1, id: $0) }
        try self.init(
            WordPieceFiles(path: "vocabulary", entries: entries, options: options))
    }

    init(_ files: WordPieceFiles) throws(TokenizerError) {
        let path = files.path
        let vocabulary = try Vocabulary(files.entries, path: path)
        let options = files.options
        var tokens = files.added
        func id(_ token: String, _ role: String) throws(TokenizerError) -> Int32 {
            if let id = vocabulary.id(of: token) ?? tokens.first(where: { $0.content == token })?.id
            {
                return id
            }
            throw .missingSpecialToken(path: path, role: role, token: token)
        }
        unknownID = try id(options.unknownToken, "unknown")
        separatorID = try id(options.separatorToken, "separator")
        paddingID = try id(options.paddingToken, "padding")
        classifierID = try id(options.classifierToken, "classifier")
        maskID = try options.maskToken.map { (token) throws(TokenizerError) in
            try id(token, "mask")
        }
        let specials = [
            (options.unknownToken, unknownID), (options.separatorToken, separatorID),
            (options.paddingToken, paddingID), (options.classifierToken, classifierID),
            (options.maskToken ?? "", maskID ?? unknownID),
        ]
        for (content, id) in specials where !content.isEmpty {
            if let index = tokens.firstIndex(where: { $0.content == content }) {
                tokens[index].special = true
            } else {
                tokens.append(AddedToken(content: content, id: id))
            }
        }
        self.options = options
        model = try WordPieceModel(
            vocabulary: vocabulary, unknownID: unknownID,
            continuationPrefix: options.continuationPrefix, path: path)
        template =
            files.template ?? .bert(classifier: classifierID, separator: separatorID)
        added = try AddedVocabulary(tokens, vocabulary: vocabulary, path: path) { content in
            Self.normalizedForm(of: content, options)
        }
        let plan = ScalarPlan(options)
        self.plan = plan
        asciiPlan = Self.asciiPlan(plan)
    }

    /// How many ids there are: one more than the largest.
    public var vocabularySize: Int { max(model.vocabulary.idCount, added.idCount) }

    /// The token of an id, or nil.
    public func token(for id: Int32) -> String? {
        added.token(for: id) ?? model.vocabulary.token(for: id)
    }

    /// The id of a token, or nil.
    public func id(for token: String) -> Int32? {
        added.id(of: token) ?? model.vocabulary.id(of: token)
    }

    /// True for tokens that decoding can leave out.
    public func isSpecial(_ id: Int32) -> Bool { added.isSpecial(id) }

    private static func normalizedForm(of content: String, _ options: WordPieceOptions) -> String {
        var text = AlignedText()
        for scalar in content.unicodeScalars { text.append(scalar.value, origin: 0) }
        let normalized = text.normalized(options)
        return normalized.string(in: 0..<normalized.count)
    }
}
