import Formats

/// The normalisation that a SentencePiece model carries: texts and what replaces each, ready-made.
///
/// The file's form, `precompiled_charsmap`, is the length of a double array in bytes, the array
/// (darts-clone), and the replacements, each ended by a byte 0.
struct CharacterMap: Sendable {
    /// The longest replacement allowed, in bytes; the rules in use need 33.
    static let longestReplacement = 1024

    private let units: [UInt32]
    /// All replacements, in which `replacement(of:from:to:)` gives spans.
    let replacements: [UInt8]

    /// Reads and checks the file's form; errors give offsets in it.
    init(_ bytes: ArraySlice<UInt8>) throws(FormatError) {
        guard bytes.count >= 8 else { throw FormatError(0, "it has too few bytes") }
        func number(_ place: Int) -> UInt32 {
            let start = bytes.startIndex + place
            return (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[start + $1]) << UInt32(8 * $1) }
        }
        let length = Int(number(0))
        guard length > 0, length % 4 == 0, length <= bytes.count - 4 else {
            throw FormatError(0, "its table would have \(length) bytes")
        }
        let texts = Array(bytes.dropFirst(4 + length))
        if let offset = TokenizerFolder.invalidUTF8(in: texts) {
            throw FormatError(4 + length + offset, "its replacements are not UTF-8")
        }
        var start = 0
        for (place, byte) in texts.enumerated() where byte == 0 || place == texts.count - 1 {
            guard place - start <= Self.longestReplacement else {
                throw FormatError(
                    4 + length + start,
                    "a replacement is longer than \(Self.longestReplacement) bytes")
            }
            start = place + 1
        }
        units = (0..<length / 4).map { number(4 + 4 * $0) }
        replacements = texts
    }

    /// What replaces the whole of `text`: the replacement of the shortest of its beginnings that
    /// has one, as in the reference.
    func replacement(of text: Span<UInt8>, from start: Int, to end: Int) -> Range<Int>? {
        let units = self.units.span
        var node = Self.offset(units[0])
        for place in start..<end {
            let byte = text[place]
            if byte == 0 { return nil }
            node ^= Int(byte)
            guard node < units.count, units[node] & 0x8000_00FF == UInt32(byte) else { return nil }
            let unit = units[node]
            node ^= Self.offset(unit)
            if unit >> 8 & 1 == 1 {
                guard node < units.count else { return nil }
                return string(at: Int(units[node] & 0x7FFF_FFFF))
            }
        }
        return nil
    }

    /// Whether a scalar by itself is replaced.
    func mayReplace(_ value: UInt32) -> Bool {
        var bytes: [UInt8] = []
        UTF8Scalar.append(value, to: &bytes)
        return replacement(of: bytes.span, from: 0, to: bytes.count) != nil
    }

    private func string(at start: Int) -> Range<Int>? {
        guard start < replacements.count, replacements[start] & 0xC0 != 0x80 else { return nil }
        var end = start
        while end < replacements.count, replacements[end] != 0 { end += 1 }
        return start..<end
    }

    private static func offset(_ unit: UInt32) -> Int {
        Int(unit >> 10) << Int((unit & 1 << 9) >> 6)
    }
}
