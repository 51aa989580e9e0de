/// Words to pieces: the longest piece first, then the longest that continues it, and so on.
///
/// Wu et al., Google's Neural Machine Translation System (2016), section 4.1.
struct WordPieceModel: Sendable {
    let vocabulary: Vocabulary
    let unknownID: Int32
    private let trie: ByteTrie
    /// Where pieces that continue a word begin in the trie; nil where there are none.
    private let continuation: Int?

    init(
        vocabulary: Vocabulary, unknownID: Int32, continuationPrefix: String, path: String
    ) throws(TokenizerError) {
        var trie = ByteTrie()
        var isWhole = true
        vocabulary.forEach { id, bytes in
            isWhole = isWhole && trie.insert(bytes, value: id)
        }
        if !isWhole {
            throw .unsupported(
                path: path, key: "vocabulary", value: "too large",
                supported: "one of fewer than \(ByteTrie.nodeLimit) distinct prefixes")
        }
        self.vocabulary = vocabulary
        self.unknownID = unknownID
        self.trie = trie
        continuation = trie.node(of: continuationPrefix.utf8)
    }

    /// Appends the pieces of a word, or the unknown id once; `hash` is that of the word's bytes.
    @inline(__always)
    func append(_ word: Span<UInt8>, hash: UInt64, to ids: inout [Int32]) {
        if let id = vocabulary.id(of: word, hash: hash) {
            ids.append(id)
        } else {
            appendPieces(word, to: &ids)
        }
    }

    private func appendPieces(_ word: Span<UInt8>, to ids: inout [Int32]) {
        let before = ids.count
        var start = 0
        var node: Int? = ByteTrie.root
        while start < word.count {
            guard let from = node,
                let piece = trie.longestMatch(from: from, in: word, start: start, limit: word.count)
            else {
                ids.removeSubrange(before...)
                ids.append(unknownID)
                return
            }
            ids.append(piece.value)
            start = piece.end
            node = continuation
        }
    }

    /// The pieces of a word with the byte where each ends, or nil where they do not cover it.
    func pieces(of word: [UInt8]) -> [(id: Int32, end: Int)]? {
        var pieces: [(id: Int32, end: Int)] = []
        var start = 0
        var node: Int? = ByteTrie.root
        while start < word.count {
            guard let from = node,
                let piece = trie.longestMatch(
                    from: from, in: word.span, start: start, limit: word.count)
            else { return nil }
            pieces.append((piece.value, piece.end))
            start = piece.end
            node = continuation
        }
        return pieces
    }
}
