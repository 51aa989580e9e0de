import Formats
import Foundation
import Models

/// What a model's files say of how it generates.
///
/// `generation_config.json` counts where it is there and was not merely copied from config.json,
/// which counts otherwise (`_from_model_config`); the ids of special tokens that it lacks are
/// config.json's. Source: `GenerationConfig` of transformers 4.41.
struct GenerationSettings: Sendable {
    private let files: [JSONFile]
    private let kind: Kind

    /// What decides the defaults that a family's configuration class has.
    enum Kind: Sendable {
        case bart, t5
    }

    /// - Parameters:
    ///   - model: config.json, or the part of it that describes the generator.
    ///   - folder: Where generation_config.json may lie; nil: nowhere.
    init(model: JSONFile, folder: String?, kind: Kind) throws(ModelError) {
        self.kind = kind
        var files = [model]
        if let folder {
            let path = folder + "/generation_config.json"
            if FileManager.default.fileExists(atPath: path) {
                let json = try JSONFile(path, purpose: "how the model generates")
                let isCopy = try json.bool("_from_model_config") ?? false
                files = isCopy ? [model, json] : [json, model]
            }
        }
        self.files = files
        try refuseUnsupported()
    }

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
        guard let file = files.first else { return }
        for (key, neutral) in Self.unsupported {
            guard let value = file[key], !neutral.contains(value) else { continue }
            throw .unsupportedConfiguration(path: file.path, key: key, value: value.text)
        }
    }

    /// The file that counts for what is not the id of a special token.
    private var file: JSONFile { files[0] }

    /// Whether the key is there, if only as null.
    private func has(_ file: JSONFile, _ key: String) -> Bool {
        guard case .object(let members) = file.root else { return false }
        return members.contains { $0.name == key }
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
            maximumLength: try file.integer("max_length") ?? 20)
        if let count = try file.integer("max_new_tokens") { settings.setNewTokens(count) }
        settings.minimumLength = try file.integer("min_length") ?? 0
        settings.minimumNewTokens = try file.integer("min_new_tokens") ?? 0
        settings.beams = try file.integer("num_beams") ?? 1
        settings.returns = try file.integer("num_return_sequences") ?? 1
        settings.lengthPenalty = try file.float("length_penalty") ?? 1
        settings.earlyStopping = try earlyStopping()
        settings.samples = try file.bool("do_sample") ?? false
        settings.temperature = Float(try file.float("temperature") ?? 1)
        settings.topK = try file.integer("top_k") ?? 50
        settings.topP = try file.float("top_p") ?? 1
        settings.repetitionPenalty = Float(try file.float("repetition_penalty") ?? 1)
        settings.noRepeatNGram = try file.integer("no_repeat_ngram_size") ?? 0
        settings.badWords = try badWords(vocabulary: vocabulary)
        settings.forcedBeginning = try token(
            "forced_bos_token_id", in: file, vocabulary: vocabulary)
        if settings.forcedBeginning == nil,
            try file.bool("force_bos_token_to_be_generated") == true
        {
            settings.forcedBeginning = beginning ?? (kind == .bart ? 0 : nil)
        }
        settings.forcedEnd = try token("forced_eos_token_id", in: file, vocabulary: vocabulary)
        // BART's configuration class forces the end unless the file says otherwise.
        if kind == .bart, !files.contains(where: { has($0, "forced_eos_token_id") }) {
            settings.forcedEnd = ends.first
        }
        return settings
    }

    private func earlyStopping() throws(ModelError) -> GenerationOptions.EarlyStopping {
        let key = "early_stopping"
        switch file[key] {
        case nil: return .whenUnlikely
        case .bool(let flag): return flag ? .atOnce : .whenUnlikely
        case .string("never"): return .never
        default: throw file.invalid(key, "is not true, false or \"never\"")
        }
    }

    private func badWords(vocabulary: Int) throws(ModelError) -> [[Int32]] {
        let key = "bad_words_ids"
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
