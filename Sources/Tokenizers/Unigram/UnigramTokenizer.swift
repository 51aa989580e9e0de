/// The tokenizer of XLM-R and T5: text to the likeliest pieces of a SentencePiece vocabulary.
///
/// Gives the ids and offsets of the reference's fast implementation.
///
///     let tokenizer = try UnigramTokenizer(folder: "xlm-roberta-base")
///     tokenizer.encode("Hello").ids  // [0, 35378, 2]: <s> ▁Hello </s>
public final class UnigramTokenizer: TextTokenizer {
    /// `<s> a </s>` with XLM-R, `a </s>` with T5, or what tokenizer.json says.
    public let template: EncodingTemplate
    /// All tokens.
    public let table: TokenTable
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
    let fastPath: UnigramFastPath?
    private let decoder: [TokenDecoder]?

    init(_ files: UnigramFiles) throws(TokenizerError) {
        let path = files.path
        let vocabulary = try Vocabulary(files.entries, path: path)
        var specials = SpecialTokens(files.added, vocabulary, path: path)
        let roles = try specials.add(files.names)
        beginningID = roles.beginning
        endID = roles.end
        maskID = roles.mask
        paddingID = roles.padding
        unknownID = files.unknownID
        template = files.template
        options = files.options
        model = UnigramModel(
            vocabulary: vocabulary, scores: files.scores, unknownID: files.unknownID,
            fallsBackToBytes: files.fallsBackToBytes)
        let options = files.options
        table = try TokenTable(
            specials.tokens, vocabulary: vocabulary, path: path
        ) { options.normalized(AlignedText($0)).text }
        fastPath = UnigramFastPath(options, normalized: table.normalized)
        decoder = files.decoder
    }

    /// The text of tokens: each `▁` is a space, but one that opens the text.
    public func string(of tokens: [String]) -> String {
        guard let decoder else { return tokens.joined(separator: " ") }
        var tokens = tokens
        for step in decoder { tokens = step.decode(tokens) }
        return tokens.joined()
    }
}
