import Foundation
import Models
import TestSupport
import Testing

@testable import Generation

/// Configurations with values at random: each is used or refused, and nothing is allocated that the
/// weights do not bound.
@Suite("Hostile configurations")
struct HostileConfigurationTests {
    private static var values: [Any] {
        [
            0, 1, -1, 2, 3, 7, 60, 65_536, 1 << 20, Int.max, Int.min, 0.5, -2.5, 1e300,
            Double.leastNonzeroMagnitude,
            true,
            false, "", "never", "gelu", NSNull(), [Int](), [2, 3], [[2], [3, 4]], [[Int]()],
            ["a": 1],
        ]
    }

    @Test(arguments: GeneratorTests.models)
    func `are used or refused`(_ name: String) throws {
        let folder = try copiedModel(name)
        var dice = Dice(seed: 77)
        let originals = try ["config.json", "generation_config.json"].map { file in
            (
                file,
                try JSONSerialization.jsonObject(
                    with: Data(contentsOf: URL(fileURLWithPath: folder.path + "/" + file)))
                    as? [String: Any] ?? [:]
            )
        }
        let searchKeys = [
            "num_beams", "num_return_sequences", "max_length", "max_new_tokens", "min_length",
            "min_new_tokens", "length_penalty", "early_stopping", "do_sample", "temperature",
            "top_k", "top_p", "repetition_penalty", "no_repeat_ngram_size", "bad_words_ids",
            "forced_bos_token_id", "num_beam_groups",
        ]
        var used = 0
        for _ in 0..<150 {
            for (file, original) in originals {
                var json = original
                let keys = Array(json.keys).sorted() + searchKeys
                for _ in 0..<dice.number(0...2) {
                    guard let key = dice.pick(keys) else { continue }
                    json[key] = dice.pick(Self.values)
                }
                try folder.write(file, try JSONSerialization.data(withJSONObject: json))
            }
            // Outputs of a million tokens are not this test's matter.
            var options = GenerationOptions()
            options.maximumLength = 6
            options.maximumNewTokens = dice.once(in: 2) ? 5 : nil
            let error = failure { () throws(GenerationError) in
                let generator = try Generator.load(folder: folder.path)
                _ = try generator.generate([[5, 9, 2], [7]], options: options)
            }
            if let error { #expect(!error.description.isEmpty) } else { used += 1 }
        }
        #expect(used > 10)
    }
}
