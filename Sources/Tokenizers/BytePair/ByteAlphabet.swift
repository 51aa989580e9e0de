/// The printable characters that stand for bytes in a byte-level vocabulary.
///
/// Printable Latin-1 stands for itself; the other 68 bytes take the characters from U+0100 up
/// (Radford et al., Language Models are Unsupervised Multitask Learners, 2019).
enum ByteAlphabet {
    /// The character of each byte.
    static let characters: [Unicode.Scalar] = {
        var next: UInt32 = 0x100
        return (0..<256).map { byte in
            switch byte {
            case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF:
                return Unicode.Scalar(UInt8(byte))
            default:
                defer { next += 1 }
                return Unicode.Scalar(next) ?? "\u{FFFD}"
            }
        }
    }()

    /// The byte of each character.
    static let bytes: [Unicode.Scalar: UInt8] = Dictionary(
        uniqueKeysWithValues: characters.enumerated().map { ($1, UInt8($0)) })

    /// The text of tokens: their bytes joined, with U+FFFD where these are not UTF-8.
    ///
    /// A token with a character outside the alphabet stands for itself.
    static func text(of tokens: [String]) -> String {
        var joined: [UInt8] = []
        for token in tokens {
            let scalars = token.unicodeScalars
            let decoded = scalars.compactMap { bytes[$0] }
            if decoded.count == scalars.count {
                joined += decoded
            } else {
                joined += token.utf8
            }
        }
        return String(decoding: joined, as: UTF8.self)
    }
}
