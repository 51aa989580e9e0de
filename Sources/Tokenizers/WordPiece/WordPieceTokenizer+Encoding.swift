extension WordPieceTokenizer {
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

    /// Encodes texts and fills all up to the longest.
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

    /// The tokens of a text with their spans in its code points, without special tokens.
    func tokens(of text: String) -> TokenSequence {
        let utf8 = text.utf8
        let bytes = utf8.span
        var result = TokenSequence()
        var position = 0
        var floor = 0
        // Code points before `floor`.
        var origin = 0
        while true {
            let match = added.original.next(in: bytes, from: &position, floor: floor)
            let stop = match?.start ?? bytes.count
            if floor < stop {
                var segment = AlignedText()
                while floor < stop {
                    let (value, next) = UTF8Scalar.value(at: floor, in: bytes)
                    segment.append(value, origin: origin)
                    origin += 1
                    floor = next
                }
                let part = tokens(of: segment)
                result.ids += part.ids
                result.offsets += part.offsets
            }
            guard let match else { return result }
            let start = origin
            while floor < match.end {
                floor = UTF8Scalar.value(at: floor, in: bytes).end
                origin += 1
            }
            result.append(match.id, start..<origin)
        }
    }
}
