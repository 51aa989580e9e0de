/// One text, or a pair of texts, as token ids; all arrays but `overflowing` have one length.
public struct Encoding: Equatable, Sendable {
    /// Token ids, special tokens and padding included.
    public var ids: [Int32]
    /// Segment of each token: 0 for the first text, and 1 for the second where there are segments.
    public var typeIDs: [Int32]
    /// Span of each token in code points of its text; empty at 0 for tokens that are not of a text.
    public var offsets: [Range<Int>]
    /// 1 for tokens that are not of the text (special tokens added, padding), else 0.
    public var specialTokensMask: [UInt8]
    /// 1 for tokens, 0 for padding.
    public var attentionMask: [UInt8]
    /// The further windows over a text that was cut, each with special tokens and padding.
    public var overflowing: [Encoding]

    /// Makes an encoding of given parts; lengths must agree.
    public init(
        ids: [Int32] = [], typeIDs: [Int32] = [], offsets: [Range<Int>] = [],
        specialTokensMask: [UInt8] = [], attentionMask: [UInt8] = [], overflowing: [Encoding] = []
    ) {
        self.ids = ids
        self.typeIDs = typeIDs
        self.offsets = offsets
        self.specialTokensMask = specialTokensMask
        self.attentionMask = attentionMask
        self.overflowing = overflowing
    }
}

/// Which text loses tokens when both together are too long.
public enum Truncation: String, CaseIterable, Sendable {
    /// The longer text; of two equally long ones the second keeps the odd token.
    case longestFirst = "longest_first"
    /// The first text alone; an error when it is too short for that.
    case onlyFirst = "only_first"
    /// The second text alone; an error when it is too short for that.
    case onlySecond = "only_second"
    /// Neither.
    case doNotTruncate = "do_not_truncate"
}

/// Whether an encoding is filled up with padding tokens on its right.
public enum Padding: Equatable, Sendable {
    /// No padding.
    case none
    /// Padding up to this many tokens; longer encodings stay as they are.
    case toLength(Int)
}
