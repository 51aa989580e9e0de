import Foundation
import TestSupport
import Testing

@testable import Models

/// Largest difference accepted between two float32 forwards that sum in different orders.
private let tolerance: Float = 1e-4

@Suite("Folders of sentence-transformers against the library")
struct SentenceFolderTests {
    /// One folder with one prompt, and the tensor that holds its vectors.
    struct Row: CustomStringConvertible, Sendable {
        var golden: String
        var folder: String
        var promptName: String
        var prompt: String
        var tensor: String
        var pooling: String?

        var description: String { tensor }
    }

    static func rows() throws -> [Row] {
        var rows: [Row] = []
        for name in ["st_folders", "st_newform"] {
            let folders =
                try GoldenCase(name).json["folders"] as? [String: [String: Any]] ?? [:]
            for (folder, facts) in folders.sorted(by: { $0.key < $1.key }) {
                let prompts = facts["prompts"] as? [String: Any] ?? [:]
                for (prompt, value) in prompts.sorted(by: { $0.key < $1.key }) {
                    let text = value as? String ?? (value as? [String: Any])?["prompt"] as? String
                    let stem = name == "st_newform" ? folder : String(folder.dropFirst(3))
                    // What the library itself loses when it opens this folder again.
                    let suffix = folder == "st_newform_lower" ? "before_saving" : prompt
                    rows.append(
                        Row(
                            golden: name, folder: folder, promptName: prompt, prompt: text ?? "",
                            tensor: "\(stem).\(suffix)"))
                }
            }
        }
        for pooling in [
            "cls", "cls_mean_max", "lasttoken", "max", "mean", "mean_sqrt_len", "weightedmean",
        ] {
            rows.append(
                Row(
                    golden: "st_folders", folder: "st_pooling", promptName: "none", prompt: "",
                    tensor: "pooling." + pooling, pooling: pooling))
        }
        return rows
    }

    @Test func `every folder, pooling and prompt gives the library's vectors`() throws {
        let rows = try Self.rows()
        #expect(rows.count > 20)
        for row in rows {
            let golden = try GoldenCase(row.golden)
            let texts = try #require(golden.json["texts"] as? [String])
            let copy = try TemporaryFolder()
            defer { copy.remove() }
            let folder = copy.path + "/model"
            try FileManager.default.copyItem(
                atPath: Goldens.path("models/" + row.folder), toPath: folder)
            if let pooling = row.pooling {
                let configuration = folder + "/1_Pooling/config.json"
                try FileManager.default.removeItem(atPath: configuration)
                try FileManager.default.copyItem(
                    atPath: folder + "/pooling_\(pooling).json", toPath: configuration)
            }
            let expected = try golden.floats(row.tensor)
            let named = try TextEncoder.load(
                folder: folder, tower: .question,
                options: EncoderOptions(questionPrefix: row.prompt))
            let vectors = named.encode(questions: texts)
            #expect(named.dimension == golden.shape(row.tensor)[1], "\(row)")
            #expect(largestDifference(vectors, expected) < tolerance, "\(row)")
            // The folder's own prompts are those of the two towers.
            if row.promptName == "query" {
                let own = try TextEncoder.load(folder: folder, tower: .question)
                #expect(own.encode(questions: texts) == vectors, "\(row)")
            } else if row.promptName == "document" {
                let own = try TextEncoder.load(folder: folder, tower: .context)
                let passages = texts.map { (title: "", text: $0) }
                #expect(own.encode(passages: passages) == vectors, "\(row)")
            }
        }
    }

    @Test func `lengths are those the library takes`() throws {
        for name in ["st_folders", "st_newform"] {
            let folders =
                try GoldenCase(name).json["folders"] as? [String: [String: Any]] ?? [:]
            for (folder, facts) in folders {
                let encoder = try TextEncoder.load(
                    folder: Goldens.path("models/" + folder), tower: .context)
                #expect(encoder.maximumLength == facts["max_seq_length"] as? Int, "\(folder)")
            }
        }
    }

    @Test func `what cannot be computed is refused by its name`() throws {
        func refusal(_ file: String, _ text: String, folder name: String) throws -> String {
            let copy = try TemporaryFolder()
            defer { copy.remove() }
            let folder = copy.path + "/model"
            try FileManager.default.copyItem(
                atPath: Goldens.path("models/" + name), toPath: folder)
            try text.write(toFile: "\(folder)/\(file)", atomically: true, encoding: .utf8)
            do {
                _ = try TextEncoder.load(folder: folder, tower: .context)
                return "nothing"
            } catch {
                return "\(error)"
            }
        }
        let pooling = "1_Pooling/config.json"
        let both = #"{"pooling_mode": "mean", "pooling_mode_cls_token": true}"#
        #expect(try refusal(pooling, both, folder: "st_newform").contains("the flags cls"))
        let odd = #"{"pooling_mode": "attention"}"#
        #expect(try refusal(pooling, odd, folder: "st_newform").contains("attention"))
        let twice = #"{"pooling_mode": ["cls", "cls"]}"#
        #expect(try refusal(pooling, twice, folder: "st_newform").contains("twice"))
        let dense = "2_Dense/config.json"
        let sizes = #"{"in_features": 7, "out_features": 10, "bias": true}"#
        #expect(try refusal(dense, sizes, folder: "st_dense_tanh").contains("in_features is 7"))
        let width = try TextEncoder.load(
            folder: Goldens.path("models/st_dense_tanh"), tower: .context
        ).description.configuration.hiddenSize
        let activation = """
            {"in_features": \(width), "out_features": 10, "bias": true, \
            "activation_function": "torch.nn.modules.activation.Softplus"}
            """
        #expect(try refusal(dense, activation, folder: "st_dense_tanh").contains("Softplus"))
    }

    @Test(arguments: ["st_dense_tanh", "st_newform", "st_newform_multi"])
    func `training refuses what it does not train`(name: String) {
        do {
            _ = try TrainableEncoder.load(folder: Goldens.path("models/" + name), tower: .context)
            Issue.record("\(name) was taken")
        } catch ModelError.untrainable {
        } catch {
            Issue.record("\(error)")
        }
    }
}

@Suite("Rules by which folders were read before")
struct FolderRulesTests {
    @Test(arguments: ["st_maxlen", "st_lower", "st_noprompt", "st_prompts"])
    func `an encoder that is expected by earlier rules is read by them`(name: String) throws {
        let folder = Goldens.path("models/" + name)
        let earlier = try OpenedModel(
            folder: folder, tower: .context, options: EncoderOptions(), rules: .first)
        let today = try TextEncoder.load(folder: folder, tower: .context)
        let isOther = try earlier.fingerprint() != today.fingerprint
        // Its prompts are not empty, and stand under the names that both rules know.
        #expect(isOther == (name != "st_prompts"))
        let expected = try TextEncoder.load(
            folder: folder, tower: .context, expecting: try earlier.fingerprint())
        #expect(try expected.fingerprint == earlier.fingerprint())
        let texts = [
            "Paris is the Capital of France, " + String(repeating: "and so on, ", count: 40)
        ]
        let isSame = expected.encode(questions: texts) == today.encode(questions: texts)
        if name == "st_maxlen" || name == "st_lower" { #expect(!isSame) }
        let other = try TextEncoder.load(folder: folder, tower: .context, expecting: "unknown")
        #expect(other.fingerprint == today.fingerprint)
    }
}
