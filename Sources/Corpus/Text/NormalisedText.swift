import Base
import Foundation

/// Numbers for texts, by FNV-1a, that do not depend on their Unicode form or white space.
package enum NormalisedText {
    /// The number of a text without anything visible.
    package static let empty = FNV.offset

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
        var hash = FNV()
        hash.add(text.utf8)
        return hash.value
    }

    private static func folded(_ text: String) -> UInt64 {
        var hash = FNV()
        var isPending = false
        for scalar in text.unicodeScalars {
            if isWhiteSpace(scalar) {
                isPending = hash.value != FNV.offset
                continue
            }
            if isPending { hash.add(0x20) }
            isPending = false
            hash.add(UInt64(scalar.value))
        }
        return hash.value
    }

    private static func isWhiteSpace(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x80
            ? scalar.value == 0x20 || 0x09...0x0D ~= scalar.value : scalar.properties.isWhitespace
    }
}
