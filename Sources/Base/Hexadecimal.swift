package import Crypto

/// Bytes as lower-case hexadecimal digits.
package enum Hexadecimal {
    private static let digits = Array("0123456789abcdef".utf8)

    /// Two digits a byte.
    package static func text(_ bytes: some Sequence<UInt8>) -> String {
        String(decoding: utf8(bytes), as: UTF8.self)
    }

    /// The same as UTF-8.
    package static func utf8(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(2 * bytes.underestimatedCount)
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return text
    }

    /// The value of a digit of either case, or nil.
    package static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case 0x30...0x39: digit - 0x30
        case 0x41...0x46: digit - 0x37
        case 0x61...0x66: digit - 0x57
        default: nil
        }
    }

    /// Whether bytes are a SHA-256 as it stands in file names, rows and messages.
    package static func isSHA256(_ text: some Collection<UInt8>) -> Bool {
        text.count == 64 && text.allSatisfy { value($0) != nil && !(0x41...0x46 ~= $0) }
    }

    /// The SHA-256 of bytes.
    package static func sha256(_ bytes: some Sequence<UInt8>) -> String {
        Array(bytes).withUnsafeBytes { text(sha256($0)) }
    }

    /// The SHA-256 of bytes, in bytes.
    package static func sha256(_ bytes: UnsafeRawBufferPointer) -> SHA256.Digest {
        var hash = SHA256()
        hash.update(bufferPointer: bytes)
        return hash.finalize()
    }
}
