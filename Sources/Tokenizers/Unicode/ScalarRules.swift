/// Character classes as the reference tokenizers see them.
///
/// The references carry Unicode tables of fixed versions (marks, controls and punctuation of
/// version 8, normalisation of 9, letters and numbers of 14, case of 15), the standard library a
/// newer one. The age of a scalar tells which of its properties the reference cannot know; the few
/// scalars whose category changed after their introduction are listed here.
enum ScalarRules {
    /// True for what text cleaning removes: Cc, Cf and Co but tab, line feed and carriage return,
    /// and the replacement character.
    static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09, 0x0A, 0x0D, 0x20..<0x7F: return false
        case 0xFFFD: return true
        default: break
        }
        switch scalar.properties.generalCategory {
        case .control, .format, .privateUse: return isOf(version: 8, scalar)
        default: return false
        }
    }

    /// True for Unicode white space.
    static func isWhitespace(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.value < 0x80 { return scalar.value == 0x20 || (0x09...0x0D ~= scalar.value) }
        return scalar.properties.isWhitespace
    }

    /// True for punctuation, and for every ASCII sign that is neither letter nor digit.
    static func isPunctuation(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E: return true
        case 0..<0x80: return false
        case 0x166D, 0x111C9: return true  // punctuation until versions 12 and 11
        default: break
        }
        switch scalar.properties.generalCategory {
        case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation,
            .initialPunctuation, .finalPunctuation, .otherPunctuation:
            return isOf(version: 8, scalar)
        default: return false
        }
    }

    /// True for the marks that accent stripping removes: Mn.
    static func isNonspacingMark(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x300: return false
        case 0x1885, 0x1886, 0xA9BD, 0x111C9: return false  // became Mn after version 8
        case 0x1734, 0x1171E: return true  // were Mn in version 8
        default:
            return scalar.properties.generalCategory == .nonspacingMark && isOf(version: 8, scalar)
        }
    }

    /// True for the CJK ideographs that become words of their own.
    static func isChinese(_ value: UInt32) -> Bool {
        switch value {
        case 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xF900...0xFAFF, 0x20000...0x2A6DF,
            0x2A700...0x2B81F, 0x2B920...0x2CEAF, 0x2F800...0x2FA1F:
            return true
        default: return false
        }
    }

    /// True where lower-casing by itself changes the scalar.
    static func changesInLowercase(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.value < 0x80 { return 0x41...0x5A ~= scalar.value }
        return scalar.properties.changesWhenLowercased && isOf(version: 15, scalar)
    }

    /// The scalar's canonical combining class, 0 for scalars younger than the normalisation tables.
    static func combiningClass(_ scalar: Unicode.Scalar) -> UInt8 {
        if scalar.value < 0x300 { return 0 }
        let value = scalar.properties.canonicalCombiningClass.rawValue
        return value != 0 && isOf(version: 9, scalar) ? value : 0
    }

    /// True for the regular expression class `\p{L}`.
    static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
            return isOf(version: 14, scalar)
        default: return false
        }
    }

    /// True for the regular expression class `\p{N}`.
    static func isNumber(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .decimalNumber, .letterNumber, .otherNumber: return isOf(version: 14, scalar)
        default: return false
        }
    }

    /// True for the regular expression class `\w`.
    static func isWord(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .connectorPunctuation:
            return true
        default:
            return scalar.properties.isAlphabetic || scalar.properties.isJoinControl
        }
    }

    /// True when the scalar was assigned in that version of Unicode or before.
    static func isOf(version: Int, _ scalar: Unicode.Scalar) -> Bool {
        guard let age = scalar.properties.age else { return false }
        return age.major < version || (age.major == version && age.minor == 0)
    }
}
