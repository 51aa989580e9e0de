import Foundation
import Tensors
import TestSupport
import Testing

@testable import Models

/// Folders that users have and that hold no encoder: each is told by what it holds.
@Suite struct UnusableFolderTests {
    private func message(
        _ name: String = "st_maxlen", _ change: (TemporaryFolder) throws -> Void
    ) throws -> String {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        for file in ["config.json", "model.safetensors", "vocab.txt"] {
            try FileManager.default.copyItem(
                atPath: Goldens.path("models/\(name)/\(file)"), toPath: "\(folder.path)/\(file)")
        }
        try change(folder)
        let error = failure { () throws(ModelError) in
            let folders = try ModelFolders.resolve(model: folder.path)
            return try TextEncoder.load(folder: folders.context ?? "", tower: .context)
        }
        return error.map { "\($0)" } ?? "it was taken"
    }

    @Test func `a pointer of git-lfs is no file of weights`() throws {
        let text = try message {
            _ = try $0.write(
                "model.safetensors",
                "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 90868376\n")
        }
        #expect(text.contains("pointer of git-lfs") && text.contains("git lfs pull"))
    }

    @Test(arguments: [
        ("model.onnx", "ONNX"), ("tf_model.h5", "TensorFlow"), ("flax_model.msgpack", "Flax"),
        ("adapter_model.safetensors", "PEFT"), ("model-q8.gguf", "GGUF"),
    ])
    func `weights of another form are told by its name`(file: String, form: String) throws {
        let text = try message {
            try FileManager.default.removeItem(atPath: $0.path + "/model.safetensors")
            _ = try $0.write(file, "")
        }
        #expect(text.contains("\(file) (") && text.contains(form), "\(text)")
        #expect(text.contains("wanted is model.safetensors"))
    }

    @Test func `a tokenizer of SentencePiece is told by its name`() throws {
        let text = try message {
            try FileManager.default.removeItem(atPath: $0.path + "/vocab.txt")
            _ = try $0.write("sentencepiece.bpe.model", "")
        }
        #expect(text.contains("sentencepiece.bpe.model (SentencePiece)"), "\(text)")
    }

    @Test func `another architecture is told by the names of its configuration`() throws {
        let text = try message {
            _ = try $0.write(
                "config.json",
                #"{"model_type": "xlm-roberta", "architectures": ["XLMRobertaModel"]}"#)
            try SafetensorsWriter.write(
                [.init(name: "roberta.embeddings.x", shape: [1], values: [1])],
                to: $0.path + "/model.safetensors")
        }
        #expect(text.contains("model_type xlm-roberta, XLMRobertaModel"), "\(text)")
    }

    @Test func `a cross-encoder is no encoder`() throws {
        let text = try message { folder in
            let checkpoint = try Checkpoint.open(folder: folder.path)
            var tensors = try checkpoint.tensors.map { name, tensor in
                SafetensorsWriter.Tensor(
                    name: "bert." + name, shape: tensor.shape,
                    values: try checkpoint.floats(name, shape: tensor.shape).array)
            }
            let head = [Float](repeating: 0, count: 16)
            tensors.append(.init(name: "classifier.weight", shape: [1, 16], values: head))
            try FileManager.default.removeItem(atPath: folder.path + "/model.safetensors")
            try SafetensorsWriter.write(tensors, to: folder.path + "/model.safetensors")
            var settings = try ModelFolderWriter.settings(folder.path + "/config.json")
            settings["architectures"] = ["BertForSequenceClassification"]
            try ModelFolderWriter.text(settings).write(
                to: URL(fileURLWithPath: folder.path + "/config.json"))
        }
        #expect(text.contains("a cross-encoder (BertForSequenceClassification)"), "\(text)")
    }

    @Test func `a name of a hub is told how it becomes a folder`() {
        for name in ["sentence-transformers/all-MiniLM-L6-v2", "bert-base-uncased"] {
            let error = failure { () throws(ModelError) in try ModelFolders.resolve(model: name) }
            #expect(error == .hubName(name))
            #expect("\(error.map { "\($0)" } ?? "")".contains("sheaf model fetch \(name)"))
        }
        for path in ["./none", "/none/there", "a/b/c"] {
            let error = failure { () throws(ModelError) in try ModelFolders.resolve(model: path) }
            #expect(error == .missingFile(path: path, purpose: "the model's folder"))
        }
    }

    @Test func `both towers of a folder are inspected and converted`() throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        try Goldens.copyTowers(to: folder.path + "/pair")
        let both = try ModelInspection.inspectAll(folder: folder.path + "/pair")
        #expect(both.map { $0.towers.map(\.name) } == [["question"], ["context"]])
        let written = try ModelConversion(
            source: folder.path + "/pair", target: folder.path + "/out"
        ).run()
        #expect(written.count == 2)
        let again = try ModelFolders.resolve(model: folder.path + "/out")
        let tower = try TextEncoder.load(folder: try #require(again.question), tower: .question)
        let before = try TextEncoder.load(
            folder: folder.path + "/pair/question_encoder", tower: .question)
        #expect(tower.encode(questions: ["a river"]) == before.encode(questions: ["a river"]))
    }
}
