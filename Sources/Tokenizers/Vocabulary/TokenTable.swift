/// All tokens of a tokenizer: its vocabulary, and those that were added to it.
///
/// Added tokens are kept whole: some are looked for in the text as given, some in its normalised
/// form.
public struct TokenTable: Sendable {
    private let vocabulary: Vocabulary
    /// Looked for in the original text.
    let original: AddedTokenMatcher
    /// Looked for in the normalised text.
    let normalized: AddedTokenMatcher
    private let tokensByID: [Int32: AddedToken]
    private let idsByContent: [TokenKey: Int32]

    /// How many ids there are: one more than the largest.
    let idCount: Int

    /// `normalize` gives the normalised form of a token's content.
    init(
        _ tokens: [AddedToken], vocabulary: Vocabulary, path: String,
        normalize: (String) -> String
    ) throws(TokenizerError) {
        var original = AddedTokenMatcher()
        var normalized = AddedTokenMatcher()
        var tokensByID: [Int32: AddedToken] = [:]
        var idsByContent: [TokenKey: Int32] = [:]
        var isWhole = true
        for token in tokens where !token.content.isEmpty {
            if let known = vocabulary.id(of: token.content), known != token.id {
                throw .conflictingID(
                    path: path, token: token.content, id: Int(token.id), vocabularyID: Int(known))
            }
            if let other = vocabulary.token(for: token.id) ?? tokensByID[token.id]?.content,
                TokenKey(other) != TokenKey(token.content)
            {
                throw .duplicateID(path: path, id: Int(token.id), tokens: [other, token.content])
            }
            if token.id < 0 || Int(token.id) >= Vocabulary.idLimit {
                throw .invalidID(path: path, token: token.content, id: Int(token.id))
            }
            if idsByContent.updateValue(token.id, forKey: TokenKey(token.content)) != nil {
                throw .duplicateToken(
                    path: path, token: token.content, first: Int(token.id), second: Int(token.id))
            }
            tokensByID[token.id] = token
            if token.normalized {
                let key = Array(normalize(token.content).utf8)
                isWhole = isWhole && normalized.insert(token, key: key)
            } else {
                isWhole = isWhole && original.insert(token, key: Array(token.content.utf8))
            }
        }
        if !isWhole {
            throw .unsupported(
                path: path, key: "added_tokens", value: "too large",
                supported: "fewer than \(ByteTrie.nodeLimit) distinct prefixes")
        }
        self.vocabulary = vocabulary
        self.original = original
        self.normalized = normalized
        self.tokensByID = tokensByID
        self.idsByContent = idsByContent
        idCount = max(vocabulary.idCount, (tokensByID.keys.max().map(Int.init) ?? -1) + 1)
    }

    func token(for id: Int32) -> String? {
        tokensByID[id]?.content ?? vocabulary.token(for: id)
    }

    func id(of token: String) -> Int32? {
        idsByContent[TokenKey(token)] ?? vocabulary.id(of: token)
    }

    func isSpecial(_ id: Int32) -> Bool { tokensByID[id]?.special ?? false }

    /// Calls back with the pieces of a text that no normalisation changes, each with its first
    /// byte, and its id where it is an added token; stops on false.
    func forEachSegment(
        of text: Span<UInt8>, _ body: (Span<UInt8>, Int, Int32?) -> Bool
    ) {
        original.forEachSegment(of: text) { segment, start, id in
            if id != nil || normalized.isEmpty { return body(segment, start, id) }
            var goesOn = true
            normalized.forEachSegment(of: segment) { part, offset, id in
                goesOn = body(part, start + offset, id)
                return goesOn
            }
            return goesOn
        }
    }

    /// A normalised text split at the added tokens that are looked for in it: spans in its
    /// scalars, with the id where it is such a token.
    func normalizedPieces(of text: AlignedText) -> [(range: Range<Int>, id: Int32?)] {
        if text.count == 0 { return [] }
        if normalized.isEmpty { return [(0..<text.count, nil)] }
        var bytes: [UInt8] = []
        var scalarAtByte: [Int] = []
        for (index, value) in text.scalars.enumerated() {
            UTF8Scalar.append(value, to: &bytes)
            while scalarAtByte.count < bytes.count { scalarAtByte.append(index) }
        }
        scalarAtByte.append(text.count)
        var result: [(range: Range<Int>, id: Int32?)] = []
        normalized.forEachSegment(of: bytes.span) { segment, start, id in
            result.append((scalarAtByte[start]..<scalarAtByte[start + segment.count], id))
            return true
        }
        return result
    }
}
