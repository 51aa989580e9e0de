extension WordPieceTokenizer {
    /// Codes of `asciiPlan` beside the bytes that join a word.
    private enum ASCIIAction {
        static let space: UInt8 = 0x80
        static let drop: UInt8 = 0x81
        static let isolate: UInt8 = 0x82
        static let beyond: UInt8 = 0x83
    }

    static func asciiPlan(_ plan: ScalarPlan) -> [UInt8] {
        (0..<256).map { (byte: UInt32) in
            if byte >= 0x80 { return ASCIIAction.beyond }
            let (action, replacement) = plan.action(byte)
            switch action {
            case .keep: return UInt8(byte)
            case .drop: return ASCIIAction.drop
            case .space: return ASCIIAction.space
            case .isolate: return ASCIIAction.isolate
            // In ASCII only capitals are replaced, by one small letter.
            case .replace: return plan.pool[Int(plan.replacements[replacement].start)]
            case .general: return ASCIIAction.beyond
            }
        }
    }

    /// True where words can be read off the bytes without a normalised copy of the text.
    private var readsBytes: Bool {
        options.splitsWords && options.wordBoundaries == .punctuation && options.neverSplit.isEmpty
            && table.normalized.isEmpty
            && options.maximumWordLength <= WordBuffer.largestLimit
    }

    /// Appends the first `limit` tokens of a text, without special tokens.
    public func appendTokens(of text: String, limit: Int, to ids: inout [Int32]) {
        let utf8 = text.utf8
        appendTokens(of: utf8.span, limit: limit, to: &ids)
    }

    private func appendTokens(of text: Span<UInt8>, limit: Int, to ids: inout [Int32]) {
        let end = limit > Int.max - ids.count ? Int.max : ids.count + limit
        var position = 0
        var floor = 0
        while ids.count < end {
            let match = table.original.next(in: text, from: &position, floor: floor)
            let stop = match?.start ?? text.count
            if floor < stop {
                appendSegment(text, from: floor, to: stop, end: end, to: &ids)
            }
            guard let match else { break }
            ids.append(match.id)
            floor = match.end
        }
        if ids.count > end { ids.removeSubrange(end...) }
    }

    /// The tokens of bytes without added tokens, until `ids` holds `end` of them or more.
    private func appendSegment(
        _ text: Span<UInt8>, from start: Int, to stop: Int, end: Int, to ids: inout [Int32]
    ) {
        let before = ids.count
        if readsBytes, readWords(text, from: start, to: stop, end: end, to: &ids) { return }
        ids.removeSubrange(before...)
        var segment = AlignedText()
        var position = start
        while position < stop {
            let (value, next) = UTF8Scalar.value(at: position, in: text)
            segment.append(value, origin: 0)
            position = next
        }
        ids += tokens(of: segment).ids
    }

    /// Reads words off the bytes; false where a scalar needs its neighbours to be normalised.
    private func readWords(
        _ text: Span<UInt8>, from start: Int, to stop: Int, end: Int, to ids: inout [Int32]
    ) -> Bool {
        let table = asciiPlan
        let ascii = table.span
        var word = WordBuffer(scalarLimit: options.maximumWordLength)
        var position = start
        while position < stop {
            let byte = text[position]
            let code = ascii[Int(byte)]
            if code < 0x80 {
                word.append(ascii: code)
                position &+= 1
                continue
            }
            if code == ASCIIAction.beyond {
                let (value, next) = UTF8Scalar.value(at: position, in: text)
                if !read(value, text, position, next, &word, &ids) { return false }
                position = next
            } else {
                position &+= 1
                if code == ASCIIAction.drop { continue }
                finish(&word, &ids)
                if code == ASCIIAction.isolate {
                    word.append(ascii: byte)
                    finish(&word, &ids)
                }
            }
            if ids.count >= end { return true }
        }
        finish(&word, &ids)
        return true
    }

    /// Takes one scalar beyond ASCII; false where it needs its neighbours.
    private func read(
        _ value: UInt32, _ text: Span<UInt8>, _ start: Int, _ stop: Int,
        _ word: inout WordBuffer, _ ids: inout [Int32]
    ) -> Bool {
        let (action, replacement) = plan.action(value)
        switch action {
        case .keep:
            word.append(text, from: start, to: stop, scalars: 1)
        case .drop:
            break
        case .space:
            finish(&word, &ids)
        case .isolate:
            finish(&word, &ids)
            if replacement < 0 {
                word.append(text, from: start, to: stop, scalars: 1)
            } else {
                append(replacement, &word)
            }
            finish(&word, &ids)
        case .replace:
            append(replacement, &word)
        case .general:
            return false
        }
        return true
    }

    @inline(__always)
    private func append(_ replacement: Int, _ word: inout WordBuffer) {
        let entry = plan.replacements[replacement]
        let pool = plan.pool
        word.append(
            pool.span, from: Int(entry.start), to: Int(entry.end),
            scalars: Int(entry.scalars))
    }

    /// Ends the word: its pieces, or the unknown id.
    @inline(__always)
    private func finish(_ word: inout WordBuffer, _ ids: inout [Int32]) {
        if word.isEmpty { return }
        if word.isTooLong {
            ids.append(model.unknownID)
        } else {
            model.append(
                word.bytes.span.extracting(first: word.count), hash: ByteHash.finish(word.hash),
                to: &ids)
        }
        word.removeAll()
    }
}
