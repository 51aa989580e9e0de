extension WordPieceTokenizer {
    /// The text of ids: pieces joined, spaces between words.
    ///
    /// Ids beyond the vocabulary are left out. With `cleansSpaces`, spaces before punctuation and
    /// in English contractions are removed.
    public func decode(
        _ ids: [Int32], skipSpecialTokens: Bool, cleansSpaces: Bool = true
    ) -> String {
        var tokens: [String] = []
        for id in ids {
            if skipSpecialTokens, isSpecial(id) { continue }
            if let token = token(for: id) { tokens.append(token) }
        }
        let text = string(of: tokens)
        return cleansSpaces ? TextCleanup.clean(text) : text
    }

    /// The text of tokens: each continuing piece joins the one before, others follow a space.
    public func string(of tokens: [String]) -> String {
        var text = ""
        let prefix = options.continuationPrefix
        for (index, token) in tokens.enumerated() {
            if index == 0 {
                text += TextCleanup.cleanToken(token)
            } else if !prefix.isEmpty, token.utf8.starts(with: prefix.utf8) {
                let rest = String(decoding: token.utf8.dropFirst(prefix.utf8.count), as: UTF8.self)
                text += TextCleanup.cleanToken(rest)
            } else {
                text += TextCleanup.cleanToken(" " + token)
            }
        }
        return text
    }
}

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
