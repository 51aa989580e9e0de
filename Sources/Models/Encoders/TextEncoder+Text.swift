import Tokenizers

extension TextEncoder {
    /// How texts become tokens.
    var texts: EncoderTexts {
        EncoderTexts(
            kind: kind, segmentIDs: segmentIDs, prefixes: prefixes, maximumLength: maximumLength,
            lowercases: description.lowercases, tokenizer: tokenizer)
    }

    func append(passage: (title: String, text: String), to batch: inout TokenBatch) {
        texts.append(passage: passage, to: &batch)
    }

    func append(question: String, to batch: inout TokenBatch) {
        texts.append(question: question, to: &batch)
    }

    /// Tokens that pooling leaves out of a text of `tower`: where prompts do not count, those of
    /// its prompt and the special token before it.
    func tokensLeftOut(_ tower: Tower) -> Int {
        let prompt = tower == .question ? prefixes.question : prefixes.passage
        guard !description.pooling.includesPrompt, !prompt.isEmpty else { return 0 }
        return texts.tokens(ofPrompt: prompt) - 1
    }
}

/// How an encoder joins, cuts and tokenizes texts.
struct EncoderTexts: Sendable {
    var kind: TextEncoder.Kind
    var segmentIDs: SegmentIDs
    var prefixes: TextPrefixes
    var maximumLength: Int
    /// Whether texts are lower-cased first, as Python does it.
    var lowercases = false
    var tokenizer: any TextTokenizer

    /// Appends the tokens of a passage, joined as this family joins title and text.
    func append(passage: (title: String, text: String), to batch: inout TokenBatch) {
        switch kind {
        case .sentence, .retribert:
            let joined =
                passage.title.isEmpty ? passage.text : passage.title + " " + passage.text
            append(prefixes.passage + joined, pair: nil, to: &batch)
        case .dpr:
            let text = stripped(passage.text)
            if passage.title.isEmpty {
                append(prefixes.passage + text, pair: nil, to: &batch)
            } else {
                // A pair without second text is a single text, as the reference tokenizes it.
                append(
                    prefixes.passage + passage.title, pair: text.isEmpty ? nil : text, to: &batch)
            }
        }
    }

    /// Appends the tokens of a question.
    func append(question: String, to batch: inout TokenBatch) {
        let text = kind == .dpr ? question.replacing("\u{2019}", with: "'") : question
        append(prefixes.question + text, pair: nil, to: &batch)
    }

    /// Tokens of a prompt alone, special ones included.
    func tokens(ofPrompt prompt: String) -> Int {
        var batch = TokenBatch()
        append(prompt, pair: nil, to: &batch)
        return batch.ids.count
    }

    private func append(_ text: String, pair: String?, to batch: inout TokenBatch) {
        let text = lowercases ? PythonLowercase.lowercased(text) : text
        let start = batch.ids.count
        tokenizer.encodeIDs(
            text, pair: pair, maximumLength: maximumLength, into: &batch.ids,
            typeIDs: &batch.segments)
        let kept = batch.ids.count - start
        // A text that does not fill its room has lost nothing.
        let whole =
            kept < maximumLength
            ? kept : tokenizer.length(of: text, pair: pair, limit: TextCuts.countedTokens)
        batch.cut.append(max(0, whole - kept))
        if segmentIDs == .zero {
            for index in start..<batch.segments.count { batch.segments[index] = 0 }
        }
    }

    /// The text without white space at its ends.
    private func stripped(_ text: String) -> String {
        let scalars = text.unicodeScalars
        guard let first = scalars.first, let last = scalars.last,
            first.properties.isWhitespace || last.properties.isWhitespace
        else { return text }
        let start = scalars.firstIndex { !$0.properties.isWhitespace } ?? scalars.endIndex
        let end = scalars.lastIndex { !$0.properties.isWhitespace }.map(scalars.index(after:))
        return String(text[start..<(end ?? start)])
    }
}
