/// Text to token ids and back: what models ask of a tokenizer, whatever its pieces are.
///
/// A kind of tokenizer gives the tokens of one text with their spans in its code points, and joins
/// tokens to text; special tokens, pairs, truncation, padding and decoding are written once, over
/// that.
///
/// What each kind must keep:
/// 1. `appendTokens` gives the first ids of `tokens`.
/// 2. Spans do not go back and lie within the text.
/// 3. `id(for:)` of `token(for:)` is the id.
public protocol TextTokenizer: Sendable {
    /// The order of texts and special tokens in an encoding.
    var template: EncodingTemplate { get }
    /// The id of the token that fills up.
    var paddingID: Int32 { get }
    /// All tokens.
    var table: TokenTable { get }
    /// Whether text is lower-cased before it is split.
    var lowercases: Bool { get }
    /// What the files of the tokenizer say differently, and which one counts, as sentences.
    var contradictions: [String] { get }

    /// The tokens of a text with their spans in its code points, without special tokens.
    func tokens(of text: String) -> TokenSequence
    /// Appends the first `limit` tokens of a text, without special tokens.
    func appendTokens(of text: String, limit: Int, to ids: inout [Int32])

    /// The text of tokens, as the tokenizer joins them; those that stand for bytes are the bytes.
    func string(of tokens: [String]) -> String
}

extension TextTokenizer {
    /// False: most kinds keep the case of letters.
    public var lowercases: Bool { false }
    /// None.
    public var contradictions: [String] { [] }

    /// How many ids there are: one more than the largest.
    public var vocabularySize: Int { table.idCount }

    /// The token of an id, or nil.
    public func token(for id: Int32) -> String? { table.token(for: id) }

    /// The id of a token, or nil.
    public func id(for token: String) -> Int32? { table.id(of: token) }

    /// True for tokens that decoding can leave out.
    public func isSpecial(_ id: Int32) -> Bool { table.isSpecial(id) }
}

/// The tokens of one text before special tokens.
public struct TokenSequence: Equatable, Sendable {
    /// Token ids.
    public var ids: [Int32] = []
    /// Span of each token in code points of the text.
    public var offsets: [Range<Int>] = []

    /// Makes a sequence of ids with their spans, one for each.
    public init(ids: [Int32] = [], offsets: [Range<Int>] = []) {
        self.ids = ids
        self.offsets = offsets
    }

    /// How many tokens there are.
    public var count: Int { ids.count }

    mutating func append(_ id: Int32, _ offset: Range<Int>) {
        ids.append(id)
        offsets.append(offset)
    }

    mutating func append(_ other: TokenSequence) {
        ids += other.ids
        offsets += other.offsets
    }

    subscript(range: Range<Int>) -> TokenSequence {
        TokenSequence(ids: Array(ids[range]), offsets: Array(offsets[range]))
    }
}

extension TextTokenizer {
    /// Encodes a text, or a pair, whole.
    public func encode(
        _ text: String, pair: String? = nil, addsSpecialTokens: Bool = true
    ) -> Encoding {
        let template = addsSpecialTokens ? template : template.withoutSpecialTokens
        return template.assemble(
            tokens(of: text), pair.map { tokens(of: $0) }, padding: .none, paddingID: paddingID)
    }

    /// Encodes a text, or a pair, in at most `maximumLength` tokens.
    ///
    /// With a stride, what was cut off follows as `overflowing` windows that share so many tokens.
    /// Errors: `maximumLengthTooSmall`, `sequenceTooShort`, `strideTooLarge`, `pairMissing`.
    public func encode(
        _ text: String, pair: String? = nil, maximumLength: Int,
        truncation: Truncation = .longestFirst, stride: Int? = nil, padding: Padding = .none,
        addsSpecialTokens: Bool = true
    ) throws(TokenizerError) -> Encoding {
        let template = addsSpecialTokens ? template : template.withoutSpecialTokens
        return try template.assemble(
            tokens(of: text), pair.map { tokens(of: $0) },
            EncodingRequest(
                maximumLength: maximumLength, truncation: truncation, stride: stride,
                padding: padding, paddingID: paddingID))
    }

    /// Encodes texts, longest first to `maximumLength`, and fills all up to the longest.
    ///
    /// Errors: `maximumLengthTooSmall`.
    public func encode(
        batch texts: [String], maximumLength: Int
    ) throws(TokenizerError) -> [Encoding] {
        var encodings: [Encoding] = []
        for text in texts {
            encodings.append(try encode(text, maximumLength: maximumLength))
        }
        let longest = encodings.map(\.ids.count).max() ?? 0
        for index in encodings.indices { encodings[index].pad(to: longest, id: paddingID) }
        return encodings
    }

    /// Puts special tokens around ids already made; offsets are empty.
    public func encode(ids: [Int32], pair: [Int32]? = nil) -> Encoding {
        func sequence(_ ids: [Int32]) -> TokenSequence {
            TokenSequence(ids: ids, offsets: Array(repeating: 0..<0, count: ids.count))
        }
        return template.assemble(
            sequence(ids), pair.map(sequence), padding: .none, paddingID: paddingID)
    }

    /// The text of ids.
    ///
    /// Ids beyond the vocabulary are left out. With `cleansSpaces`, spaces before punctuation and
    /// in English contractions are removed.
    public func decode(
        _ ids: [Int32], skipSpecialTokens: Bool, cleansSpaces: Bool = true
    ) -> String {
        var tokens: [String] = []
        for id in ids {
            if skipSpecialTokens, isSpecial(id) { continue }
            if let token = token(for: id) { tokens.append(token) }
        }
        let text = string(of: tokens)
        return cleansSpaces ? TextCleanup.clean(text) : text
    }
}
