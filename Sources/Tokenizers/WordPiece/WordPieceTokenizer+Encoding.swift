extension WordPieceTokenizer {
    /// The tokens of a text with their spans in its code points, without special tokens.
    public func tokens(of text: String) -> TokenSequence {
        let utf8 = text.utf8
        let bytes = utf8.span
        var result = TokenSequence()
        var position = 0
        var floor = 0
        // Code points before `floor`.
        var origin = 0
        while true {
            let match = table.original.next(in: bytes, from: &position, floor: floor)
            let stop = match?.start ?? bytes.count
            if floor < stop {
                var segment = AlignedText()
                while floor < stop {
                    let (value, next) = UTF8Scalar.value(at: floor, in: bytes)
                    segment.append(value, origin: origin)
                    origin += 1
                    floor = next
                }
                result.append(tokens(of: segment))
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
