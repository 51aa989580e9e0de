import Foundation
import Models
import TestSupport
import Testing

@testable import Generation

/// What files and options say, and which of them counts.
@Suite("Settings of generation")
struct SettingTests {
    private func settings(
        _ folder: TemporaryFolder, _ options: GenerationOptions = GenerationOptions()
    ) throws -> SearchSettings {
        let generator = try Generator.load(folder: folder.path)
        return try generator.settings.resolve(
            options, vocabulary: generator.vocabularySize, longest: generator.plan.longestTarget)
    }

    /// Sets keys of config.json to JSON texts; nil removes one.
    private func edit(_ folder: TemporaryFolder, _ keys: [String: Any?]) throws {
        let path = folder.path + "/config.json"
        let data = try Data(contentsOf: URL(fileURLWithPath: path))
        var json = try JSONSerialization.jsonObject(with: data) as? [String: Any] ?? [:]
        for (key, value) in keys { json[key] = value }
        try folder.write("config.json", try JSONSerialization.data(withJSONObject: json))
    }

    @Test
    func `a file of its own counts, and config_json for the ids it lacks`() throws {
        let folder = try copiedModel()
        try edit(folder, ["num_beams": 5, "bos_token_id": 0])
        try folder.write(
            "generation_config.json",
            #"{"max_length": 9, "num_beams": 2, "early_stopping": "never", "#
                + #""bad_words_ids": [[5, 6]], "forced_eos_token_id": null}"#)
        let found = try settings(folder)
        #expect(found.maximumLength == 9 && found.beams == 2 && found.start == 2)
        #expect(found.earlyStopping == .never && found.badWords == [[5, 6]])
        #expect(found.forcedEnd == nil)
        #expect(found.ends == [2] && found.padding == 1)
    }

    @Test
    func `config_json counts where the other file was copied from it`() throws {
        let folder = try copiedModel()
        try edit(
            folder,
            [
                "num_beams": 4, "max_length": 30, "min_length": 1,
                "force_bos_token_to_be_generated": true, "no_repeat_ngram_size": 3,
            ])
        let found = try settings(folder)
        #expect(found.beams == 4 && found.maximumLength == 30 && found.minimumLength == 1)
        #expect(found.forcedBeginning == 0 && found.noRepeatNGram == 3 && found.forcedEnd == 2)
        try folder.remove("generation_config.json")
        #expect(try settings(folder) == found)
    }

    @Test
    func `the end is forced by default and not where the file says null`() throws {
        let folder = try copiedModel()
        try folder.remove("generation_config.json")
        try edit(folder, ["forced_eos_token_id": nil as Any?])
        #expect(try settings(folder).forcedEnd == 2)
        try edit(folder, ["forced_eos_token_id": NSNull()])
        #expect(try settings(folder).forcedEnd == nil)
    }

    @Test
    func `options go before files`() throws {
        var options = GenerationOptions()
        options.maximumNewTokens = 6
        options.maximumLength = 40
        options.forcedEnd = GenerationOptions.ForcedToken.none
        options.forcedBeginning = .token(3)
        options.ends = [7, 8]
        let found = try settings(try copiedModel(), options)
        #expect(found.maximumLength == 7 && found.forcedEnd == nil && found.ends == [7, 8])
        #expect(found.forcedBeginning == 3)
    }

    @Test
    func `keys that change outputs and are not known are refused`() throws {
        for (key, value) in [
            ("num_beam_groups", 2 as Any), ("penalty_alpha", 0.6), ("suppress_tokens", [3]),
            ("typical_p", 0.5), ("encoder_no_repeat_ngram_size", 3),
        ] {
            let folder = try copiedModel()
            try edit(folder, [key: value])
            let error = failure { () throws(GenerationError) in
                try Generator.load(folder: folder.path)
            }
            guard case .model(.unsupportedConfiguration(let path, let found, _))? = error else {
                Issue.record("\(key): \(String(describing: error))")
                continue
            }
            #expect(path.hasSuffix("config.json") && found == key)
        }
        let folder = try copiedModel()
        try edit(folder, ["num_beam_groups": 1, "typical_p": 1.0, "suppress_tokens": [Int]()])
        _ = try Generator.load(folder: folder.path)
    }

    @Test
    func `values that cannot be meant are refused by name`() throws {
        let generator = try GeneratorTests.load("bart_tiny")
        func name(_ edit: (inout GenerationOptions) -> Void) -> String? {
            var options = GenerationOptions()
            edit(&options)
            let error = failure { () throws(GenerationError) in
                try generator.generate([[2, 3]], options: options)
            }
            guard case .invalidOption(let name, _, _)? = error else {
                return error.map { "\($0)" }
            }
            #expect(error?.description.hasSuffix(".") == true)
            return name
        }
        #expect(name { $0.maximumLength = 1 } == "max_length")
        #expect(name { $0.maximumLength = 49 } == "max_length")
        #expect(name { $0.minimumLength = 30 } == "min_length")
        #expect(name { $0.minimumNewTokens = 20 } == "min_new_tokens")
        #expect(name { $0.beams = 0 } == "num_beams")
        #expect(name { $0.returns = 2 } == "num_return_sequences")
        #expect(name { $0.returns = 0 } == "num_return_sequences")
        #expect(name { $0.lengthPenalty = .nan } == "length_penalty")
        #expect(name { $0.temperature = 0 } == "temperature")
        #expect(name { $0.topP = 0 } == "top_p")
        #expect(name { $0.topK = -1 } == "top_k")
        #expect(name { $0.repetitionPenalty = 0 } == "repetition_penalty")
        #expect(name { $0.noRepeatNGram = -1 } == "no_repeat_ngram_size")
        #expect(name { $0.badWords = [[]] } == "bad_words_ids")
        #expect(name { $0.ends = [] } == "eos_token_id")
        #expect(name { $0.forcedBeginning = .token(60) }?.contains("60") == true)
        #expect(name { $0.badWords = [[-1]] }?.contains("vocabulary") == true)
    }
}
