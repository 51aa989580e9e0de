extension BytePairTokenizer {
    /// Appends the first `limit` tokens of a text, without special tokens.
    public func appendTokens(of text: String, limit: Int, to ids: inout [Int32]) {
        let end = limit > Int.max - ids.count ? Int.max : ids.count + limit
        let utf8 = text.utf8
        var symbols: [BytePairModel.Symbol] = []
        table.forEachSegment(of: utf8.span) { segment, start, id in
            if let id {
                ids.append(id)
            } else {
                forEachWord(of: segment) { word, start, stop, _ in
                    symbols.removeAll(keepingCapacity: true)
                    model.append(word, from: start, to: stop, to: &symbols)
                    for symbol in symbols { ids.append(symbol.id) }
                    return ids.count < end
                }
            }
            return ids.count < end
        }
        if ids.count > end { ids.removeSubrange(end...) }
    }

    /// The tokens of a text with their spans in its code points, without special tokens.
    public func tokens(of text: String) -> TokenSequence {
        let utf8 = text.utf8
        // The code point that each byte belongs to.
        var points: [Int] = []
        points.reserveCapacity(utf8.count)
        var point = -1
        for byte in utf8 {
            if byte & 0xC0 != 0x80 { point += 1 }
            points.append(point)
        }
        var result = TokenSequence()
        var symbols: [BytePairModel.Symbol] = []
        table.forEachSegment(of: utf8.span) { segment, start, id in
            if let id {
                let span = points[start]..<points[start + segment.count - 1] + 1
                let spaces = Self.spaces(around: segment)
                result.append(id, trimmed(span, spaces, isFirst: result.count == 0))
                return true
            }
            forEachWord(of: segment) { word, from, to, prefix in
                symbols.removeAll(keepingCapacity: true)
                model.append(word, from: from, to: to, to: &symbols)
                for symbol in symbols {
                    // The space put before the text shares the place of its first character.
                    let first = points[start + max(0, symbol.start - prefix)]
                    let last = points[start + max(0, symbol.end - 1 - prefix)]
                    let spaces = Self.spaces(from: symbol.start, to: symbol.end, in: word)
                    result.append(
                        symbol.id, trimmed(first..<last + 1, spaces, isFirst: result.count == 0))
                }
                return true
            }
            return true
        }
        return result
    }

    /// Calls back with each word: the bytes, its span in them, and how many bytes stand before
    /// the text's own; stops on false.
    private func forEachWord(
        of segment: Span<UInt8>, _ body: (Span<UInt8>, Int, Int, Int) -> Bool
    ) {
        if addsPrefixSpace, segment[0] != 0x20 {
            var spaced: [UInt8] = [0x20]
            spaced.reserveCapacity(segment.count + 1)
            for index in 0..<segment.count { spaced.append(segment[index]) }
            walk(spaced.span, prefix: 1, body)
        } else {
            walk(segment, prefix: 0, body)
        }
    }

    private func walk(
        _ text: Span<UInt8>, prefix: Int, _ body: (Span<UInt8>, Int, Int, Int) -> Bool
    ) {
        var start = 0
        while start < text.count {
            let end = WordSplitter.end(ofWordAt: start, in: text)
            if !body(text, start, end, prefix) { return }
            start = end
        }
    }

    /// The span without the white space at the token's ends; the space put before the text is not
    /// part of it anyway.
    private func trimmed(
        _ span: Range<Int>, _ spaces: (leading: Int, trailing: Int), isFirst: Bool
    ) -> Range<Int> {
        if !trimsOffsets { return span }
        var leading = spaces.leading
        if isFirst || span.lowerBound == 0, addsPrefixSpace, leading == 1 { leading = 0 }
        let start = min(span.lowerBound + leading, span.upperBound)
        return start..<max(start, span.upperBound - spaces.trailing)
    }

    /// How many spaces open and end the bytes of a merged token.
    private static func spaces(
        from start: Int, to end: Int, in text: Span<UInt8>
    ) -> (leading: Int, trailing: Int) {
        var first = start
        while first < end, text[first] == 0x20 { first += 1 }
        var last = end
        while last > start, text[last - 1] == 0x20 { last -= 1 }
        return (first - start, end - last)
    }

    /// How much white space an added token took along.
    private static func spaces(around text: Span<UInt8>) -> (leading: Int, trailing: Int) {
        var leading = 0
        var start = 0
        while start < text.count {
            let (scalar, end) = UTF8Scalar.at(start, in: text)
            if !ScalarRules.isWhitespace(scalar) { break }
            leading += 1
            start = end
        }
        var trailing = 0
        var end = text.count
        while let before = UTF8Scalar.before(end, in: text),
            ScalarRules.isWhitespace(before.scalar)
        {
            trailing += 1
            end = before.start
        }
        return (leading, trailing)
    }
}
