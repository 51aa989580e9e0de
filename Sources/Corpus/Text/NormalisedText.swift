import Foundation

/// Numbers for texts, by FNV-1a, that do not depend on their Unicode form or white space.
package enum NormalisedText {
    /// The number of a text without anything visible.
    package static let empty = offset

    private static let offset: UInt64 = 0xCBF2_9CE4_8422_2325
    private static let prime: UInt64 = 0x100_0000_01B3

    /// A number for a text in form NFC, runs of white space as one space, none at the ends.
    package static func hash(_ text: String) -> UInt64 {
        // Scalars below U+0300, whose first bytes are below 0xCC, compose with nothing.
        guard text.utf8.allSatisfy({ $0 < 0xCC }) else {
            return folded(text.precomposedStringWithCanonicalMapping)
        }
        return folded(text)
    }

    /// A number for the bytes as they are.
    package static func bytes(_ text: String) -> UInt64 {
        text.utf8.reduce(offset) { ($0 ^ UInt64($1)) &* prime }
    }

    private static func folded(_ text: String) -> UInt64 {
        var hash = offset
        var isPending = false
        for scalar in text.unicodeScalars {
            if isWhiteSpace(scalar) {
                isPending = hash != offset
                continue
            }
            if isPending { hash = (hash ^ 0x20) &* prime }
            isPending = false
            hash = (hash ^ UInt64(scalar.value)) &* prime
        }
        return hash
    }

    private static func isWhiteSpace(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x80
            ? scalar.value == 0x20 || 0x09...0x0D ~= scalar.value : scalar.properties.isWhitespace
    }
}
