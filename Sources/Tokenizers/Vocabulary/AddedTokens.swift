/// A token kept whole wherever it stands in a text.
struct AddedToken: Equatable, Sendable {
    var content: String
    var id: Int32
    /// Matches only where no word character touches it.
    var singleWord = false
    /// Takes the white space before it along.
    var stripsLeft = false
    /// Takes the white space after it along.
    var stripsRight = false
    /// Is looked for in the normalised text, by its own normalised form.
    var normalized = false
    /// Is left out when decoding without special tokens.
    var special = true
}

/// Finds added tokens in bytes: leftmost first, the longest of those.
struct AddedTokenMatcher: Sendable {
    private var tokens: [AddedToken] = []
    private var trie = ByteTrie()
    /// Bytes that a token begins with.
    private(set) var isFirstByte = [Bool](repeating: false, count: 256)

    /// A token found: its span with the white space it takes along.
    struct Match {
        var start: Int
        var end: Int
        var id: Int32
    }

    var isEmpty: Bool { tokens.isEmpty }

    /// `key` is what is looked for: the content, or its normalised form.
    mutating func insert(_ token: AddedToken, key: [UInt8]) -> Bool {
        guard let first = key.first else { return true }
        isFirstByte[Int(first)] = true
        tokens.append(token)
        return trie.insert(key, value: Int32(tokens.count - 1))
    }

    /// The next token at or after `position`, which moves behind what was looked at; spans never
    /// reach before `floor`, the end of the match before.
    func next(in text: Span<UInt8>, from position: inout Int, floor: Int) -> Match? {
        if tokens.isEmpty { return nil }
        let isFirstByte = self.isFirstByte.span
        while position < text.count {
            if !isFirstByte[Int(text[position])] {
                position += 1
                continue
            }
            guard
                let found = trie.longestMatch(
                    from: ByteTrie.root, in: text, start: position, limit: text.count)
            else {
                position += 1
                continue
            }
            let token = tokens[Int(found.value)]
            var match = Match(start: position, end: found.end, id: token.id)
            position = found.end
            if token.singleWord, touchesWord(match, in: text) { continue }
            if token.stripsLeft {
                while match.start > floor,
                    let before = UTF8Scalar.before(match.start, in: text),
                    ScalarRules.isWhitespace(before.scalar)
                {
                    match.start = before.start
                }
            }
            if token.stripsRight {
                while match.end < text.count {
                    let after = UTF8Scalar.at(match.end, in: text)
                    if !ScalarRules.isWhitespace(after.scalar) { break }
                    match.end = after.end
                }
                position = max(position, match.end)
            }
            match.start = max(match.start, floor)
            return match
        }
        return nil
    }

    /// Calls back with the tokens found and what lies between, in order; stops on false.
    func forEachSegment(of text: Span<UInt8>, _ body: (Span<UInt8>, Int, Int32?) -> Bool) {
        var position = 0
        var floor = 0
        while true {
            let match = next(in: text, from: &position, floor: floor)
            let stop = match?.start ?? text.count
            if floor < stop, !body(text.extracting(floor..<stop), floor, nil) { return }
            guard let match else { return }
            let token = text.extracting(match.start..<match.end)
            if !body(token, match.start, match.id) { return }
            floor = match.end
        }
    }

    private func touchesWord(_ match: Match, in text: Span<UInt8>) -> Bool {
        if let before = UTF8Scalar.before(match.start, in: text),
            ScalarRules.isWord(before.scalar)
        {
            return true
        }
        return match.end < text.count
            && ScalarRules.isWord(UTF8Scalar.at(match.end, in: text).scalar)
    }
}

/// Scalars out of bytes that are known to be UTF-8.
enum UTF8Scalar {
    /// The scalar that begins at `start`, and where it ends.
    @inline(__always)
    static func at(_ start: Int, in text: Span<UInt8>) -> (scalar: Unicode.Scalar, end: Int) {
        let (value, end) = value(at: start, in: text)
        return (Unicode.Scalar(value) ?? "\u{FFFD}", end)
    }

    /// The value of the scalar that begins at `start`, and where it ends.
    @inline(__always)
    static func value(at start: Int, in text: Span<UInt8>) -> (value: UInt32, end: Int) {
        let lead = UInt32(text[start])
        if lead < 0x80 { return (lead, start + 1) }
        let second = UInt32(text[start + 1]) & 0x3F
        if lead < 0xE0 { return ((lead & 0x1F) << 6 | second, start + 2) }
        let third = UInt32(text[start + 2]) & 0x3F
        if lead < 0xF0 { return ((lead & 0x0F) << 12 | second << 6 | third, start + 3) }
        let fourth = UInt32(text[start + 3]) & 0x3F
        return ((lead & 0x07) << 18 | second << 12 | third << 6 | fourth, start + 4)
    }

    /// The scalar that ends at `end`, and where it begins.
    static func before(
        _ end: Int, in text: Span<UInt8>
    ) -> (scalar: Unicode.Scalar, start: Int)? {
        var start = end
        repeat {
            if start == 0 { return nil }
            start -= 1
        } while text[start] & 0xC0 == 0x80
        return (at(start, in: text).scalar, start)
    }

    /// Appends the bytes of a scalar value.
    static func append(_ value: UInt32, to bytes: inout [UInt8]) {
        guard let scalar = Unicode.Scalar(value) else { return }
        bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
    }
}
