import Formats
import Foundation
import Models

/// What a model's files say of how it generates.
///
/// `generation_config.json` counts where it is there and was not merely copied from config.json,
/// which counts otherwise (`_from_model_config`); the ids of special tokens that it lacks are
/// config.json's. Source: `GenerationConfig` of transformers 4.41.
struct GenerationSettings: Sendable {
    /// Where the ids of special tokens stand: the first file that names one counts.
    private let files: [JSONFile]
    /// Where all other keys stand: the first file that has another value than the default counts.
    private let layers: [JSONFile]
    /// Where `num_beams` and `num_return_sequences` stand, where that is another file.
    private var beamsFile: JSONFile?
    private let kind: Kind

    /// What decides the defaults that a family's configuration class has; its `model_type`.
    enum Kind: String, Sendable {
        case bart, t5
    }

    private init(files: [JSONFile], layers: [JSONFile], kind: Kind) throws(ModelError) {
        self.files = files
        self.layers = layers
        self.kind = kind
        try refuseUnsupported()
    }

    /// - Parameters:
    ///   - model: config.json, or the part of it that describes the generator.
    ///   - folder: Where generation_config.json may lie; nil: nowhere.
    init(model: JSONFile, folder: String?, kind: Kind) throws(ModelError) {
        let own = try folder.flatMap { (folder) throws(ModelError) in try Self.own(folder) }
        let files = own.map { $0.isCopy ? [model, $0.file] : [$0.file, model] } ?? [model]
        try self.init(files: files, layers: [files[0]], kind: kind)
    }

    /// RAG-sequence: the generator's keys, but RAG's numbers of beams and returns.
    ///
    /// Source: `RagSequenceForGeneration.generate` of transformers 4.41.
    init(ragSequence root: JSONFile, generator: JSONFile, kind: Kind) throws(ModelError) {
        try self.init(files: [generator], layers: [generator], kind: kind)
        beamsFile = root
    }

    /// RAG-token: the keys of RAG, then those of the generator where RAG's have their defaults.
    ///
    /// A generation_config.json that was not merely copied counts before both.
    init(
        ragToken root: JSONFile, generator: JSONFile, folder: String, kind: Kind
    ) throws(ModelError) {
        // What RAG leaves open is the generator's to say, also where it is written as null.
        var root = root
        if case .object(let members) = root.root {
            root = JSONFile(
                path: root.path, root: .object(members.filter { $0.value != .null }))
        }
        if let own = try Self.own(folder), !own.isCopy {
            try self.init(
                files: [own.file, root, generator], layers: [own.file], kind: kind)
        } else {
            try self.init(
                files: [root, generator], layers: [root, generator], kind: kind)
        }
    }

    /// generation_config.json of a folder, and whether it was copied from config.json.
    private static func own(
        _ folder: String
    ) throws(ModelError) -> (file: JSONFile, isCopy: Bool)? {
        let path = folder + "/generation_config.json"
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        let json = try JSONFile(path, purpose: "how the model generates")
        return (json, try json.bool("_from_model_config") ?? false)
    }

    /// What counts as not set in a file before others.
    private static let defaults: [String: JSONValue] = [
        "max_length": .number("20"), "min_length": .number("0"), "num_beams": .number("1"),
        "num_return_sequences": .number("1"), "length_penalty": .number("1.0"),
        "early_stopping": .bool(false), "do_sample": .bool(false), "temperature": .number("1.0"),
        "top_k": .number("50"), "top_p": .number("1.0"), "repetition_penalty": .number("1.0"),
        "no_repeat_ngram_size": .number("0"),
    ]

    /// The keys that decide how the model generates, with the values that count.
    var keys: [JSONValue.Member] {
        let ids = ["bos_token_id", "decoder_start_token_id", "eos_token_id", "pad_token_id"]
        let others =
            Self.defaults.keys.sorted() + [
                "max_new_tokens", "min_new_tokens", "bad_words_ids", "forced_bos_token_id",
                "forced_eos_token_id", "force_bos_token_to_be_generated",
            ]
        let named = ids.compactMap { id in
            files.lazy.compactMap { $0[id] }.first.map { JSONValue.Member(id, $0) }
        }
        return named
            + others.compactMap { key in
                file(key)[key].map { JSONValue.Member(key, $0) }
            }
    }

