/// The byte-level tokenizer of GPT-2, RoBERTa and BART: text to merged pairs of bytes.
///
/// Every text has tokens and decodes to itself, whatever its script.
///
///     let tokenizer = try BytePairTokenizer(folder: "bart-base")
///     tokenizer.encode("a b").ids  // [0, 102, 741, 2]: <s> a Ġb </s>
public final class BytePairTokenizer: TextTokenizer {
    /// `<s> a </s>` and `<s> a </s></s> b </s>`, unless the files say otherwise.
    public let template: EncodingTemplate
    /// All tokens.
    public let table: TokenTable
    /// The id of the token that fills up; that of the end where there is none.
    public let paddingID: Int32
    /// The id of the token that opens an encoding, where there is one.
    public let beginningID: Int32?
    /// The id of the token that ends an encoding, where there is one.
    public let endID: Int32?
    /// The id of the mask token, where there is one.
    public let maskID: Int32?
    /// Puts a space before each text that has none, so that its first word is as any other.
    public let addsPrefixSpace: Bool

    let model: BytePairModel
    /// Leaves white space out of spans.
    let trimsOffsets: Bool

    init(_ files: BytePairFiles) throws(TokenizerError) {
        let vocabulary = try Vocabulary(files.entries, path: files.path)
        var merges = MergeTable(capacity: files.merges.count)
        for (rank, merge) in files.merges.enumerated() {
            func id(_ token: String) throws(TokenizerError) -> Int32 {
                if let id = vocabulary.id(of: token) { return id }
                throw .malformedMerge(
                    path: files.mergesPath, line: merge.line,
                    reason: "'\(token)' is not in the vocabulary")
            }
            let first = try id(merge.first)
            let second = try id(merge.second)
            let entry = MergeTable.Merge(
                rank: Int32(rank), id: try id(merge.first + merge.second))
            if !merges.insert(first, second, entry) {
                throw .malformedMerge(
                    path: files.mergesPath, line: merge.line,
                    reason: "'\(merge.first)' and '\(merge.second)' merge twice")
            }
        }
        var specials = SpecialTokens(files.added, vocabulary, path: files.path)
        let roles = try specials.add(files.names)
        beginningID = roles.beginning
        endID = roles.end
        maskID = roles.mask
        paddingID = roles.padding
        if let template = files.template {
            self.template = template
        } else if files.framesTexts, let beginningID, let endID {
            template = .roberta(opening: beginningID, separator: endID)
        } else {
            template = .plain
        }
        var unknownID: Int32?
        if let token = files.unknownToken {
            unknownID = vocabulary.id(of: token)
            if unknownID == nil {
                throw .missingSpecialToken(path: files.path, role: "unknown", token: token)
            }
        }
        model = BytePairModel(
            vocabulary: vocabulary, merges: merges,
            byteIDs: ByteAlphabet.characters.map { vocabulary.id(of: String($0)) ?? -1 },
            unknownID: unknownID, fusesUnknown: files.fusesUnknown)
        table = try TokenTable(
            specials.tokens, vocabulary: vocabulary, path: files.path
        ) { $0 }
        addsPrefixSpace = files.addsPrefixSpace
        trimsOffsets = files.trimsOffsets
    }

    /// The text of tokens: their bytes joined.
    public func string(of tokens: [String]) -> String { ByteAlphabet.text(of: tokens) }
}
