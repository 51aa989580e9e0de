extension WordPieceTokenizer {
    /// The text of tokens: each continuing piece joins the one before, others follow a space.
    public func string(of tokens: [String]) -> String {
        var text = ""
        let prefix = options.continuationPrefix
        for (index, token) in tokens.enumerated() {
            if index == 0 {
                text += TextCleanup.cleanToken(token)
            } else if token.utf8.starts(with: prefix.utf8) {
                let rest = String(decoding: token.utf8.dropFirst(prefix.utf8.count), as: UTF8.self)
                text += TextCleanup.cleanToken(rest)
            } else {
                text += TextCleanup.cleanToken(" " + token)
            }
        }
        return text
    }
}
