extension UnigramTokenizer {
    /// Appends the first `limit` tokens of a text, without special tokens.
    public func appendTokens(of text: String, limit: Int, to ids: inout [Int32]) {
        let end = limit > Int.max - ids.count ? Int.max : ids.count + limit
        let utf8 = text.utf8
        var scratch = UnigramModel.Scratch()
        table.original.forEachSegment(of: utf8.span) { segment, start, id in
            if let id {
                ids.append(id)
                return ids.count < end
            }
            let before = ids.count
            if let fastPath,
                fastPath.append(segment, model, end: end, &scratch, to: &ids)
            {
                return ids.count < end
            }
            ids.removeSubrange(before...)
            forEachToken(of: segment, start: start, firstPoint: start, &scratch) { id, _ in
                ids.append(id)
            }
            return ids.count < end
        }
        if ids.count > end { ids.removeSubrange(end...) }
    }

    /// The tokens of a text with their spans in its code points, without special tokens.
    public func tokens(of text: String) -> TokenSequence {
        let utf8 = text.utf8
        let bytes = utf8.span
        var scratch = UnigramModel.Scratch()
        var result = TokenSequence()
        // Code points before the segment.
        var point = 0
        table.original.forEachSegment(of: bytes) { segment, start, id in
            let first = point
            for index in 0..<segment.count where segment[index] & 0xC0 != 0x80 { point += 1 }
            if let id {
                result.append(id, first..<point)
            } else {
                forEachToken(of: segment, start: start, firstPoint: first, &scratch) { id, span in
                    result.append(id, span)
                }
            }
            return true
        }
        return result
    }

    /// The general path: the tokens of a text without added tokens, by way of a normalised copy.
    ///
    /// `start` is the byte where it begins in the whole text, `firstPoint` the code point.
    private func forEachToken(
        of segment: Span<UInt8>, start: Int, firstPoint: Int,
        _ scratch: inout UnigramModel.Scratch, _ body: (Int32, Range<Int>) -> Void
    ) {
        let text = options.normalized(AlignedText(segment, firstPoint: firstPoint))
        for piece in table.normalizedPieces(of: text) {
            let part = piece.range.count == text.count ? text : text[piece.range]
            if let id = piece.id {
                body(id, part.span(0..<part.count))
                continue
            }
            let isWhole = part.count == text.count
            let begin = isWhole ? start : part.origins[0]
            for word in options.words(part, start: begin) {
                appendPieces(of: word, &scratch, body)
            }
        }
    }

    private func appendPieces(
        of word: AlignedText, _ scratch: inout UnigramModel.Scratch,
        _ body: (Int32, Range<Int>) -> Void
    ) {
        var bytes: [UInt8] = []
        var scalarAtByte: [Int] = []
        for (index, value) in word.scalars.enumerated() {
            UTF8Scalar.append(value, to: &bytes)
            while scalarAtByte.count < bytes.count { scalarAtByte.append(index) }
        }
        scalarAtByte.append(word.count)
        model.forEachToken(of: bytes.span, &scratch) { id, start, end in
            body(id, word.span(scalarAtByte[start]..<scalarAtByte[end]))
        }
    }
}
