import Foundation
import Models
import TestSupport

@testable import Generation

/// The golden encoder–decoders: each case beside the name of its model.
let goldenDecoders: [String] = Goldens.files("cases", suffix: ".json")
    .filter { $0.hasPrefix("bart_") || $0.hasPrefix("t5_") }
    .map { String($0.dropLast(".json".count)) }

/// One golden case of an encoder–decoder.
struct DecoderCase {
    let golden: GoldenCase
    let folder: String
    /// Sources without padding.
    let sources: [[Int32]]

    init(_ name: String) throws {
        golden = try GoldenCase(name)
        folder = Goldens.path("models/\(golden.json["model"] as? String ?? name)")
        let ids = try golden.integers("input_ids")
        let mask = try golden.integers("attention_mask")
        let width = golden.shape("input_ids")[1]
        sources = stride(from: 0, to: ids.count, by: width).map { start in
            (start..<start + width).filter { mask[$0] == 1 }.map { Int32(ids[$0]) }
        }
    }

    func generator() throws -> Generator { try Generator.load(folder: folder) }

    /// Searches by name, with what was asked and what came of it.
    var searches: [(name: String, search: Search)] {
        let all = golden.json["generate"] as? [String: [String: Any]] ?? [:]
        return all.sorted { $0.key < $1.key }.map { ($0.key, Search($0.value)) }
    }

    /// The targets of each source, −100 where there is none.
    func labels() throws -> [[Int]] {
        let labels = try golden.integers("labels")
        let width = golden.shape("labels")[1]
        return stride(from: 0, to: labels.count, by: width).map { Array(labels[$0..<$0 + width]) }
    }
}

/// What a golden search was asked, and its outputs with padding.
struct Search {
    let arguments: [String: Any]
    let sequences: [[Int]]
    let scores: [Double]?

    init(_ json: [String: Any]) {
        arguments = json["args"] as? [String: Any] ?? [:]
        sequences = json["sequences"] as? [[Int]] ?? []
        scores = json["sequences_scores"] as? [Double]
    }

    /// The same as options; nil where one is not known.
    var options: GenerationOptions? {
        var options = GenerationOptions()
        for (key, value) in arguments {
            let number = value as? Int
            switch key {
            case "num_beams": options.beams = number
            case "num_return_sequences": options.returns = number
            case "max_length": options.maximumLength = number
            case "max_new_tokens": options.maximumNewTokens = number
            case "min_length": options.minimumLength = number
            case "min_new_tokens": options.minimumNewTokens = number
            case "length_penalty": options.lengthPenalty = value as? Double
            case "repetition_penalty": options.repetitionPenalty = value as? Double
            case "no_repeat_ngram_size": options.noRepeatNGram = number
            case "early_stopping":
                options.earlyStopping =
                    value as? String == "never" ? .never : value as? Bool == true ? .atOnce : nil
            case "forced_bos_token_id": options.forcedBeginning = forced(number)
            case "forced_eos_token_id": options.forcedEnd = forced(number)
            case "bad_words_ids":
                options.badWords = (value as? [[Int]])?.map { $0.map(Int32.init) }
            case "eos_token_id": options.ends = (value as? [Int])?.map(Int32.init)
            default: return nil
            }
        }
        return options
    }

    private func forced(_ id: Int?) -> GenerationOptions.ForcedToken {
        id.map { .token(Int32($0)) } ?? .none
    }
}

/// The error that `body` throws, nil where it succeeds.
func failure<T>(_ body: () throws(GenerationError) -> T) -> GenerationError? {
    do throws(GenerationError) {
        _ = try body()
        return nil
    } catch {
        return error
    }
}

/// A copy of a golden model that may be changed.
func copiedModel(_ name: String = "bart_tiny") throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    for file in ["config.json", "generation_config.json", "model.safetensors"] {
        try folder.copy(Goldens.subset + "/models/\(name)/\(file)", file)
    }
    return folder
}

/// The logarithms of the probabilities that scores stand for, in float64.
func logSoftmax(_ scores: some Collection<Float>) -> [Double] {
    let values = scores.map(Double.init)
    let top = values.max() ?? 0
    let total = log(values.reduce(0) { $0 + exp($1 - top) })
    return values.map { $0 - top - total }
}
