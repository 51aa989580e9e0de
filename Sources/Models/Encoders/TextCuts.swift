/// How many texts were cut to an encoder's length, and what was lost of them.
public struct TextCuts: Equatable, Sendable, Codable {
    /// Texts that were read.
    public var texts = 0
    /// Texts that were cut.
    public var textsCut = 0
    /// Tokens of all texts, special ones included, before they were cut.
    public var tokens = 0
    /// Tokens that did not fit.
    public var tokensCut = 0

    /// Tokens of one text that are looked at: beyond these, more are not counted.
    static let countedTokens = 65_536

    /// No text yet.
    public init() {}

    /// Share of all tokens that did not fit.
    public var share: Double { tokens > 0 ? Double(tokensCut) / Double(tokens) : 0 }

    /// The same in per cent, to one place, as people read it.
    public var percentCut: String {
        let tenths = Int((1000 * share).rounded())
        return tenths == 0 && tokensCut > 0 ? "less than 0.1" : "\(tenths / 10).\(tenths % 10)"
    }

    /// Enters a text of which `kept` tokens were encoded and `cut` were not.
    public mutating func add(kept: Int, cut: Int) {
        texts += 1
        textsCut += cut > 0 ? 1 : 0
        tokens += kept + cut
        tokensCut += cut
    }

    /// Enters the texts of another count.
    public mutating func add(_ other: TextCuts) {
        texts += other.texts
        textsCut += other.textsCut
        tokens += other.tokens
        tokensCut += other.tokensCut
    }
}
