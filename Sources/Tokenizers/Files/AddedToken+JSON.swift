import Formats

extension AddedToken {
    /// Reads one entry of `added_tokens` or `added_tokens_decoder`.
    init(_ node: JSONNode, id: Int) throws(TokenizerError) {
        let content = try node.required("content").string()
        guard id >= 0, id < Vocabulary.idLimit else {
            throw .invalidID(path: node.path, token: content, id: id)
        }
        self.content = content
        self.id = Int32(id)
        singleWord = try node.member("single_word")?.bool() ?? false
        stripsLeft = try node.member("lstrip")?.bool() ?? false
        stripsRight = try node.member("rstrip")?.bool() ?? false
        special = try node.member("special")?.bool() ?? false
        normalized = try node.member("normalized")?.bool() ?? !special
    }

    /// The `added_tokens` of tokenizer.json.
    static func list(_ document: JSONNode) throws(TokenizerError) -> [AddedToken] {
        var tokens: [AddedToken] = []
        for node in try document.member("added_tokens")?.elements() ?? [] {
            tokens.append(try AddedToken(node, id: try node.required("id").integer()))
        }
        return tokens
    }

    /// The `added_tokens_decoder` of tokenizer_config.json: tokens under their ids.
    static func decoder(_ config: JSONNode) throws(TokenizerError) -> [AddedToken] {
        var tokens: [AddedToken] = []
        for (name, node) in try config.member("added_tokens_decoder")?.members() ?? [] {
            guard let id = Int(name) else { throw node.wrongType("under a token's id") }
            tokens.append(try AddedToken(node, id: id))
        }
        return tokens
    }

    /// Adds tokens of a further file; one known already must have its id and takes its settings.
    static func merge(
        _ tokens: [AddedToken], into known: inout [AddedToken], path: String
    ) throws(TokenizerError) {
        var places: [TokenKey: Int] = [:]
        for (index, token) in known.enumerated() { places[TokenKey(token.content)] = index }
        for token in tokens {
            let key = TokenKey(token.content)
            guard let index = places[key] else {
                places[key] = known.count
                known.append(token)
                continue
            }
            if known[index].id != token.id {
                throw .conflictingID(
                    path: path, token: token.content, id: Int(token.id),
                    vocabularyID: Int(known[index].id))
            }
            known[index] = token
        }
    }

    /// The older added_tokens.json: ids under their tokens.
    static func legacy(_ document: JSONNode) throws(TokenizerError) -> [AddedToken] {
        var tokens: [AddedToken] = []
        for (name, node) in try document.members() {
            let id = try node.integer()
            guard id >= 0, id < Vocabulary.idLimit else {
                throw .invalidID(path: node.path, token: name, id: id)
            }
            tokens.append(
                AddedToken(content: name, id: Int32(id), normalized: true, special: false))
        }
        return tokens
    }
}

/// The special tokens that tokenizer_config.json and special_tokens_map.json name.
struct SpecialTokenNames {
    private var names: [String: String] = [:]
    /// Further special tokens, each once.
    private(set) var additional: [String] = []

    /// Later documents override earlier ones.
    init(_ documents: [JSONNode?]) throws(TokenizerError) {
        var seen: Set<TokenKey> = []
        for case let document? in documents {
            for key in ["unk", "sep", "pad", "cls", "mask", "bos", "eos"] {
                if let node = try document.member(key + "_token") {
                    names[key] = try Self.content(node)
                }
            }
            for node in try document.member("additional_special_tokens")?.elements() ?? [] {
                let content = try Self.content(node)
                if seen.insert(TokenKey(content)).inserted { additional.append(content) }
            }
        }
    }

    /// The name given to a role (`unk`, `sep`, …), or nil.
    subscript(role: String) -> String? { names[role] }

    /// A token is a string, or an object with `content`.
    private static func content(_ node: JSONNode) throws(TokenizerError) -> String {
        if case .object = node.value { return try node.required("content").string() }
        return try node.string()
    }
}

/// The tokens that play a role around texts; nil where the vocabulary has none.
struct SpecialTokenRoles {
    var beginning: String?
    var end: String?
    var padding: String?
    var mask: String?
    var unknown: String?
    var additional: [String] = []

    init() {}

    /// Names from the files; else those of BART where the vocabulary has them, else that of GPT-2.
    init(_ found: SpecialTokenNames, known: Set<String>) {
        func present(_ token: String) -> String? { known.contains(token) ? token : nil }
        beginning = found["cls"] ?? found["bos"] ?? present("<s>")
        end = found["sep"] ?? found["eos"] ?? present("</s>") ?? present("<|endoftext|>")
        padding = found["pad"] ?? present("<pad>")
        mask = found["mask"] ?? present("<mask>")
        unknown = found["unk"] ?? present("<unk>")
        additional = found.additional
    }
}
