extension Cuts {
    /// What a number of a message may be at most.
    private static let most: UInt64 = (1 << 48) - 1

    /// Enters the texts of another count; sums end where a message's numbers do.
    public mutating func add(_ other: Cuts) {
        func sum(_ a: UInt64, _ b: UInt64) -> UInt64 {
            min(Self.most, min(Self.most, a) + min(Self.most, b))
        }
        texts = sum(texts, other.texts)
        textsCut = sum(textsCut, other.textsCut)
        tokens = sum(tokens, other.tokens)
        tokensCut = sum(tokensCut, other.tokensCut)
    }
}