    /// The file whose value of `key` counts.
    private func file(_ key: String) -> JSONFile {
        layers.first { file in
            guard let value = file[key] else { return false }
            guard let standard = Self.defaults[key] else { return true }
            if case .number(let text) = value, case .number(let other) = standard {
                return Double(text) != Double(other)
            }
            return value != standard
        } ?? layers[layers.count - 1]
    }

    private func integer(_ key: String) throws(ModelError) -> Int? {
        try file(key).integer(key)
    }

    private func float(_ key: String) throws(ModelError) -> Double? { try file(key).float(key) }

    private func bool(_ key: String) throws(ModelError) -> Bool? { try file(key).bool(key) }

    /// Keys that change what is generated and are not known here, with the value that changes
    /// nothing.
    private static let unsupported: [(key: String, neutral: [JSONValue])] = [
        ("num_beam_groups", [.number("1")]), ("diversity_penalty", [.number("0.0"), .number("0")]),
        ("penalty_alpha", []), ("typical_p", [.number("1.0"), .number("1")]),
        ("epsilon_cutoff", [.number("0.0"), .number("0")]),
        ("eta_cutoff", [.number("0.0"), .number("0")]), ("min_p", []),
        ("encoder_no_repeat_ngram_size", [.number("0")]),
        ("encoder_repetition_penalty", [.number("1.0"), .number("1")]),
        ("guidance_scale", [.number("1.0"), .number("1")]), ("force_words_ids", []),
        ("constraints", []), ("sequence_bias", []), ("suppress_tokens", [.array([])]),
        ("begin_suppress_tokens", [.array([])]), ("forced_decoder_ids", [.array([])]),
        ("exponential_decay_length_penalty", []), ("renormalize_logits", [.bool(false)]),
        ("dola_layers", []), ("watermarking_config", []), ("stop_strings", []),
    ]

    private func refuseUnsupported() throws(ModelError) {
        for (key, neutral) in Self.unsupported {
            let file = layers.first { $0[key].map { !neutral.contains($0) } ?? false }
            guard let file, let value = file[key] else { continue }
            throw .unsupportedConfiguration(path: file.path, key: key, value: value.text)
        }
    }

    /// Whether the key is there, if only as null.
    private func has(_ file: JSONFile, _ key: String) -> Bool {
        guard case .object(let members) = file.root else { return false }
        return members.contains { $0.isNamed(key) }
    }

    private func token(
        _ key: String, in file: JSONFile, vocabulary: Int
    ) throws(ModelError) -> Int32? {
        guard let id = try file.integer(key) else { return nil }
        guard (0..<vocabulary).contains(id) else {
            throw file.invalid(key, "is \(id), outside of the vocabulary of \(vocabulary)")
        }
        return Int32(id)
    }

    /// A special token: of the first file that names it.
    private func special(_ key: String, vocabulary: Int) throws(ModelError) -> Int32? {
        for file in files {
            if let id = try token(key, in: file, vocabulary: vocabulary) { return id }
        }
        return nil
    }

    /// The token that an output begins with behind the start token, where the model has one.
    func beginning(vocabulary: Int) throws(GenerationError) -> Int32? {
        try reading { () throws(ModelError) in
            try special("bos_token_id", vocabulary: vocabulary) ?? (kind == .bart ? 0 : nil)
        }
    }

    /// The tokens that end an output: one, or a list.
    private func ends(vocabulary: Int) throws(ModelError) -> [Int32] {
        let key = "eos_token_id"
        for file in files {
            guard case .array(let items)? = file[key] else {
                if let id = try token(key, in: file, vocabulary: vocabulary) { return [id] }
                continue
            }
            return try Self.ids(items, key, file, vocabulary: vocabulary)
        }
        return kind == .bart ? [2] : [1]
    }

