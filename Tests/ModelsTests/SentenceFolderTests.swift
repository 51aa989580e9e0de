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
        let flag = #"{"pooling_mode_attention_tokens": true}"#
        #expect(try refusal(pooling, flag, folder: "st_newform").contains("attention_tokens"))
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
        let plain = #"{"in_features": \#(width), "out_features": 10, "bias": false}"#
        #expect(try refusal(dense, plain, folder: "st_dense_tanh").contains("linear.bias"))
    }

    @Test func `joined vectors stand in the order in which the folder names them`() throws {
        let texts = ["one text", "and another, longer one"]
        func vectors(_ pooling: String) throws -> [Float] {
            try loaded("st_newform_norm", pooling).encode(questions: texts)
        }
        let (first, mean) = (try vectors(#""cls""#), try vectors(#""mean""#))
        let joined = try vectors(#"["mean", "cls"]"#)
        let width = first.count / texts.count
        for text in texts.indices {
            let (part, whole) = (text * width, text * width * 2)
            #expect(joined[whole..<whole + width] == mean[part..<part + width])
            #expect(joined[whole + width..<whole + 2 * width] == first[part..<part + width])
        }
    }

    @Test func `a mode named beside other flags counts, and both are told`() throws {
        let both = #""mean", "pooling_mode_cls_token": true, "pooling_mode_mean_tokens": false"#
        let encoder = try loaded("st_newform_norm", both)
        #expect(
            encoder.encode(questions: ["a text"])
                == (try loaded("st_newform_norm", #""mean""#).encode(questions: ["a text"])))
        #expect(encoder.description.notes.contains { $0.contains("pooling_mode counts") })
        let agreed = #"["mean", "cls"], "pooling_mode_cls_token": true, "#
        let nothing = try loaded("st_newform_norm", "null")
        #expect(nothing.description.pooling.name == "mean")
        #expect(nothing.description.notes.contains { $0.contains("mean, the default, counts") })
        let quiet = try loaded("st_newform_norm", agreed + #""pooling_mode_mean_tokens": true"#)
        #expect(!quiet.description.notes.contains { $0.contains("pooling_mode") })
    }

    /// A text of one token behind a prompt: [CLS], the prompt, the token, [SEP].
    @Test func `the first token behind a prompt that is left out is the one taken`() throws {
        for prompt in ["a b: ", ""] {
            func vector(_ pooling: String) throws -> [Float] {
                try loaded(
                    "st_newform_norm", #""\#(pooling)", "include_prompt": false"#,
                    EncoderOptions(questionPrefix: prompt, normalises: false)
                ).encode(questions: ["a"])
            }
            let (first, last) = (try vector("cls"), try vector("lasttoken"))
            let mean = try vector("mean")
            let token = zip(mean, last).map { 2 * $0 - $1 }
            #expect((largestDifference(first, token) < tolerance) == !prompt.isEmpty)
        }
    }

    /// A copy of a folder of the new form, whose pooling is the JSON text given.
    private func loaded(
        _ name: String, _ pooling: String, _ options: EncoderOptions = EncoderOptions()
    ) throws -> TextEncoder {
        let copy = try TemporaryFolder()
        defer { copy.remove() }
        let folder = copy.path + "/model"
        try FileManager.default.copyItem(atPath: Goldens.path("models/" + name), toPath: folder)
        try FileManager.default.removeItem(atPath: folder + "/2_Dense")
        try #"{"pooling_mode": \#(pooling)}"#.write(
            toFile: folder + "/1_Pooling/config.json", atomically: true, encoding: .utf8)
        try """
        [{"idx": 0, "name": "0", "path": "", "type": "x.transformer.Transformer"},
         {"idx": 1, "name": "1", "path": "1_Pooling", "type": "x.pooling.Pooling"}]
        """.write(toFile: folder + "/modules.json", atomically: true, encoding: .utf8)
        return try TextEncoder.load(folder: folder, tower: .question, options: options)
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
    @Test func `vectors joined in another order are known by the order of before`() throws {
        let copy = try TemporaryFolder()
        defer { copy.remove() }
        let folder = copy.path + "/model"
        try FileManager.default.copyItem(
            atPath: Goldens.path("models/st_newform_multi"), toPath: folder)
        try #"{"pooling_mode": ["mean", "cls"]}"#.write(
            toFile: folder + "/1_Pooling/config.json", atomically: true, encoding: .utf8)
        let earlier = try OpenedModel(
            folder: folder, tower: .context, options: EncoderOptions(), rules: .earlierPooling)
        let today = try TextEncoder.load(folder: folder, tower: .context)
        #expect(today.description.pooling.name == "mean+cls")
        let expected = try TextEncoder.load(
            folder: folder, tower: .context, expecting: try earlier.fingerprint())
        #expect(expected.description.pooling.name == "cls+mean")
    }
}
