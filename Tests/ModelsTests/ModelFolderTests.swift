import Foundation
import Tensors
import TestSupport
import Testing

@testable import Models

@Suite("Model folders")
struct ModelFolderTests {
    private let layer = "ctx_encoder.bert_model.encoder.layer.0.output.dense.weight"

    private func load(
        _ folder: TemporaryFolder, _ tower: Tower = .context, _ segmentIDs: SegmentIDs? = nil
    ) -> ModelError? {
        failure { () throws(ModelError) in
            try TextEncoder.load(
                folder: folder.path, tower: tower,
                options: EncoderOptions(segmentIDs: segmentIDs))
        }
    }

    @Test(arguments: ["config.json", "model.safetensors"])
    func `a missing file is named`(file: String) throws {
        let folder = try goldenModel("dpr_ctx")
        try folder.remove(file)
        guard case .missingFile(let path, _) = load(folder) else {
            Issue.record("\(String(describing: load(folder)))")
            return
        }
        #expect(path == folder.path + "/" + file)
    }

    @Test
    func `a folder without vocabulary is refused, and one that is not there too`() throws {
        let folder = try goldenModel("dpr_ctx")
        for file in ["vocab.txt", "tokenizer.json"] { try? folder.remove(file) }
        #expect(
            load(folder)
                == .missingFile(
                    path: folder.path + "/vocab.txt", purpose: "the tokenizer's vocabulary"))
        let none = failure { () throws(ModelError) in
            try TextEncoder.load(folder: folder.path + "/none", tower: .context)
        }
        #expect(
            none == .missingFile(path: folder.path + "/none", purpose: "the model's folder"))
    }

    @Test
    func `the other tower is refused`() throws {
        let context = try goldenModel("dpr_ctx")
        #expect(
            load(context, .question)
                == .wrongTower(
                    folder: context.path, expected: "a DPR question encoder",
                    found: "a DPR context encoder"))
        let question = try goldenModel("dpr_question")
        guard case .wrongTower = load(question, .context) else {
            Issue.record("a question encoder was taken for a context encoder")
            return
        }
    }

    @Test
    func `a reader is no encoder`() throws {
        let folder = try goldenModel("dpr_reader")
        #expect(
            load(folder) == .unknownArchitecture(folder: folder.path, found: "a DPR reader"))
    }

    @Test
    func `weights that are not finite are named with their place`() throws {
        let folder = try goldenModel("dpr_ctx")
        let path = folder.path + "/model.safetensors"
        let good = try Data(contentsOf: URL(fileURLWithPath: path))
        for bad in [Float.nan, .infinity, -.infinity] {
            var data = good
            let tensor = try #require(Checkpoint.openSafetensors(path).tensors[layer])
            let place = tensor.offset + 4 * (3 * tensor.shape[1] + 5)
            withUnsafeBytes(of: bad) { data.replaceSubrange(place..<place + 4, with: $0) }
            try folder.write("model.safetensors", data)
            #expect(
                load(folder)
                    == .notFinite(path: path, name: layer, index: 3 * tensor.shape[1] + 5))
            try folder.write("model.safetensors", good)
        }
    }

    @Test
    func `a missing tensor and a wrong shape are named`() throws {
        let folder = try goldenModel("dpr_ctx")
        let checkpoint = try Checkpoint.open(folder: folder.path)
        var tensors: [(name: String, shape: [Int], values: [Float])] = []
        for (name, tensor) in checkpoint.tensors where name != layer {
            let values = try checkpoint.floats(name, shape: tensor.shape).array
            tensors.append((name, tensor.shape, values))
        }
        let path = folder.path + "/model.safetensors"
        try folder.write("model.safetensors", safetensors(tensors))
        #expect(load(folder) == .missingTensor(path: path, name: layer))
        let shape = try #require(checkpoint.tensors[layer]).shape
        let narrow = [shape[0], shape[1] - 8]
        tensors.append((layer, narrow, [Float](repeating: 0, count: narrow[0] * narrow[1])))
        try folder.write("model.safetensors", safetensors(tensors))
        #expect(
            load(folder)
                == .wrongShape(path: path, name: layer, expected: shape, found: narrow))
    }

    @Test
    func `tensors beyond the parameters are listed`() throws {
        let folder = try goldenModel("dpr_ctx")
        let checkpoint = try Checkpoint.open(folder: folder.path)
        var tensors: [(name: String, shape: [Int], values: [Float])] = [
            ("unexpected.extra", [3], [1, 1, 1])
        ]
        for (name, tensor) in checkpoint.tensors {
            let values = try checkpoint.floats(name, shape: tensor.shape).array
            tensors.append((name, tensor.shape, values))
        }
        try folder.write("model.safetensors", safetensors(tensors))
        let encoder = try TextEncoder.load(folder: folder.path, tower: .context)
        #expect(encoder.report.unusedTensors == ["unexpected.extra"])
        #expect(encoder.report.weightFiles == [folder.path + "/model.safetensors"])
        #expect(encoder.report.notes == [])
    }

    @Test
    func `a vocabulary of another model is refused`() throws {
        let folder = try goldenModel("dpr_ctx")
        try? folder.remove("tokenizer.json")
        var vocabulary = 0
        try folder.edit("vocab.txt") { text in
            vocabulary = text.split(separator: "\n").count
            return text + "onemore\n"
        }
        #expect(
            load(folder)
                == .vocabularyMismatch(
                    folder: folder.path, vocabulary: vocabulary + 1, embeddingRows: vocabulary))
        // Embeddings may be padded, but not by a thousand rows.
        try folder.edit("vocab.txt") { text in
            text.split(separator: "\n").prefix(vocabulary - 1_000).joined(separator: "\n") + "\n"
        }
        guard case .vocabularyMismatch = load(folder) else {
            Issue.record("\(String(describing: load(folder)))")
            return
        }
    }

    /// Edits of `config.json` by key: the value, and whether it is unsupported rather than wrong.
    static let edits: [(String, String, Bool)] = [
        ("num_attention_heads", "9973", false), ("num_attention_heads", "0", false),
        ("hidden_size", "\"48\"", false), ("num_hidden_layers", "-2", false),
        ("layer_norm_eps", "2", false), ("vocab_size", "1.5", false),
        ("max_position_embeddings", "null", false), ("hidden_act", "\"mish\"", true),
        ("position_embedding_type", "\"relative_key\"", true), ("is_decoder", "true", true),
    ]

    @Test(arguments: edits)
    func `a configuration that cannot be meant is refused by key`(
        key: String, value: String, isUnsupported: Bool
    ) throws {
        let folder = try goldenModel("dpr_ctx")
        try folder.edit("config.json") { text in
            let lines = text.split(separator: "\n").filter { !$0.contains("\"\(key)\"") }
            return lines.joined(separator: "\n").replacing(",\n}", with: "\n}").replacing(
                "{", with: "{\"\(key)\": \(value),", maxReplacements: 1)
        }
        switch load(folder) {
        case .invalidConfiguration(_, key, _): #expect(!isUnsupported)
        case .unsupportedConfiguration(_, key, _): #expect(isUnsupported)
        case let other: Issue.record("\(String(describing: other))")
        }
    }

    @Test
    func `another architecture is refused by its type`() throws {
        let folder = try goldenModel("dpr_ctx")
        try folder.edit("config.json") { $0.replacing("\"dpr\"", with: "\"roberta\"") }
        guard case .unknownArchitecture(_, let found) = load(folder) else {
            Issue.record("\(String(describing: load(folder)))")
            return
        }
        #expect(found.contains("roberta"))
    }

    @Test
    func `modules that are not computed are refused`() throws {
        let folder = try sentenceModel(pooling: "pooling_mode_mean_tokens")
        #expect(load(folder) == nil)
        try folder.edit("modules.json") { $0.replacing("models.Normalize", with: "models.LSTM") }
        #expect(
            load(folder)
                == .unsupportedModule(path: folder.path + "/modules.json", type: "LSTM"))
    }

    @Test(
        arguments: [
            #"{"pooling_mode": []}"#, #"{"pooling_mode": [1]}"#,
            #"{"pooling_mode_mean_tokens": 1}"#, #"{"pooling_mode": "sum"}"#,
            #"{"pooling_mode_mean_tokens": true, "word_embedding_dimension": 7}"#,
        ])
    func `pooling must be by known modes of the right width`(json: String) throws {
        let folder = try sentenceModel(pooling: "pooling_mode_mean_tokens")
        try folder.write("1_Pooling/config.json", json)
        switch load(folder) {
        case .invalidConfiguration, .unsupportedConfiguration: break
        case let other: Issue.record("\(String(describing: other))")
        }
    }

    @Test
    func `a plain BERT folder is pooled by the mean and says so`() throws {
        let folder = try sentenceModel(pooling: "pooling_mode_mean_tokens")
        try folder.remove("modules.json")
        let encoder = try TextEncoder.load(folder: folder.path, tower: .question)
        #expect(encoder.kind == .sentence)
        #expect(encoder.report.notes.count == 1)
        let vector = encoder.encode(questions: ["mars"])
        #expect(abs(vector.reduce(0) { $0 + $1 * $1 } - 1) > 1e-3, "not normalised")
    }

    @Test
    func `the maximum length comes from the folder and is bounded by the positions`() throws {
        let folder = try sentenceModel(pooling: "pooling_mode_mean_tokens")
        let positions = try TextEncoder.load(folder: folder.path, tower: .context)
        #expect(positions.maximumLength == positions.description.configuration.positions)
        try folder.write("sentence_bert_config.json", #"{"max_seq_length": 16}"#)
        let encoder = try TextEncoder.load(folder: folder.path, tower: .context)
        #expect(encoder.maximumLength == 16)
        let long = String(repeating: "mars ", count: 400)
        #expect(encoder.encode(questions: [long]).count == encoder.dimension)
    }

    @Test
    func `the fingerprint tells settings and content apart`() throws {
        let folder = try goldenModel("dpr_ctx")
        let encoder = try TextEncoder.load(folder: folder.path, tower: .context)
        let print = try TextEncoder.fingerprint(folder: folder.path, tower: .context)
        #expect(print == encoder.fingerprint)
        #expect(print.count == 64)
        let pair = try TextEncoder.fingerprint(
            folder: folder.path, tower: .context,
            options: EncoderOptions(segmentIDs: .pair))
        #expect(pair != print)
        let copy = try goldenModel("dpr_ctx")
        #expect(try TextEncoder.fingerprint(folder: copy.path, tower: .context) == print)
        try copy.edit("tokenizer_config.json") { $0 + " " }
        #expect(try TextEncoder.fingerprint(folder: copy.path, tower: .context) != print)
    }

    @Test
    func `sharded weights are read as one`() throws {
        let whole = try goldenModel("dpr_ctx")
        let checkpoint = try Checkpoint.open(folder: whole.path)
        let names = checkpoint.tensors.keys.sorted()
        let folder = try goldenModel("dpr_ctx")
        try folder.remove("model.safetensors")
        var map: [String] = []
        for (index, part) in [names.prefix(20), names.dropFirst(20)].enumerated() {
            let file = "model-0000\(index + 1)-of-00002.safetensors"
            let tensors = try part.map { name in
                let shape = try #require(checkpoint.tensors[name]).shape
                return (name, shape, try checkpoint.floats(name, shape: shape).array)
            }
            try folder.write(file, safetensors(tensors))
            map += part.map { "\"\($0)\": \"\(file)\"" }
        }
        let index = "model.safetensors.index.json"
        try folder.write(index, "{\"weight_map\": {\(map.joined(separator: ","))}}")
        let one = try TextEncoder.load(folder: whole.path, tower: .context)
        let other = try TextEncoder.load(folder: folder.path, tower: .context)
        let vector = bits(one.encode(questions: ["the red planet"]))
        #expect(bits(other.encode(questions: ["the red planet"])) == vector)
        #expect(other.report.weightFiles.count == 2)
        try folder.edit(index) { $0.replacing("model-00001", with: "../model-00001") }
        guard case .invalidConfiguration = load(folder) else {
            Issue.record("a shard outside the folder was opened")
            return
        }
        try folder.edit(index) { $0.replacing("../model-00001", with: "model-00003") }
        guard case .missingFile = load(folder) else {
            Issue.record("a missing shard was not noticed")
            return
        }
    }
}

