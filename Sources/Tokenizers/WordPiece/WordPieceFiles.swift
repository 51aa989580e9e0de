import Formats

/// What the files of a folder say about a word-piece tokenizer.
struct WordPieceFiles {
    /// The file that holds the vocabulary; errors name it.
    var path: String
    var entries: [(token: String, id: Int)]
    var options: WordPieceOptions
    var added: [AddedToken] = []
    /// Further special tokens, named without an id.
    var additional: [String] = []
    var template: EncodingTemplate?
    /// What errors call the first token's place: line 1, or id 0.
    var firstPlace = 0
    /// True where tokenizer.json's normaliser is a sequence, which tokenizer_config.json leaves
    /// as it is.
    private var hasNormalizerSequence = false
    /// True where tokenizer.json has BERT's normaliser alone.
    private var hasPlainNormalizer = false
    /// What the files say differently of how text is split, and which one counts, as sentences.
    private(set) var contradictions: [String] = []
    /// Whether tokenizer.json keeps the case of letters, and text is lower-cased all the same since
    /// no setting says otherwise.
    private(set) var lowercasesUnasked = false
    /// A vocabulary without the mask token is legal where no file names it.
    var maskIsOptional = false

    init(path: String, entries: [(token: String, id: Int)], options: WordPieceOptions) {
        self.path = path
        self.entries = entries
        self.options = options
    }

    /// Reads tokenizer.json, else vocab.txt; tokenizer_config.json overrides options of either.
    ///
    /// - Parameter silence: What it means that a model's folder does not say whether letters are
    ///   lower-cased.
    init(
        _ files: TokenizerFolder, silence: WordPieceTokenizer.Silence = .lowercases
    ) throws(TokenizerError) {
        let config = try files.json("tokenizer_config.json")
        let names = try SpecialTokenNames([config, try files.json("special_tokens_map.json")])
        if let document = files.document {
            self = try Self.read(document)
        } else if let lines = try files.lines("vocab.txt") {
            self = Self.read(lines, path: files.path("vocab.txt"))
            if let document = try files.json("added_tokens.json") {
                added = try AddedToken.legacy(document)
            }
        } else {
            throw .missingFile(folder: files.folder, expected: ["tokenizer.json", "vocab.txt"])
        }
        if let config { try override(config) }
        if silence == .lowercases, files.has("config.json") || config != nil {
            try lowercaseUnasked(config)
        }
        name(names)
    }

    private static func read(_ lines: [String], path: String) -> WordPieceFiles {
        var files = WordPieceFiles(
            path: path, entries: lines.enumerated().map { ($1, $0) }, options: WordPieceOptions())
        files.firstPlace = 1
        return files
    }

    private static func read(_ document: JSONNode) throws(TokenizerError) -> WordPieceFiles {
        let model = try document.required("model")
        // Files of the first format version name no type.
        if let kind = try model.member("type"), try kind.string() != "WordPiece" {
            throw .unsupported(
                path: kind.path, key: kind.key, value: kind.value.kind,
                supported: "a tokenizer of kind WordPiece here")
        }
        var entries: [(token: String, id: Int)] = []
        for (token, node) in try model.required("vocab").members() {
            entries.append((token, try node.integer()))
        }
        var options = WordPieceOptions()
        options.continuationPrefix =
            try model.member("continuing_subword_prefix")?.string() ?? "##"
        options.unknownToken = try model.member("unk_token")?.string() ?? "[UNK]"
        if let limit = try model.member("max_input_chars_per_word") {
            options.maximumWordLength = try limit.integer()
            if options.maximumWordLength < 0 { throw limit.wrongType("a number from 0 up") }
        }
        var files = WordPieceFiles(path: document.path, entries: entries, options: options)
        try files.readNormalizer(document)
        files.added = try AddedToken.list(document)
        files.template = try EncodingTemplate(document) ?? .plain
        return files
    }

    private mutating func readNormalizer(_ document: JSONNode) throws(TokenizerError) {
        options.lowercases = false
        options.cleansText = false
        options.splitsChineseCharacters = false
        if let node = try document.member("normalizer") {
            if try node.required("type").string() == "Sequence" {
                hasNormalizerSequence = true
                try readSequence(try node.required("normalizers").elements())
            } else {
                hasPlainNormalizer = try node.required("type").string() == "BertNormalizer"
                try readStep(node)
            }
        }
        let kind = try document.required("pre_tokenizer").required("type")
        switch try kind.string() {
        case "BertPreTokenizer": options.wordBoundaries = .punctuation
        case "Whitespace": options.wordBoundaries = .runs
        case "WhitespaceSplit": options.wordBoundaries = .spaces
        default:
            throw .unsupported(
                path: kind.path, key: kind.key, value: kind.value.kind,
                supported: "BertPreTokenizer, Whitespace or WhitespaceSplit")
        }
    }

    /// Steps that come to one of BERT's: what they do must not depend on their order.
    private mutating func readSequence(_ steps: [JSONNode]) throws(TokenizerError) {
        var isDecomposed = false
        for step in steps {
            let kind = try step.required("type")
            switch try kind.string() {
            case "NFD": isDecomposed = true
            case "StripAccents" where isDecomposed:
                options.stripsAccents = true
                isDecomposed = false
            default: try readStep(step)
            }
        }
        if isDecomposed, let last = steps.last {
            throw .unsupported(
                path: last.path, key: last.key, value: "NFD without StripAccents",
                supported: "BertNormalizer, Lowercase, or NFD with StripAccents behind it")
        }
    }

