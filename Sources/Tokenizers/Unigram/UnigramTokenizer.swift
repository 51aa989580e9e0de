/// The tokenizer of XLM-R and T5: text to the likeliest pieces of a SentencePiece vocabulary.
///
/// Gives the ids and offsets of the reference's fast implementation.
///
///     let tokenizer = try UnigramTokenizer(folder: "xlm-roberta-base")
///     tokenizer.encode("Hello").ids  // [0, 35378, 2]: <s> ▁Hello </s>
public final class UnigramTokenizer: TextTokenizer {
    /// `<s> a </s>` with XLM-R, `a </s>` with T5, or what tokenizer.json says.
    public let template: EncodingTemplate
    /// The id of the token that fills up; that of the end where there is none.
    public let paddingID: Int32
    /// The id of the token for what no pieces cover.
    public let unknownID: Int32
    /// The id of the token that opens an encoding, where there is one.
    public let beginningID: Int32?
    /// The id of the token that ends an encoding, where there is one.
    public let endID: Int32?
    /// The id of the mask token, where there is one.
    public let maskID: Int32?

    let options: UnigramOptions
    let model: UnigramModel
    let added: AddedVocabulary
    let fastPath: UnigramFastPath?
    private let decoder: [TokenDecoder]?

    init(_ files: UnigramFiles) throws(TokenizerError) {
        let path = files.path
        let vocabulary = try Vocabulary(files.entries, path: path)
        var specials = SpecialTokens(files.added, vocabulary, path: path)
        func add(_ token: String?, _ role: String) throws(TokenizerError) -> Int32? {
            guard let token else { return nil }
            return try specials.add(token, role: role, stripsLeft: role == "mask")
        }
        beginningID = try add(files.names.beginning, "beginning")
        endID = try add(files.names.end, "end")
        maskID = try add(files.names.mask, "mask")
        let padding = try add(files.names.padding, "padding")
        _ = try add(files.names.unknown, "unknown")
        for content in files.names.additional { _ = try add(content, "additional special") }
        guard let paddingID = padding ?? endID else {
            throw .missingSpecialToken(path: path, role: "padding", token: "<pad>")
        }
        self.paddingID = paddingID
        unknownID = files.unknownID
        template = files.template
        options = files.options
        model = UnigramModel(
            vocabulary: vocabulary, scores: files.scores, unknownID: files.unknownID,
            fallsBackToBytes: files.fallsBackToBytes)
        let options = files.options
        added = try AddedVocabulary(
            specials.tokens, vocabulary: vocabulary, path: path
        ) { options.normalized(AlignedText($0)).text }
        fastPath = UnigramFastPath(options, normalized: added.normalized)
        decoder = files.decoder
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

    /// The text of tokens: each `▁` is a space, but one that opens the text.
    public func string(of tokens: [String]) -> String {
        guard let decoder else { return tokens.joined(separator: " ") }
        var tokens = tokens
        for step in decoder { tokens = step.decode(tokens) }
        return tokens.joined()
    }
}
