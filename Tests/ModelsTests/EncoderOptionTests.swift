import Foundation
import TestSupport
import Testing

@testable import Models

/// What a user decides of an encoder in its folder's place, and what is kept of that.
@Suite struct EncoderOptionTests {
    private let texts = ["Paris is the Capital of France.", "a river and a tower of stone"]

    /// A plain BERT: the tensors and the tokenizer of a golden folder, and no list of modules.
    private func plain(_ name: String = "st_maxlen") throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        for file in ["config.json", "model.safetensors", "tokenizer.json", "vocab.txt"] {
            try FileManager.default.copyItem(
                atPath: Goldens.path("models/\(name)/\(file)"), toPath: "\(folder.path)/\(file)")
        }
        return folder
    }

    @Test func `ways of pooling have the names of sentence-transformers, and one of BERT`() {
        for name in PoolingChoice.names {
            #expect(PoolingChoice(rawValue: name)?.rawValue == name)
        }
        #expect(PoolingChoice(rawValue: "mean+cls")?.rawValue == "mean+cls")
        for name in ["", "+", "cls+cls", "attention", "pooler+cls", "CLS", "cls+"] {
            #expect(PoolingChoice(rawValue: name) == nil, "\(name)")
        }
    }

    @Test func `a pooling that is asked for gives the vectors of a folder that says so`() throws {
        let golden = try GoldenCase("st_folders")
        let texts = try #require(golden.json["texts"] as? [String])
        for name in ["cls", "lasttoken", "max", "mean", "weightedmean"] {
            let encoder = try TextEncoder.load(
                folder: Goldens.path("models/st_pooling"), tower: .question,
                options: EncoderOptions(
                    questionPrefix: "", pooling: PoolingChoice(rawValue: name)))
            let expected = try golden.floats("pooling." + name)
            #expect(largestDifference(encoder.encode(questions: texts), expected) < 1e-4, "\(name)")
        }
    }

    @Test func `what changes vectors changes the fingerprint, and is told once`() throws {
        let folder = try plain()
        defer { folder.remove() }
        let options: [EncoderOptions] = [
            EncoderOptions(), EncoderOptions(pooling: .cls), EncoderOptions(pooling: .pooler),
            EncoderOptions(normalises: true), EncoderOptions(maximumLength: 8),
            EncoderOptions(passagePrefix: "passage: "), EncoderOptions(lowercases: true),
            EncoderOptions(pooling: PoolingChoice(rawValue: "cls+max")),
        ]
        var prints: Set<String> = []
        var vectors: Set<[Float]> = []
        for options in options {
            let encoder = try TextEncoder.load(
                folder: folder.path, tower: .context, options: options)
            prints.insert(encoder.fingerprint)
            vectors.insert(encoder.encode(passages: texts.map { ("", $0) }))
            #expect((encoder.report.assumption == nil) == (options.pooling != nil))
        }
        #expect(prints.count == options.count)
        // The tokenizer lower-cases already.
        #expect(vectors.count == options.count - 1)
        let named = try EncoderIdentity(
            folder: folder.path, tower: .context, options: EncoderOptions(pooling: .mean))
        #expect(
            try TextEncoder.fingerprint(folder: folder.path, tower: .context)
                == named.fingerprint)
    }

    @Test func `options that a model cannot have are refused with what it can`() throws {
        let folder = try plain()
        defer { folder.remove() }
        let long = failure { () throws(ModelError) in
            try TextEncoder.load(
                folder: folder.path, tower: .context, options: EncoderOptions(maximumLength: 49))
        }
        #expect("\(try #require(long))".contains("8 to 48"))
        let model = try goldenModel("dpr_ctx")
        defer { model.remove() }
        let pooled = failure { () throws(ModelError) in
            try TextEncoder.load(
                folder: model.path, tower: .context, options: EncoderOptions(pooling: .mean))
        }
        #expect("\(try #require(pooled))".contains("--pooling mean"))
    }

    @Test(arguments: ["st_prompts", "st_lower", "st_noprompt", "st_maxlen", "st_dense_tanh"])
    func `resolved options hold whatever the folder comes to say`(name: String) throws {
        let copy = try TemporaryFolder()
        defer { copy.remove() }
        let folder = copy.path + "/model"
        try FileManager.default.copyItem(atPath: Goldens.path("models/" + name), toPath: folder)
        let before = try TextEncoder.load(folder: folder, tower: .context)
        for file in [
            "sentence_bert_config.json", "config_sentence_transformers.json",
            "1_Pooling/config.json",
        ] {
            try? FileManager.default.removeItem(atPath: "\(folder)/\(file)")
        }
        try #"{"pooling_mode": "max"}"#.write(
            toFile: folder + "/1_Pooling/config.json", atomically: true, encoding: .utf8)
        let changed = try EncoderIdentity(folder: folder, tower: .context)
        #expect(changed.fingerprint != before.fingerprint)
        let after = try TextEncoder.load(
            folder: folder, tower: .context, options: before.resolved)
        #expect(after.fingerprint == before.fingerprint)
        #expect(after.encode(questions: texts) == before.encode(questions: texts))
        let again = try JSONDecoder().decode(
            EncoderOptions.self, from: try JSONEncoder().encode(before.resolved))
        #expect(again == before.resolved)
    }

    @Test func `towers of Simple Transformers are pooled and cut as it does`() throws {
        let parent = try TemporaryFolder()
        defer { parent.remove() }
        let model = try plain()
        defer { model.remove() }
        let tower = parent.path + "/query_encoder"
        try FileManager.default.copyItem(atPath: model.path, toPath: tower)
        func encoder(_ more: String) throws -> TextEncoder {
            try #"{"model_class": "RetrievalModel", "max_seq_length": 16\#(more)}"#.write(
                toFile: parent.path + "/model_args.json", atomically: true, encoding: .utf8)
            return try TextEncoder.load(folder: tower, tower: .question)
        }
        for (more, pooling) in [
            ("", PoolingChoice.cls), (#", "use_pooler_output": true"#, .pooler),
            (#", "mean_pooling": true, "use_pooler_output": true"#, .mean),
        ] {
            let found = try encoder(more)
            #expect(found.maximumLength == 16 && found.report.assumption == nil)
            let asked = try TextEncoder.load(
                folder: model.path, tower: .question,
                options: EncoderOptions(pooling: pooling, maximumLength: 16))
            #expect(found.encode(questions: texts) == asked.encode(questions: texts))
            #expect(found.fingerprint == asked.fingerprint)
        }
        let joined = failure { () throws(ModelError) in
            do {
                _ = try encoder(#", "concatenate_embeddings": true"#)
            } catch let error as ModelError {
                throw error
            } catch {
                Issue.record("\(error)")
            }
        }
        #expect("\(try #require(joined))".contains("concatenate_embeddings"))
        // A collection from before these arguments were read goes on by the mean.
        _ = try encoder("")
        let before = try EncoderIdentity(
            folder: model.path, tower: .question, options: EncoderOptions(pooling: .mean))
        let kept = try EncoderIdentity(
            folder: tower, tower: .question, expecting: before.fingerprint)
        #expect(kept.fingerprint == before.fingerprint && kept.resolved.pooling == .mean)
    }

    @Test(arguments: [PoolingChoice.cls, .mean, .pooler])
    func `a trained folder keeps pooling, lengths and prefixes`(pooling: PoolingChoice) throws {
        let folder = try plain()
        defer { folder.remove() }
        let options = EncoderOptions(
            questionPrefix: "query: ", pooling: pooling, normalises: true)
        let trained = try TrainableEncoder.load(
            folder: folder.path, tower: .question, options: options)
        let out = folder.path + "/out"
        try trained.save(to: out, questionTokens: 12, passageTokens: 20)
        for (tower, length) in [(Tower.question, 12), (.context, 20)] {
            let opened = try TextEncoder.load(folder: out, tower: tower)
            #expect(opened.maximumLength == length && opened.report.assumption == nil)
            let asked = try TextEncoder.load(
                folder: folder.path, tower: tower,
                options: EncoderOptions(
                    questionPrefix: "query: ", passagePrefix: "", pooling: pooling,
                    normalises: true, maximumLength: length))
            #expect(opened.encode(questions: texts) == asked.encode(questions: texts))
            #expect(
                opened.encode(passages: texts.map { ("", $0) })
                    == asked.encode(passages: texts.map { ("", $0) }))
        }
        let lengths = try JSONFile(out + "/sentence_bert_config.json", purpose: "lengths")
        #expect(try lengths.integer("max_seq_length") == 20)
        // Trained on, it is the same model.
        let again = try TrainableEncoder.load(folder: out, tower: .question)
        #expect(again.poolingName == pooling.rawValue + ", normalised")
        #expect(again.maximumLength == 12)
    }

    @Test func `training computes the pooler's vectors, and their gradients move it`() throws {
        let folder = try plain()
        defer { folder.remove() }
        let options = EncoderOptions(pooling: .pooler)
        let trained = try TrainableEncoder.load(
            folder: folder.path, tower: .question, options: options)
        let encoder = try TextEncoder.load(
            folder: folder.path, tower: .question, options: options)
        var sequences = TokenSequences()
        for text in texts { sequences.append(trained.tokenise(question: text)) }
        let encoded = trained.forward(sequences)
        #expect(encoded.rows == encoder.encode(questions: texts))
        trained.parameters.zeroGradients()
        trained.backward(encoded, rowGradients: encoded.rows.map { _ in 1 })
        let pooler = try #require(
            trained.parameters.entries.first { $0.name == "pooler.dense.weight" })
        #expect(trained.parameters.gradients[pooler.range].contains { $0 != 0 })
    }
}