@Suite("Folders of a collection's towers")
struct ModelFoldersTests {
    @Test
    func `one sentence encoder serves both towers, a DPR encoder its own`() throws {
        let folder = try sentenceModel(pooling: "pooling_mode_mean_tokens")
        let both = try ModelFolders.resolve(model: folder.path)
        #expect(both == ModelFolders(question: folder.path, context: folder.path))
        let context = try goldenModel("dpr_ctx")
        let one = try ModelFolders.resolve(model: context.path)
        #expect(one == ModelFolders(question: nil, context: context.path))
    }

    @Test(arguments: ["question_encoder", "query_encoder"])
    func `subfolders name the towers`(name: String) throws {
        let folder = try TemporaryFolder()
        try folder.write(name + "/config.json", "{}")
        let question = folder.path + "/" + name
        #expect(
            try ModelFolders.resolve(model: folder.path)
                == ModelFolders(question: question, context: nil))
        try folder.write("context_encoder/config.json", "{}")
        let context = folder.path + "/context_encoder"
        #expect(
            try ModelFolders.resolve(model: folder.path)
                == ModelFolders(question: question, context: context))
        #expect(
            try ModelFolders.resolve(model: folder.path, question: context)
                == ModelFolders(question: context, context: context))
    }

    @Test
    func `a folder that is not there is refused`() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/none"
        for options in [(path, nil, nil), (nil, path, nil), (nil, nil, path)]
            as [(String?, String?, String?)]
        {
            let error = failure { () throws(ModelError) in
                try ModelFolders.resolve(
                    model: options.0, question: options.1, context: options.2)
            }
            #expect(error == .missingFile(path: path, purpose: "the model's folder"))
        }
        #expect(try ModelFolders.resolve() == ModelFolders(question: nil, context: nil))
    }
}
