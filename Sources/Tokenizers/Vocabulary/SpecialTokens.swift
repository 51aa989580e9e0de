/// Gathers a tokenizer's added tokens, and the ids of those that play a role.
struct SpecialTokens {
    private(set) var tokens: [AddedToken]
    private var places: [TokenKey: Int] = [:]
    private let vocabulary: Vocabulary
    private let path: String

    init(_ added: [AddedToken], _ vocabulary: Vocabulary, path: String) {
        tokens = added
        self.vocabulary = vocabulary
        self.path = path
        for (index, token) in added.enumerated() { places[TokenKey(token.content)] = index }
    }

    func isKnown(_ content: String) -> Bool {
        places[TokenKey(content)] != nil || vocabulary.id(of: content) != nil
    }

    /// Makes a token of the vocabulary, or one added, special; gives its id.
    mutating func add(
        _ content: String, role: String, stripsLeft: Bool = false
    ) throws(TokenizerError) -> Int32 {
        let key = TokenKey(content)
        if let place = places[key] {
            tokens[place].special = true
            return tokens[place].id
        }
        guard let id = vocabulary.id(of: content) else {
            throw .missingSpecialToken(path: path, role: role, token: content)
        }
        places[key] = tokens.count
        tokens.append(AddedToken(content: content, id: id, stripsLeft: stripsLeft))
        return id
    }
}
