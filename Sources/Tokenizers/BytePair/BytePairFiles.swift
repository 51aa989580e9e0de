import Formats

/// What the files of a folder say about a byte-level byte-pair tokenizer.
struct BytePairFiles {
    /// Two tokens that merge, and where that stands: a line from 1.
    struct Pair {
        var first: String
        var second: String
        var line: Int
    }

    /// The file that holds the vocabulary, and that of the merges.
    var path: String
    var mergesPath: String
    var entries: [(token: String, id: Int)]
    var merges: [Pair]
    var names = SpecialTokenRoles()
    var added: [AddedToken] = []
    var template: EncodingTemplate?
    /// Puts special tokens around texts where no file has a template.
    var framesTexts = true
    /// The token of bytes that the vocabulary lacks.
    var unknownToken: String?
    var fusesUnknown = false
    var addsPrefixSpace = false
    var trimsOffsets = true

    /// Reads tokenizer.json, else vocab.json with merges.txt.
    init(_ files: TokenizerFolder) throws(TokenizerError) {
        let config = try files.json("tokenizer_config.json")
        let names = try SpecialTokenNames([config, try files.json("special_tokens_map.json")])
        if let document = files.document {
            try self.init(document)
        } else if let vocabulary = try files.json("vocab.json") {
            guard let lines = try files.lines("merges.txt") else {
                throw .missingFile(folder: files.folder, expected: ["merges.txt beside vocab.json"])
            }
            try self.init(vocabulary, lines, mergesPath: files.path("merges.txt"))
            if let document = try files.json("added_tokens.json") {
                added = try AddedToken.legacy(document)
            }
            if let kind = try config?.member("tokenizer_class")?.string() {
                framesTexts = !kind.hasPrefix("GPT2")
            }
        } else {
            throw .missingFile(
                folder: files.folder, expected: ["tokenizer.json", "vocab.json and merges.txt"])
        }
        if let config { try override(config) }
        self.names = SpecialTokenRoles(
            names, known: Set(entries.map(\.token)).union(added.map(\.content)))
    }

    private init(
        _ vocabulary: JSONNode, _ lines: [String], mergesPath: String
    ) throws(TokenizerError) {
        path = vocabulary.path
        self.mergesPath = mergesPath
        entries = try Self.entries(vocabulary)
        merges = try Self.pairs(lines, path: mergesPath)
    }

    private init(_ document: JSONNode) throws(TokenizerError) {
        path = document.path
        mergesPath = document.path
        let model = try document.required("model")
        try model.required("type").demand("BPE")
        entries = try Self.entries(try model.required("vocab"))
        merges = []
        for node in try model.required("merges").elements() {
            merges.append(try Self.pair(node, line: merges.count + 1))
        }
        try Self.refuseVariants(model)
        if let node = try document.member("normalizer") {
            throw node.unsupported("none")
        }
        let splitter = try document.required("pre_tokenizer")
        try splitter.required("type").demand("ByteLevel")
        addsPrefixSpace = try splitter.member("add_prefix_space")?.bool() ?? true
        if let node = try splitter.member("use_regex"), try !node.bool() {
            throw node.unsupported("true")
        }
        unknownToken = try model.member("unk_token")?.string()
        fusesUnknown = try model.member("fuse_unk")?.bool() ?? false
        added = try AddedToken.list(document)
        template = try EncodingTemplate(document) ?? .plain
        let processor = try document.member("post_processor") ?? splitter
        trimsOffsets = try processor.member("trim_offsets")?.bool() ?? false
    }

    /// Settings of the model that change its tokens and are not built.
    private static func refuseVariants(_ model: JSONNode) throws(TokenizerError) {
        for key in ["continuing_subword_prefix", "end_of_word_suffix"] {
            if let node = try model.member(key), try !node.string().isEmpty {
                throw node.unsupported("none")
            }
        }
        for key in ["byte_fallback", "ignore_merges"] {
            if let node = try model.member(key), try node.bool() {
                throw node.unsupported("false")
            }
        }
        if let node = try model.member("dropout"), node.value != .integer(0),
            node.value != .real(0)
        {
            throw node.unsupported("none")
        }
    }

    private static func entries(
        _ vocabulary: JSONNode
    ) throws(TokenizerError) -> [(token: String, id: Int)] {
        var entries: [(token: String, id: Int)] = []
        for (token, node) in try vocabulary.members() {
            entries.append((token, try node.integer()))
        }
        return entries
    }

    /// A merge in JSON: two tokens in an array, or in a string with a space between.
    private static func pair(_ node: JSONNode, line: Int) throws(TokenizerError) -> Pair {
        if case .array = node.value {
            let tokens = try node.elements()
            guard tokens.count == 2 else { throw node.wrongType("a pair of tokens") }
            return Pair(
                first: try tokens[0].string(), second: try tokens[1].string(), line: line)
        }
        guard let pair = split(try node.string(), line: line) else {
            throw node.wrongType("two tokens with a space between")
        }
        return pair
    }

    /// merges.txt: a pair a line; the first line may name the version.
    private static func pairs(_ lines: [String], path: String) throws(TokenizerError) -> [Pair] {
        var pairs: [Pair] = []
        for (index, line) in lines.enumerated() {
            if line.isEmpty || (index == 0 && line.hasPrefix("#version")) { continue }
            guard let pair = split(line, line: index + 1) else {
                throw .malformedMerge(
                    path: path, line: index + 1,
                    reason: "'\(line.prefix(60))' is not two tokens with a space between")
            }
            pairs.append(pair)
        }
        return pairs
    }

    private static func split(_ text: String, line: Int) -> Pair? {
        let parts = text.utf8.split(separator: 0x20, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else { return nil }
        return Pair(
            first: String(decoding: parts[0], as: UTF8.self),
            second: String(decoding: parts[1], as: UTF8.self), line: line)
    }

    private mutating func override(_ config: JSONNode) throws(TokenizerError) {
        if let node = try config.member("add_prefix_space") { addsPrefixSpace = try node.bool() }
        if let node = try config.member("trim_offsets") { trimsOffsets = try node.bool() }
        try AddedToken.merge(try AddedToken.decoder(config), into: &added, path: config.path)
    }
}

extension BytePairTokenizer {
    /// Opens the tokenizer of a model's folder: tokenizer.json, else vocab.json with merges.txt.
    ///
    /// tokenizer_config.json and special_tokens_map.json override what these say. Truncation and
    /// padding stored in tokenizer.json are ignored: they belong to whoever asks.
    /// Errors: any of `TokenizerError` that concerns files.
    public convenience init(folder: String) throws(TokenizerError) {
        try self.init(BytePairFiles(TokenizerFolder(folder)))
    }
}
