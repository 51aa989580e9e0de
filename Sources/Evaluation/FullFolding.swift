/// Keeps ICU from folding one character to several.
///
/// Python's `regex` ignores case by simple folding: one character is compared with one, so that ﬁ
/// is no fi and ß no ss. ICU folds strings in full, and single characters too that fold to
/// several, but classes of several characters simply. In Python I and ı match each other too, and
/// İ an i.
enum FullFolding {
    /// The characters that CaseFolding.txt (Unicode 17) folds to several: those of status F.
    static let ranges: [ClosedRange<UInt32>] = [
        0xDF...0xDF, 0x130...0x130, 0x149...0x149, 0x1F0...0x1F0, 0x390...0x390, 0x3B0...0x3B0,
        0x587...0x587, 0x1E96...0x1E9A, 0x1E9E...0x1E9E, 0x1F50...0x1F50, 0x1F52...0x1F52,
        0x1F54...0x1F54, 0x1F56...0x1F56, 0x1F80...0x1FAF, 0x1FB2...0x1FB4, 0x1FB6...0x1FB7,
        0x1FBC...0x1FBC, 0x1FC2...0x1FC4, 0x1FC6...0x1FC7, 0x1FCC...0x1FCC, 0x1FD2...0x1FD3,
        0x1FD6...0x1FD7, 0x1FE2...0x1FE4, 0x1FE6...0x1FE7, 0x1FF2...0x1FF4, 0x1FF6...0x1FF7,
        0x1FFC...0x1FFC, 0xFB00...0xFB06, 0xFB13...0xFB17,
    ]

    /// Whether a character of a pattern must be written as a class.
    static func isGuarded(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "I" || scalar == "ı" || ranges.contains { $0.contains(scalar.value) }
    }

    /// A character of a pattern for ICU.
    static func guarded(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "I": "[Iı]"
        case "ı": "(?-i:[Iı])"
        case "İ": "(?-i:[İi])"
        default: isGuarded(scalar) ? "[\(inClass(scalar))]" : String(scalar)
        }
    }

    /// A guarded character inside a class, which must not be the only one of it: a noncharacter,
    /// which no text holds, stands beside it.
    static func inClass(_ scalar: Unicode.Scalar) -> String {
        scalar == "I" ? "Iı" : "\(scalar)\\uFFFF"
    }
}
