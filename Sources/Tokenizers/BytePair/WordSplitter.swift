/// Splits text as GPT-2 does before byte pairs are merged; each word takes one space before it.
///
/// The pattern is `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`.
struct WordSplitter {
    /// What the pattern distinguishes.
    private enum Kind: UInt8 {
        case other
        case letter
        case number
        case space
    }

    /// Where the word that starts at `start` ends; `start` is before the end of the text.
    static func end(ofWordAt start: Int, in text: Span<UInt8>) -> Int {
        let first = text[start]
        if first == UInt8(ascii: "'"), let end = contraction(at: start, in: text) { return end }
        var position = start
        if first == 0x20, start + 1 < text.count { position += 1 }
        let (kind, next) = kind(at: position, in: text)
        if kind != .space { return run(of: kind, from: next, in: text) }

        // White space: all of it at the end of the text; else the last goes with the next word.
        var end = start
        var last = start
        while end < text.count {
            let (kind, next) = Self.kind(at: end, in: text)
            if kind != .space { return last > start ? last : end }
            last = end
            end = next
        }
        return end
    }

    /// Where the run of one kind ends.
    private static func run(of kind: Kind, from start: Int, in text: Span<UInt8>) -> Int {
        var end = start
        while end < text.count {
            let (other, next) = Self.kind(at: end, in: text)
            if other != kind { break }
            end = next
        }
        return end
    }

    private static func contraction(at start: Int, in text: Span<UInt8>) -> Int? {
        guard start + 1 < text.count else { return nil }
        let first = text[start + 1]
        switch first {
        case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"):
            return start + 2
        default: break
        }
        guard start + 2 < text.count else { return nil }
        switch (first, text[start + 2]) {
        case (UInt8(ascii: "r"), UInt8(ascii: "e")), (UInt8(ascii: "v"), UInt8(ascii: "e")),
            (UInt8(ascii: "l"), UInt8(ascii: "l")):
            return start + 3
        default: return nil
        }
    }

    @inline(__always)
    private static func kind(at start: Int, in text: Span<UInt8>) -> (Kind, Int) {
        let byte = text[start]
        if byte < 0x80 { return (asciiKind(byte), start + 1) }
        let (scalar, end) = UTF8Scalar.at(start, in: text)
        if ScalarRules.isLetter(scalar) { return (.letter, end) }
        if ScalarRules.isWhitespace(scalar) { return (.space, end) }
        return (ScalarRules.isNumber(scalar) ? .number : .other, end)
    }

    @inline(__always)
    private static func asciiKind(_ byte: UInt8) -> Kind {
        switch byte {
        case 0x41...0x5A, 0x61...0x7A: .letter
        case 0x30...0x39: .number
        case 0x20, 0x09...0x0D: .space
        default: .other
        }
    }
}
