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

    /// Makes the tokens of roles special; the one that fills up is the end where there is none.
    mutating func add(_ names: SpecialTokenRoles) throws(TokenizerError) -> RoleIDs {
        // The mask takes the space before it along, as in training.
        let beginning = try add(optional: names.beginning, "beginning")
        let end = try add(optional: names.end, "end")
        let mask = try add(optional: names.mask, "mask", stripsLeft: true)
        let padding = try add(optional: names.padding, "padding")
        _ = try add(optional: names.unknown, "unknown")
        for content in names.additional { _ = try add(content, role: "additional special") }
        guard let padding = padding ?? end else {
            throw .missingSpecialToken(path: path, role: "padding", token: "<pad>")
        }
        return RoleIDs(beginning: beginning, end: end, mask: mask, padding: padding)
    }

    private mutating func add(
        optional content: String?, _ role: String, stripsLeft: Bool = false
    ) throws(TokenizerError) -> Int32? {
        guard let content else { return nil }
        return try add(content, role: role, stripsLeft: stripsLeft)
    }

    /// The ids of the tokens that play a role around texts; nil where there is none.
    struct RoleIDs {
        var beginning, end, mask: Int32?
        var padding: Int32
    }
}
