import Foundation
import Tokenizers

/// The tokens of a text, as DPR's answer match sees them.
///
/// The text is decomposed (NFD). A token is a maximal run of letters, numbers and marks, or one
/// other character that is neither a separator nor a control; tokens are lower-cased as Python
/// does. They are kept in one byte buffer, each between two NULs, which no token can hold: so a
/// sub-list of tokens is a substring of bytes, and no token matches inside another.
public struct AnswerTokens: Hashable, Sendable {
    let bytes: [UInt8]

    /// Splits a text.
    public init(_ text: String) {
        var builder = TokenBuilder(capacity: text.utf8.count * 3 / 2 + 64)
        var text = text
        text.withUTF8 { utf8 in
            let bytes = unsafe utf8.span
            var at = 0
            while at < bytes.count {
                let start = at
                let isASCII = bytes[at] < 0x80
                while at < bytes.count, (bytes[at] < 0x80) == isASCII { at += 1 }
                if isASCII {
                    builder.add(ascii: bytes.extracting(start..<at))
                } else {
                    builder.add(run: bytes.extracting(start..<at))
                }
            }
        }
        bytes = builder.finish()
    }

    /// Whether there is no token.
    public var isEmpty: Bool { bytes.count == 1 }

    /// Tells whether the tokens of `other` stand side by side among these.
    public func contains(_ other: AnswerTokens) -> Bool {
        let text = bytes.span
        let wanted = other.bytes.span
        if wanted.count == 1 { return true }
        guard wanted.count <= text.count else { return false }
        let second = wanted[1]
        for start in 0...text.count - wanted.count where text[start] == 0 {
            guard text[start + 1] == second else { continue }
            var length = 2
            while length < wanted.count, text[start + length] == wanted[length] { length += 1 }
            if length == wanted.count { return true }
        }
        return false
    }
}

/// Collects tokens.
private struct TokenBuilder {
    private var bytes: [UInt8]
    private var word: [Unicode.Scalar] = []
    /// Whether the word at hand is ASCII and already stands in `bytes`.
    private var inASCIIWord = false

    init(capacity: Int) {
        bytes = [0]
        bytes.reserveCapacity(capacity)
    }

    /// Adds a run of ASCII.
    mutating func add(ascii run: Span<UInt8>) {
        var at = 0
        // A word that began beyond ASCII goes on.
        while !word.isEmpty, at < run.count, Self.isLetterOrDigit(run[at]) {
            word.append(Unicode.Scalar(run[at]))
            at += 1
        }
        if at == run.count { return }
        if !word.isEmpty { endWord() }
        var inWord = inASCIIWord
        for index in at..<run.count {
            let byte = run[index]
            if Self.isLetterOrDigit(byte) {
                bytes.append(0x41...0x5A ~= byte ? byte | 0x20 : byte)
                inWord = true
                continue
            }
            if inWord { bytes.append(0) }
            inWord = false
            if 0x21...0x7E ~= byte {
                bytes.append(byte)
                bytes.append(0)
            }
        }
        inASCIIWord = inWord
    }

    @inline(__always)
    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (byte | 0x20) &- 0x61 < 26 || byte &- 0x30 < 10
    }

    /// Adds a run without ASCII, which can be decomposed on its own: ASCII never decomposes, and
    /// marks are put in order only among those behind one base.
    mutating func add(run: Span<UInt8>) {
        guard let valid = try? UTF8Span(validating: run) else { return }
        let text = String(copying: valid)
        for scalar in text.decomposedStringWithCanonicalMapping.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter,
                .otherLetter, .decimalNumber, .letterNumber, .otherNumber, .nonspacingMark,
                .spacingMark, .enclosingMark:
                takeBackASCIIWord()
                word.append(scalar)
            case .spaceSeparator, .lineSeparator, .paragraphSeparator, .control, .format,
                .surrogate, .privateUse, .unassigned:
                endWord()
            default:
                endWord()
                PythonLowercase.append([scalar], to: &bytes)
                bytes.append(0)
            }
        }
    }

    /// A word that began in ASCII goes on beyond it: its lower case depends on the whole word only
    /// for a sigma, before which case and lower case of ASCII count alike.
    private mutating func takeBackASCIIWord() {
        guard inASCIIWord else { return }
        inASCIIWord = false
        var start = bytes.count
        while bytes[start - 1] != 0 { start -= 1 }
        for byte in bytes[start...] { word.append(Unicode.Scalar(byte)) }
        bytes.removeSubrange(start...)
    }

    private mutating func endWord() {
        if inASCIIWord {
            inASCIIWord = false
            bytes.append(0)
        } else if !word.isEmpty {
            PythonLowercase.append(word[...], to: &bytes)
            bytes.append(0)
            word.removeAll(keepingCapacity: true)
        }
    }

    mutating func finish() -> [UInt8] {
        endWord()
        return bytes
    }
}
