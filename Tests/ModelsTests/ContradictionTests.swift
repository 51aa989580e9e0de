import Foundation
import TestSupport
import Testing

@testable import Models

/// Files of a folder that say different things: `inspect` tells which one counts.
struct ContradictionTests {
    private func inspect(
        _ name: String, _ files: [String: String]
    ) throws -> ModelInspection {
        let scratch = try TemporaryFolder()
        defer { scratch.remove() }
        let folder = scratch.path + "/model"
        try FileManager.default.copyItem(atPath: Goldens.path("models/" + name), toPath: folder)
        for (file, text) in files {
            try text.write(toFile: "\(folder)/\(file)", atomically: true, encoding: .utf8)
        }
        return try ModelInspection.inspect(folder: folder)
    }

    private func edited(
        _ name: String, _ file: String, _ old: String, _ new: String
    ) throws -> [String: String] {
        let text = try String(
            contentsOfFile: Goldens.path("models/\(name)/\(file)"), encoding: .utf8)
        #expect(text.contains(old))
        return [file: text.replacing(old, with: new)]
    }

    @Test func `of two lengths the one that counts is told`() throws {
        let lengths = "sentence_bert_config.json"
        let one = try inspect("st_maxlen", [:])
        #expect(!one.warnings.contains { $0.contains("counts") })
        let two = try inspect("st_maxlen", [lengths: #"{"max_seq_length": 16}"#])
        #expect(
            two.warnings.contains(
                "sentence_bert_config.json says 16 tokens, tokenizer_config.json 24:"
                    + " sentence_bert_config.json counts."), "\(two.warnings)")
        #expect(two.towers.allSatisfy { $0.maximumLength == 16 })
        let beyond = try inspect("st_maxlen", [lengths: #"{"max_seq_length": 5000}"#])
        #expect(beyond.warnings.contains { $0.contains("48 positions: these count") })
        #expect(beyond.towers.allSatisfy { $0.maximumLength == 48 })
    }

    /// transformers' tokenizers for BERT lower-case unless they are told not to.
    @Test(arguments: ["BertTokenizer", "PreTrainedTokenizerFast"])
    func `a folder that does not say whether it lower-cases does`(tokenizerClass: String) throws {
        let scratch = try TemporaryFolder()
        defer { scratch.remove() }
        let folder = scratch.path + "/model"
        try FileManager.default.copyItem(atPath: Goldens.path("models/st_maxlen"), toPath: folder)
        func edit(_ file: String, _ change: (inout [String: Any]) -> Void) throws {
            let url = URL(fileURLWithPath: "\(folder)/\(file)")
            let read = try JSONSerialization.jsonObject(with: Data(contentsOf: url))
            var object = try #require(read as? [String: Any])
            change(&object)
            try JSONSerialization.data(withJSONObject: object).write(to: url)
        }
        try edit("tokenizer.json") { json in
            var normalizer = json["normalizer"] as? [String: Any] ?? [:]
            #expect(normalizer["type"] as? String == "BertNormalizer")
            normalizer["lowercase"] = false
            normalizer["strip_accents"] = nil
            json["normalizer"] = normalizer
        }
        try edit("tokenizer_config.json") { json in
            json["do_lower_case"] = nil
            json["tokenizer_class"] = tokenizerClass
        }
        let texts = ["Paris is THE Capital"]
        let lowered = try TextEncoder.load(
            folder: Goldens.path("models/st_maxlen"), tower: .context)
        let encoder = try TextEncoder.load(folder: folder, tower: .context)
        let lowers = tokenizerClass == "BertTokenizer"
        #expect((encoder.encode(questions: texts) == lowered.encode(questions: texts)) == lowers)
        let told = try ModelInspection.inspect(folder: folder).warnings
        #expect(told.contains { $0.contains("does not say do_lower_case") } == lowers)
        // What was indexed before is searched as it was.
        let earlier = try OpenedModel(
            folder: folder, tower: .context, options: EncoderOptions(), rules: .earlierPooling)
        #expect((try earlier.fingerprint() == encoder.fingerprint) != lowers)
        let expected = try TextEncoder.load(
            folder: folder, tower: .context, expecting: try earlier.fingerprint())
        #expect(expected.fingerprint == (try earlier.fingerprint()))
        #expect(expected.encode(questions: texts) != lowered.encode(questions: texts))
    }

    @Test func `of two files that lower-case or do not the one that counts is told`() throws {
        let lower = try inspect("st_lower", [:])
        #expect(
            lower.warnings.contains { $0.contains("the tokenizer false: texts are lower-cased") })
        #expect(lower.towers.allSatisfy { $0.steps == ["lower-cased first"] })
        let cased = try inspect(
            "st_maxlen",
            try edited(
                "st_maxlen", "tokenizer_config.json", #""do_lower_case": true"#,
                #""do_lower_case": false"#))
        #expect(
            cased.warnings.contains(
                "tokenizer_config.json says do_lower_case false, tokenizer.json true:"
                    + " tokenizer_config.json counts."), "\(cased.warnings)")
    }

    @Test func `of several prompts and poolings the one that counts is told`() throws {
        let prompts = try inspect(
            "st_prompts",
            [
                "config_sentence_transformers.json":
                    #"{"prompts": {"document": "d: ", "passage": "p: ", "corpus": "d: "}}"#
            ])
        #expect(
            prompts.warnings.contains {
                $0.contains("a prompt “passage” for passages: “document” counts")
            }, "\(prompts.warnings)")
        #expect(!prompts.warnings.contains { $0.contains("“corpus”") })
        let arguments = #"{"model_class": "RetrievalModel", "use_pooler_output": true}"#
        let modules = try inspect("st_maxlen", ["model_args.json": arguments])
        #expect(
            modules.warnings.contains(
                "modules.json pools by mean, model_args.json by pooler: modules.json counts."),
            "\(modules.warnings)")
        // Simple Transformers looks for the mean first.
        let both =
            #"{"model_class": "RetrievalModel", "use_pooler_output": true, "mean_pooling": true}"#
        let scratch = try TemporaryFolder()
        for file in ["config.json", "model.safetensors", "tokenizer.json", "vocab.txt"] {
            try scratch.copy(Goldens.path("models/st_maxlen/\(file)"), file)
        }
        try scratch.write("model_args.json", both)
        let mean = try ModelInspection.inspect(folder: scratch.path)
        #expect(mean.warnings.contains { $0.contains("mean_pooling counts") })
        #expect(mean.towers.allSatisfy { $0.pooling == "mean" })
        try scratch.write(
            "model_args.json", #"{"model_class": "RetrievalModel", "multi_head_vectors": true}"#)
        let error = failure { () throws(ModelError) in
            try ModelInspection.inspect(folder: scratch.path)
        }
        #expect(
            error
                == .severalVectors(
                    path: scratch.path + "/model_args.json", key: "multi_head_vectors"))
    }

    @Test func `a linear layer is inspected with its weights`() throws {
        let sound = try inspect("st_dense_tanh", [:])
        #expect(sound.towers.allSatisfy { $0.steps.contains { $0.hasSuffix(", tanh") } })
        let file = "2_Dense/config.json"
        let text = try String(
            contentsOfFile: Goldens.path("models/st_dense_tanh/" + file), encoding: .utf8)
        let other = text.replacing(/"out_features": [0-9]+/, with: "\"out_features\": 24")
        let error = failure { () throws(ModelError) in
            do {
                return try inspect("st_dense_tanh", [file: other])
            } catch let error as ModelError {
                throw error
            } catch {
                return sound
            }
        }
        #expect("\(String(describing: error))".contains("linear.weight"))
    }
}