    /// One normaliser; what an earlier one does stays.
    private mutating func readStep(_ node: JSONNode) throws(TokenizerError) {
        let kind = try node.required("type")
        switch try kind.string() {
        case "Lowercase":
            options.lowercases = true
            options.stripsAccents = options.stripsAccents ?? false
        case "BertNormalizer":
            let lowercases = try node.member("lowercase")?.bool() ?? true
            // Accents are stripped where this very step lower-cases, or says so.
            let strips = try node.member("strip_accents")?.bool()
            if hasNormalizerSequence {
                options.stripsAccents = options.stripsAccents == true || strips ?? lowercases
            } else {
                options.stripsAccents = strips
            }
            options.lowercases = options.lowercases || lowercases
            options.cleansText = try node.member("clean_text")?.bool() ?? true
            options.splitsChineseCharacters =
                try node.member("handle_chinese_chars")?.bool() ?? true
        default:
            throw .unsupported(
                path: kind.path, key: kind.key, value: kind.value.kind,
                supported: "BertNormalizer, Lowercase, or a Sequence of these with NFD and"
                    + " StripAccents")
        }
    }

    /// The keys of tokenizer_config.json that say how text is split.
    private mutating func override(_ config: JSONNode) throws(TokenizerError) {
        if let node = try config.member("do_basic_tokenize") {
            options.splitsWords = try node.bool()
        }
        try findContradiction(config)
        if !hasNormalizerSequence { try overrideNormalizer(config) }
        if let node = try config.member("wordpieces_prefix") {
            options.continuationPrefix = try node.string()
        }
        for node in try config.member("never_split")?.elements() ?? [] {
            options.neverSplit.insert(try node.string())
        }
        try AddedToken.merge(try AddedToken.decoder(config), into: &added, path: config.path)
    }

    /// Lower-casing decides every vector, so two files that do not agree on it are told of.
    private mutating func findContradiction(_ config: JSONNode) throws(TokenizerError) {
        guard path.hasSuffix("tokenizer.json"),
            let said = try config.member("do_lower_case")?.bool(), said != options.lowercases
        else { return }
        let winner = hasNormalizerSequence ? "tokenizer.json" : "tokenizer_config.json"
        contradictions.append(
            "tokenizer_config.json says do_lower_case \(said), tokenizer.json \(!said):"
                + " \(winner) counts.")
    }

    /// transformers' BERT tokenizers lower-case where no setting says otherwise, whatever a plain
    /// normaliser in tokenizer.json says; its general class takes that file as it is.
    private mutating func lowercaseUnasked(_ config: JSONNode?) throws(TokenizerError) {
        guard path.hasSuffix("tokenizer.json"), hasPlainNormalizer, !options.lowercases,
            try config?.member("do_lower_case") == nil,
            !Self.generalClasses.contains(
                try config?.member("tokenizer_class")?.string() ?? "")
        else { return }
        options.lowercases = true
        lowercasesUnasked = true
        contradictions.append(
            "tokenizer.json keeps the case of letters, and tokenizer_config.json does not say"
                + " do_lower_case: texts are lower-cased, as transformers does. Set it to false"
                + " where the model was trained with case.")
    }

    private static let generalClasses: Set<String> = [
        "PreTrainedTokenizerFast", "TokenizersBackend",
    ]

    private mutating func overrideNormalizer(_ config: JSONNode) throws(TokenizerError) {
        if let node = try config.member("do_lower_case") { options.lowercases = try node.bool() }
        if let node = try config.member("tokenize_chinese_chars") {
            options.splitsChineseCharacters = try node.bool()
        }
        if let node = try config.member("strip_accents") {
            options.stripsAccents = try node.bool()
        }
        if let node = try config.member("clean_text") { options.cleansText = try node.bool() }
    }

    private mutating func name(_ names: SpecialTokenNames) {
        options.unknownToken = names["unk"] ?? options.unknownToken
        options.separatorToken = names["sep"] ?? options.separatorToken
        options.paddingToken = names["pad"] ?? options.paddingToken
        options.classifierToken = names["cls"] ?? options.classifierToken
        options.maskToken = names["mask"] ?? options.maskToken
        maskIsOptional = names["mask"] == nil
        additional = names.additional
    }
}

extension WordPieceTokenizer {
    /// Opens the tokenizer of a model's folder: tokenizer.json, else vocab.txt.
    ///
    /// tokenizer_config.json and special_tokens_map.json override what these say. Truncation and
    /// padding stored in tokenizer.json are ignored: they belong to whoever asks.
    /// Errors: any of `TokenizerError` that concerns files.
    public convenience init(folder: String) throws(TokenizerError) {
        try self.init(folder: folder, silence: .lowercases)
    }

    /// Opens it as today, or as an earlier release did.
    package convenience init(folder: String, silence: Silence) throws(TokenizerError) {
        try self.init(WordPieceFiles(TokenizerFolder(folder), silence: silence))
    }

    /// What it means that a model's folder does not say whether letters are lower-cased.
    package enum Silence: Sendable {
        /// They are, as in transformers.
        case lowercases
        /// tokenizer.json says so, as in earlier releases.
        case followsTokenizer
    }
}
