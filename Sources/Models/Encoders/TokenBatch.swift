/// Token sequences laid end to end, without padding.
struct TokenBatch {
    /// Ids of all sequences.
    var ids: [Int32] = []
    /// Segment of each token.
    var segments: [Int32] = []
    /// Where each sequence starts; one more entry than sequences, the last one the token count.
    private(set) var starts: [Int] = [0]
    /// Tokens that were cut off each text whose tokens were appended here, in order.
    var cut: [Int] = []

    var sequences: Int { starts.count - 1 }
    var tokens: Int { ids.count }
    /// Tokens appended to `ids` since the last sequence was closed.
    var pending: Int { ids.count - starts[starts.count - 1] }

    func length(_ sequence: Int) -> Int { starts[sequence + 1] - starts[sequence] }

    /// Makes the tokens appended since the last call a sequence.
    mutating func closeSequence() {
        precondition(
            segments.count == ids.count, "\(segments.count) segments for \(ids.count) tokens")
        starts.append(ids.count)
    }

    /// Adds a copy of a sequence of `other`.
    mutating func append(_ sequence: Int, of other: TokenBatch) {
        let range = other.starts[sequence]..<other.starts[sequence + 1]
        ids.append(contentsOf: other.ids[range])
        segments.append(contentsOf: other.segments[range])
        closeSequence()
    }

    mutating func removeAll() {
        ids.removeAll(keepingCapacity: true)
        segments.removeAll(keepingCapacity: true)
        cut.removeAll(keepingCapacity: true)
        starts.removeAll(keepingCapacity: true)
        starts.append(0)
    }
}
