extension AlignedText {
    /// The steps of normalisation that the options ask for, in their order.
    func normalized(_ options: WordPieceOptions) -> AlignedText {
        if !options.splitsWords { return self }
        return prepared(options).folded(options)
    }

    /// Cleaning and spaces around ideographs: the steps before words are looked at.
    func prepared(_ options: WordPieceOptions) -> AlignedText {
        var text = self
        if options.cleansText { text = text.cleaned() }
        if options.splitsChineseCharacters { text = text.spacingChinese() }
        return text
    }

    /// Accents and case.
    func folded(_ options: WordPieceOptions) -> AlignedText {
        var text = self
        if options.removesAccents { text = text.decomposed().strippingMarks() }
        if options.lowercases { text = text.lowercased() }
        return text
    }

    /// The spans between white space.
    func spacedWords() -> [Range<Int>] {
        words { Unicode.Scalar($0).map(ScalarRules.isWhitespace) ?? false }
    }

    private func words(_ isSpace: (UInt32) -> Bool) -> [Range<Int>] {
        var words: [Range<Int>] = []
        var start: Int?
        for (index, value) in scalars.enumerated() {
            if isSpace(value) {
                if let begin = start { words.append(begin..<index) }
                start = nil
            } else if start == nil {
                start = index
            }
        }
        if let begin = start { words.append(begin..<count) }
        return words
    }

    /// The spans between white space, each punctuation sign by itself.
    func splitWords() -> [Range<Int>] {
        var result: [Range<Int>] = []
        for word in spacedWords() {
            var start = word.lowerBound
            for index in word {
                guard let scalar = Unicode.Scalar(scalars[index]),
                    ScalarRules.isPunctuation(scalar)
                else { continue }
                if start < index { result.append(start..<index) }
                result.append(index..<index + 1)
                start = index + 1
            }
            if start < word.upperBound { result.append(start..<word.upperBound) }
        }
        return result
    }

    /// The spans of word characters and those of others, between white space.
    func runsOfWords() -> [Range<Int>] {
        func isWord(_ index: Int) -> Bool {
            Unicode.Scalar(scalars[index]).map(ScalarRules.isWord) ?? false
        }
        var result: [Range<Int>] = []
        for word in unicodeSpacedWords() {
            var start = word.lowerBound
            for index in word.dropFirst() where isWord(index) != isWord(index - 1) {
                result.append(start..<index)
                start = index
            }
            result.append(start..<word.upperBound)
        }
        return result
    }

    /// The words of a normalised text.
    func words(_ options: WordPieceOptions) -> [Range<Int>] {
        guard options.splitsWords else { return spacedWords() }
        switch options.wordBoundaries {
        case .punctuation: return splitWords()
        case .runs: return runsOfWords()
        case .spaces: return unicodeSpacedWords()
        }
    }

    /// The spans between what Unicode calls white space.
    private func unicodeSpacedWords() -> [Range<Int>] {
        words { Unicode.Scalar($0)?.properties.isWhitespace ?? false }
    }

}

extension WordPieceTokenizer {
    /// The general path: the tokens of a text without added tokens, by way of a normalised copy.
    func tokens(of segment: AlignedText) -> TokenSequence {
        var result = TokenSequence()
        if !options.neverSplit.isEmpty, options.splitsWords {
            appendWithUnsplit(segment.prepared(options), to: &result)
            return result
        }
        let text = segment.normalized(options)
        if table.normalized.isEmpty {
            appendWords(of: text, to: &result)
            return result
        }
        for (range, id) in table.normalizedPieces(of: text) {
            if let id {
                result.append(id, text.span(range))
            } else {
                appendWords(of: text[range], to: &result)
            }
        }
        return result
    }

    /// Words that must stay whole are looked for before accents and case are touched.
    private func appendWithUnsplit(_ text: AlignedText, to result: inout TokenSequence) {
        for word in text.spacedWords() {
            let content = text.string(in: word)
            if unsplit.contains(TokenKey(content)) {
                result.append(id(for: content) ?? model.unknownID, text.span(word))
            } else {
                appendWords(of: text[word].folded(options), to: &result)
            }
        }
    }

    private func appendWords(of text: AlignedText, to result: inout TokenSequence) {
        for word in text.words(options) { appendPieces(of: text, word, to: &result) }
    }

    private func appendPieces(
        of text: AlignedText, _ word: Range<Int>, to result: inout TokenSequence
    ) {
        if word.count > options.maximumWordLength {
            return result.append(model.unknownID, text.span(word))
        }
        var bytes: [UInt8] = []
        var scalarAtByte: [Int] = []
        for index in word {
            UTF8Scalar.append(text.scalars[index], to: &bytes)
            while scalarAtByte.count < bytes.count { scalarAtByte.append(index) }
        }
        scalarAtByte.append(word.upperBound)
        guard let pieces = model.pieces(of: bytes) else {
            return result.append(model.unknownID, text.span(word))
        }
        var start = 0
        for (id, end) in pieces {
            result.append(id, text.span(scalarAtByte[start]..<scalarAtByte[end]))
            start = end
        }
    }
}
