extension TextTokenizer {
    /// Appends the ids and segments of a text, or a pair, cut longest first to `maximumLength`.
    ///
    /// The same ids as `encode`, without offsets: text is read only as far as its tokens count.
    /// Where the length has no room for them, the special tokens alone are appended.
    public func encodeIDs(
        _ text: String, pair: String? = nil, maximumLength: Int, into ids: inout [Int32],
        typeIDs: inout [Int32]
    ) {
        let budget = max(0, maximumLength - template.specialCount(isPair: pair != nil))
        var first: Range<Int>?
        var second: Range<Int>?
        // One more than fits tells a text that is cut from one that is not.
        let cap = budget == Int.max ? budget : budget + 1
        for part in template.parts(isPair: pair != nil) {
            let start = ids.count
            let segment: Int32
            switch part {
            case .special(let id, let typeID):
                ids.append(id)
                segment = typeID
            case .first(let typeID):
                appendTokens(of: text, limit: cap, to: &ids)
                segment = typeID
                first = start..<ids.count
            case .second(let typeID):
                if let pair { appendTokens(of: pair, limit: cap, to: &ids) }
                segment = typeID
                second = start..<ids.count
            }
            for _ in start..<ids.count { typeIDs.append(segment) }
        }
        guard let first else { return }
        cut(first, second, text, pair, budget: budget, &ids, &typeIDs)
    }

    /// The tokens of a text or a pair, special ones included, where nothing is cut; of each text
    /// `limit` at most are counted.
    public func length(of text: String, pair: String? = nil, limit: Int) -> Int {
        var ids: [Int32] = []
        var length = template.specialCount(isPair: pair != nil)
        for part in [text, pair ?? ""] {
            ids.removeAll(keepingCapacity: true)
            appendTokens(of: part, limit: limit, to: &ids)
            length += ids.count
        }
        return length
    }

    /// Removes what does not fit, from the back so that the spans stay right.
    private func cut(
        _ first: Range<Int>, _ second: Range<Int>?, _ text: String, _ pair: String?, budget: Int,
        _ ids: inout [Int32], _ typeIDs: inout [Int32]
    ) {
        let lengths: (first: Int, second: Int)
        let shift = typeIDs.count - ids.count
        func remove(_ range: Range<Int>) {
            typeIDs.removeSubrange(range.lowerBound + shift..<range.upperBound + shift)
            ids.removeSubrange(range)
        }
        if let second {
            var isLonger = first.count > second.count
            if first.count > budget, second.count > budget, budget % 2 == 1 {
                // Both are capped, so the odd token needs the true lengths.
                isLonger = tokens(of: text).count > tokens(of: pair ?? "").count
            }
            lengths = Truncation.longestFirst(
                first.count, second.count, firstIsLonger: isLonger, budget: budget)
            remove(second.lowerBound + lengths.second..<second.upperBound)
        } else {
            lengths = (min(first.count, budget), 0)
        }
        remove(first.lowerBound + lengths.first..<first.upperBound)
    }
}
