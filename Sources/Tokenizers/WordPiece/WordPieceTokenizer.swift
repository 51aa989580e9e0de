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

    /// What the files of the tokenizer say differently, and which one counts, as sentences.
    public let contradictions: [String]
    /// Whether tokenizer.json keeps the case of letters, and text is lower-cased all the same.
    package let lowercasesUnasked: Bool

    /// `[CLS] a [SEP]` and `[CLS] a [SEP] b [SEP]`, unless tokenizer.json says otherwise.
    public let template: EncodingTemplate
    /// All tokens.
    public let table: TokenTable

    let model: WordPieceModel
    let plan: ScalarPlan
    /// The words of `neverSplit`, by their bytes.
    let unsplit: Set<TokenKey>
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
        let vocabulary = try Vocabulary(
            files.entries, path: path, firstPlace: files.firstPlace)
        var options = files.options
        var specials = SpecialTokens(files.added, vocabulary, path: path)
        if files.maskIsOptional, let mask = options.maskToken, !specials.isKnown(mask) {
            options.maskToken = nil
        }
        unknownID = try specials.add(options.unknownToken, role: "unknown")
        separatorID = try specials.add(options.separatorToken, role: "separator")
        paddingID = try specials.add(options.paddingToken, role: "padding")
        classifierID = try specials.add(options.classifierToken, role: "classifier")
        var maskID: Int32?
        if let mask = options.maskToken { maskID = try specials.add(mask, role: "mask") }
        self.maskID = maskID
        for content in files.additional {
            _ = try specials.add(content, role: "additional special")
        }
        self.options = options
        contradictions = files.contradictions
        lowercasesUnasked = files.lowercasesUnasked
        model = try WordPieceModel(
            vocabulary: vocabulary, unknownID: unknownID,
            continuationPrefix: options.continuationPrefix, path: path)
        template =
            files.template ?? .bert(classifier: classifierID, separator: separatorID)
        table = try TokenTable(
            specials.tokens, vocabulary: vocabulary, path: path
        ) { [options] in Self.normalizedForm(of: $0, options) }
        let plan = ScalarPlan.shared(options)
        self.plan = plan
        unsplit = Set(options.neverSplit.map(TokenKey.init))
        asciiPlan = Self.asciiPlan(plan)
    }

    /// Whether text is lower-cased before it is split.
    public var lowercases: Bool { options.lowercases }

    private static func normalizedForm(of content: String, _ options: WordPieceOptions) -> String {
        AlignedText(content).normalized(options).text
    }
}
