/// How text becomes words and words become pieces; the defaults are those of BERT uncased.
public struct WordPieceOptions: Equatable, Sendable {
    /// Lower-cases the text.
    public var lowercases = true
    /// Removes accents; unset means: where the text is lower-cased.
    public var stripsAccents: Bool?
    /// Makes each CJK ideograph a word.
    public var splitsChineseCharacters = true
    /// Removes control characters.
    public var cleansText = true
    /// Cleans text and splits at punctuation; without it words are what white space separates.
    public var splitsWords = true
    /// Where words end.
    public var wordBoundaries = WordBoundaries.punctuation
    /// Words, between white space, that stay as they are: a token of the vocabulary or unknown.
    public var neverSplit: Set<String> = []
    /// What marks a piece that continues a word.
    public var continuationPrefix = "##"
    /// Words of more scalars than this are unknown.
    public var maximumWordLength = 100
    /// The token of what no pieces cover.
    public var unknownToken = "[UNK]"
    /// The token between and behind texts.
    public var separatorToken = "[SEP]"
    /// The token that fills up.
    public var paddingToken = "[PAD]"
    /// The token that opens an encoding.
    public var classifierToken = "[CLS]"
    /// The token of masked language modelling; nil where the vocabulary has none.
    public var maskToken: String? = "[MASK]"

    /// The options of BERT uncased.
    public init() {}

    /// Where words end; tokenizer.json calls this the pre-tokenizer.
    public enum WordBoundaries: Sendable {
        /// At white space, and each punctuation sign is a word (`BertPreTokenizer`).
        case punctuation
        /// At white space, and between runs of letters, digits, marks and underscores and runs of
        /// anything else (`Whitespace`).
        case runs
        /// At white space alone (`WhitespaceSplit`).
        case spaces
    }

    /// Accent stripping as in force.
    var removesAccents: Bool { stripsAccents ?? lowercases }
}