    private static func ids(
        _ items: [JSONValue], _ key: String, _ file: JSONFile, vocabulary: Int
    ) throws(ModelError) -> [Int32] {
        var ids: [Int32] = []
        for item in items {
            guard case .number(let text) = item, let id = Int32(text),
                (0..<vocabulary).contains(Int(id))
            else {
                throw file.invalid(key, "holds \(item.text), which is no token's id")
            }
            ids.append(id)
        }
        return ids
    }

    /// The settings of a search under `options`.
    func resolve(
        _ options: GenerationOptions, vocabulary: Int, longest: Int?
    ) throws(GenerationError) -> SearchSettings {
        var settings = try reading { () throws(ModelError) in
            try stored(vocabulary: vocabulary)
        }
        try settings.apply(options, vocabulary: vocabulary)
        try settings.check(longest: longest)
        return settings
    }

    private func stored(vocabulary: Int) throws(ModelError) -> SearchSettings {
        let ends = try ends(vocabulary: vocabulary)
        let padding =
            try special("pad_token_id", vocabulary: vocabulary) ?? (kind == .bart ? 1 : 0)
        let beginning = try special("bos_token_id", vocabulary: vocabulary)
        let start =
            try special("decoder_start_token_id", vocabulary: vocabulary)
            ?? (kind == .bart ? ends.first ?? 2 : padding)
        var settings = SearchSettings(
            start: start, padding: padding, ends: ends,
            maximumLength: try integer("max_length") ?? 20)
        if let count = try integer("max_new_tokens") { settings.setNewTokens(count) }
        settings.minimumLength = try integer("min_length") ?? 0
        settings.minimumNewTokens = try integer("min_new_tokens") ?? 0
        let (beams, returns) = ("num_beams", "num_return_sequences")
        settings.beams = try (beamsFile ?? file(beams)).integer(beams) ?? 1
        settings.returns = try (beamsFile ?? file(returns)).integer(returns) ?? 1
        settings.lengthPenalty = try float("length_penalty") ?? 1
        settings.earlyStopping = try earlyStopping()
        settings.samples = try bool("do_sample") ?? false
        settings.temperature = Float(try float("temperature") ?? 1)
        settings.topK = try integer("top_k") ?? 50
        settings.topP = try float("top_p") ?? 1
        settings.repetitionPenalty = Float(try float("repetition_penalty") ?? 1)
        settings.noRepeatNGram = try integer("no_repeat_ngram_size") ?? 0
        settings.badWords = try badWords(vocabulary: vocabulary)
        settings.forcedBeginning = try forced(
            "forced_bos_token_id", vocabulary: vocabulary)
        if settings.forcedBeginning == nil,
            try bool("force_bos_token_to_be_generated") == true
        {
            settings.forcedBeginning = beginning ?? (kind == .bart ? 0 : nil)
        }
        settings.forcedEnd = try forced("forced_eos_token_id", vocabulary: vocabulary)
        // BART's configuration class forces the end unless the file says otherwise.
        if kind == .bart, !files.contains(where: { has($0, "forced_eos_token_id") }) {
            settings.forcedEnd = ends.first
        }
        return settings
    }

    private func forced(_ key: String, vocabulary: Int) throws(ModelError) -> Int32? {
        try token(key, in: file(key), vocabulary: vocabulary)
    }

    private func earlyStopping() throws(ModelError) -> GenerationOptions.EarlyStopping {
        let key = "early_stopping"
        let file = file(key)
        switch file[key] {
        case nil: return .whenUnlikely
        case .bool(let flag): return flag ? .atOnce : .whenUnlikely
        case .string("never"): return .never
        default: throw file.invalid(key, "is not true, false or \"never\"")
        }
    }

    private func badWords(vocabulary: Int) throws(ModelError) -> [[Int32]] {
        let key = "bad_words_ids"
        let file = file(key)
        guard let value = file[key] else { return [] }
        guard case .array(let words) = value else { throw file.invalid(key, "is not a list") }
        var lists: [[Int32]] = []
        for word in words {
            guard case .array(let items) = word, !items.isEmpty else {
                throw file.invalid(key, "holds \(word.text), which is no list of token ids")
            }
            lists.append(try Self.ids(items, key, file, vocabulary: vocabulary))
        }
        return lists
    }
}
