/// Removal of the spaces that splitting put before punctuation and in contractions.
enum TextCleanup {
    private static let rules: [([UInt8], [UInt8])] = [
        (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"),
        (" 'm", "'m"), (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
    ].map { (Array($0.0.utf8), Array($0.1.utf8)) }

    /// Over a whole text, rule by rule.
    static func clean(_ text: String) -> String {
        var bytes = Array(text.utf8)
        for (old, new) in rules { bytes = replacing(old, by: new, in: bytes) }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Over one token with its space, as decoders do before they join.
    static func cleanToken(_ token: String) -> String {
        guard token.utf8.first == 0x20 else { return token }
        return clean(token)
    }

    private static func replacing(
        _ old: [UInt8], by new: [UInt8], in bytes: [UInt8]
    ) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            if bytes[index] == old[0], bytes[index...].starts(with: old) {
                out += new
                index += old.count
            } else {
                out.append(bytes[index])
                index += 1
            }
        }
        return out
    }
}
