/// Lower case by the rules of Python's `str.lower()`: full mappings, no case folding, and a capital
/// sigma at the end of a word becomes ς.
public enum PythonLowercase {
    /// The lower case of a text.
    public static func lowercased(_ text: String) -> String {
        var bytes: [UInt8] = []
        append(Array(text.unicodeScalars)[...], to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Appends the lower case of a word in UTF-8.
    public static func append(_ word: ArraySlice<Unicode.Scalar>, to bytes: inout [UInt8]) {
        for index in word.indices {
            let scalar = word[index]
            if scalar.value < 0x80 {
                let byte = UInt8(scalar.value)
                bytes.append(0x41...0x5A ~= byte ? byte + 0x20 : byte)
            } else if scalar.value == 0x3A3 {
                bytes.append(contentsOf: (isFinal(index, in: word) ? "ς" : "σ").utf8)
            } else {
                bytes.append(contentsOf: scalar.properties.lowercaseMapping.utf8)
            }
        }
    }

    /// Tells whether a sigma ends a word: a cased letter stands before it and none behind it,
    /// leaving out what case ignores (Unicode 3.13, Final_Sigma).
    private static func isFinal(_ index: Int, in word: ArraySlice<Unicode.Scalar>) -> Bool {
        func visible(_ scalar: Unicode.Scalar) -> Bool { !scalar.properties.isCaseIgnorable }
        guard let before = word[..<index].last(where: visible), before.properties.isCased else {
            return false
        }
        guard let after = word[(index + 1)...].first(where: visible) else { return true }
        return !after.properties.isCased
    }
}
