extension TextTokenizer {
    /// Spans in the UTF-8 of `text` of what has the given spans in its code points.
    ///
    ///     tokenizer.byteSpans([0..<1, 1..<2], in: "é!")  // [0..<2, 2..<3]
    ///
    /// Spans that end behind the text are cut at its end. Cost: one pass over the text.
    public func byteSpans(_ spans: [Range<Int>], in text: String) -> [Range<Int>] {
        var starts: [Int] = [0]
        starts.reserveCapacity(text.utf8.count + 1)
        for scalar in text.unicodeScalars {
            starts.append(starts[starts.count - 1] + UTF8.width(scalar))
        }
        let last = starts.count - 1
        return spans.map { span in
            starts[min(span.lowerBound, last)]..<starts[min(span.upperBound, last)]
        }
    }
}
