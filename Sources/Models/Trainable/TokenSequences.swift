/// The tokens of one text.
public struct TokenIDs: Equatable, Sendable {
    /// Ids of the word pieces, special tokens included.
    public var ids: [Int32]
    /// Segment of each token.
    public var typeIDs: [Int32]
    /// Tokens of the text that did not fit.
    public var cut = 0

    /// Pairs ids with their segments; both have the same length, at least one.
    public init(ids: [Int32], typeIDs: [Int32]) {
        precondition(
            ids.count == typeIDs.count && !ids.isEmpty,
            "\(ids.count) ids and \(typeIDs.count) segments do not make a sequence")
        self.ids = ids
        self.typeIDs = typeIDs
    }
}

/// Token sequences laid end to end, in general without padding.
public struct TokenSequences: Sendable {
    private(set) var batch = TokenBatch()
    /// Tokens of each sequence before its padding.
    private(set) var attended: [Int] = []

    /// Lays `sequences` end to end.
    public init(_ sequences: some Sequence<TokenIDs> = []) {
        for sequence in sequences { append(sequence) }
    }

    /// Number of sequences.
    public var count: Int { batch.sequences }
    /// Number of tokens of all sequences.
    public var tokens: Int { batch.tokens }
    /// Where each sequence's tokens start, padding included; one more entry than sequences, the
    /// last the total.
    public var starts: [Int] { batch.starts }

    /// Adds a sequence at the end.
    public mutating func append(_ sequence: TokenIDs) {
        batch.ids += sequence.ids
        batch.segments += sequence.typeIDs
        attended.append(sequence.ids.count)
        batch.closeSequence()
    }

    /// Adds a sequence followed by `paddingID` up to `length` tokens, which no other token sees.
    ///
    /// Only losses over all positions need it, as DPR's for the reader is.
    public mutating func append(
        _ sequence: TokenIDs, paddedTo length: Int, paddingID: Int32
    ) {
        let padding = max(0, length - sequence.ids.count)
        batch.ids += sequence.ids + [Int32](repeating: paddingID, count: padding)
        batch.segments += sequence.typeIDs + [Int32](repeating: 0, count: padding)
        attended.append(sequence.ids.count)
        batch.closeSequence()
    }
}
