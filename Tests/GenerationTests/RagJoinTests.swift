import Foundation
import Models
import TestSupport
import Testing

@testable import Generation

/// RAG folders that are written, opened again by what reads them.
@Suite("RAG folders")
struct RagJoinTests {
    /// A DPR question encoder and a generator with their tokenizers; a vocabulary that is larger
    /// than the tiny generator's is refused, so that it gets one of its own size.
    private func parts(
        generator: String = "bart_tiny"
    ) throws -> (folder: TemporaryFolder, question: String, generator: String) {
        let folder = try TemporaryFolder()
        let question = folder.path + "/question"
        try Goldens.copyModel("dpr_question", to: question, from: Goldens.subset)
        for file in ["config.json", "generation_config.json", "model.safetensors"] {
            try folder.copy(Goldens.subset + "/models/\(generator)/\(file)", "generator/" + file)
        }
        let words = ["<s>", "<pad>", "</s>", "<unk>", "a", "b", "c"]
        let vocabulary = words.enumerated().map { "\"\($1)\": \($0)" }.joined(separator: ", ")
        _ = try folder.write("generator/vocab.json", "{\(vocabulary)}")
        _ = try folder.write("generator/merges.txt", "#version: 0.2\n")
        return (folder, question, folder.path + "/generator")
    }

    @Test(arguments: ["bart_tiny", "t5_tiny", "t5_tiny_gated"])
    func `both parts of a joined folder are what they were`(_ name: String) throws {
        let (folder, question, generator) = try parts(generator: name)
        defer { folder.remove() }
        var join = RagJoin(
            questionEncoder: question, generator: generator, target: folder.path + "/rag")
        join.kind = .token
        join.passages = 3
        join.maximumCombinedLength = 24
        let written = try join.run()
        #expect(written.configuration.vectorSize == 48 && written.tensors > 40)

        let configuration = try RagConfiguration(folder: written.folder)
        #expect(configuration == written.configuration)
        #expect((configuration.passages, configuration.maximumCombinedLength) == (3, 24))

        let source = [Int32](4...12)
        let alone = try Generator.load(folder: generator)
        let joined = try Generator.load(folder: written.folder)
        var options = GenerationOptions()
        options.maximumLength = 8
        #expect(
            try joined.generate([source], options: options)
                == alone.generate([source], options: options))
        #expect(joined.unusedTensors.allSatisfy { $0.hasPrefix("rag.question_encoder.") })

        let before = try TextEncoder.load(folder: question, tower: .question)
        let after = try TextEncoder.load(folder: written.folder, tower: .question)
        let texts = ["who wrote faust", "What is the capital of France?"]
        #expect(after.encode(questions: texts) == before.encode(questions: texts))
        #expect(try TextEncoder.towers(inFolder: written.folder) == [.question])
    }

    @Test func `a joined folder can be joined again`() throws {
        let (folder, question, generator) = try parts()
        defer { folder.remove() }
        let (first, second) = (folder.path + "/rag", folder.path + "/again")
        _ = try RagJoin(questionEncoder: question, generator: generator, target: first).run()
        _ = try RagJoin(questionEncoder: first, generator: first, target: second).run()
        for name in ["model.safetensors", "generator_tokenizer/vocab.json"] {
            let files = try [first, second].map {
                try Data(contentsOf: URL(fileURLWithPath: "\($0)/\(name)"))
            }
            #expect(files[0] == files[1], "\(name)")
        }
        #expect(
            try RagConfiguration(folder: first) == RagConfiguration(folder: second))
    }

    @Test func `weights in 16 bits are the rounded ones`() throws {
        let (folder, question, generator) = try parts()
        defer { folder.remove() }
        var join = RagJoin(
            questionEncoder: question, generator: generator, target: folder.path + "/rag")
        let whole = try join.run()
        join.type = .float16
        join.target = folder.path + "/half"
        let half = try join.run()
        #expect(2 * half.bytes == whole.bytes)
        _ = try Generator.load(folder: half.folder)
    }

    @Test func `what the generator's files say of generating stays`() throws {
        let (folder, question, generator) = try parts()
        defer { folder.remove() }
        _ = try folder.write(
            "generator/generation_config.json",
            #"{"num_beams": 3, "max_length": 9, "length_penalty": 0.5, "bos_token_id": 0}"#)
        let target = folder.path + "/rag"
        _ = try RagJoin(questionEncoder: question, generator: generator, target: target).run()
        let joined = try Generator.load(folder: target)
        for settings in [joined.settings, joined.settings(.sequence), joined.settings(.token)] {
            let found = try settings.resolve(
                GenerationOptions(), vocabulary: joined.vocabularySize, longest: nil)
            #expect((found.beams, found.maximumLength, found.lengthPenalty) == (3, 9, 0.5))
        }
    }

    @Test func `a part that does not fit is refused by its file, and nothing is written`() throws {
        let (folder, question, generator) = try parts()
        defer { folder.remove() }
        let target = folder.path + "/rag"
        func refusal(
            _ question: String, _ generator: String,
            _ change: (inout RagJoin) -> Void = { _ in }
        ) -> String {
            var join = RagJoin(questionEncoder: question, generator: generator, target: target)
            change(&join)
            return failure { () throws(GenerationError) in try join.run() }?.description ?? ""
        }
        #expect(refusal(generator, generator).contains(generator))
        #expect(refusal(question, question).contains("model_type dpr"))
        #expect(refusal(folder.path + "/none", generator).contains("none"))
        #expect(
            refusal(question, generator) { $0.target = generator }
                .contains("Name another"))
        #expect(refusal(question, generator) { $0.passages = 0 }.contains("n_docs is 0"))
        let long = refusal(question, generator) { $0.maximumCombinedLength = 4_000 }
        #expect(long.contains("max_combined_length is 4000") && long.contains("positions"))
        try FileManager.default.removeItem(atPath: generator + "/vocab.json")
        #expect(refusal(question, generator).contains("vocab.json"))
        let tooMany = (4..<3_000).map { "\"<\($0)>\": \($0)" }.joined(separator: ", ")
        _ = try folder.write(
            "generator/vocab.json",
            "{\"<s>\": 0, \"<pad>\": 1, \"</s>\": 2, \"<unk>\": 3, \(tooMany)}")
        #expect(refusal(question, generator).contains("embedding"))
        // One piece more than rows: an ordinary one is refused, the mask is not.
        let rows = try Generator.load(folder: generator).vocabularySize
        func give(_ last: String) throws {
            let pieces = (4..<rows).map { "\"<\($0)>\": \($0)" } + ["\"\(last)\": \(rows)"]
            _ = try folder.write(
                "generator/vocab.json",
                "{\"<s>\": 0, \"<pad>\": 1, \"</s>\": 2, \"<unk>\": 3, "
                    + pieces.joined(separator: ", ") + "}")
        }
        try give("one")
        #expect(refusal(question, generator).contains("embedding"))
        #expect(!FileManager.default.fileExists(atPath: target))
        try give("<mask>")
        #expect(refusal(question, generator) == "")
    }

    @Test(arguments: [("tf_model.h5", "TensorFlow"), ("flax_model.msgpack", "Flax")])
    func `weights of other programs are refused by name`(file: String, program: String) throws {
        let (folder, question, generator) = try parts()
        defer { folder.remove() }
        let target = folder.path + "/rag"
        _ = try RagJoin(questionEncoder: question, generator: generator, target: target).run()
        try FileManager.default.moveItem(
            atPath: target + "/model.safetensors", toPath: target + "/" + file)
        let encoder = #expect(throws: ModelError.self) {
            try TextEncoder.load(folder: target, tower: .question)
        }
        let errors: [String] = [
            failure { () throws(GenerationError) in
                try Generator.load(folder: target)
            }?.description ?? "",
            encoder?.description ?? "",
        ]
        for error in errors { #expect(error.contains(file) && error.contains(program)) }
    }

    @Test func `RAG's own context tower is not there`() throws {
        let (folder, question, generator) = try parts()
        defer { folder.remove() }
        let target = folder.path + "/rag"
        _ = try RagJoin(questionEncoder: question, generator: generator, target: target).run()
        #expect(throws: ModelError.self) {
            try TextEncoder.load(folder: target, tower: .context)
        }
    }

    @Test(arguments: [1, 3], [false, true])
    func `weights in several files or pickled are those of one file`(
        count: Int, isPickled: Bool
    ) throws {
        let (folder, question, generator) = try parts()
        defer { folder.remove() }
        let target = folder.path + "/rag"
        _ = try RagJoin(questionEncoder: question, generator: generator, target: target).run()
        let whole = try Generator.load(folder: target)
        let encoder = try TextEncoder.load(folder: target, tower: .question)
        let weights = try WeightFiles(safetensors: target + "/model.safetensors")
        try folder.remove("rag/model.safetensors")

        let (base, suffix) = isPickled ? ("pytorch_model", "bin") : ("model", "safetensors")
        var map: [String: String] = [:]
        for part in 0..<count {
            var some = weights
            // Neighbours lie in different files, so that both models are in each.
            some.tensors = weights.tensors.enumerated().filter { $0.offset % count == part }
                .map(\.element)
            let name =
                count == 1 ? "\(base).\(suffix)" : "\(base)-0000\(part + 1)-of-00003.\(suffix)"
            for tensor in some.tensors { map[tensor.name] = name }
            _ = try folder.write("rag/" + name, isPickled ? some.pickled : try some.safetensors)
        }
        #expect(map.count == weights.tensors.count && map.count > 60)
        if count > 1 {
            _ = try folder.write(
                "rag/\(base).\(suffix).index.json",
                JSONSerialization.data(withJSONObject: [
                    "metadata": ["total_size": 4], "weight_map": map,
                ]))
        }
        let source = [Int32](4...12)
        var options = GenerationOptions()
        options.beams = 3
        options.maximumLength = 8
        let loaded = try Generator.load(folder: target)
        #expect(
            try loaded.generate([source], options: options)
                == whole.generate([source], options: options))
        let texts = ["who wrote faust", "What is the capital of France?"]
        let again = try TextEncoder.load(folder: target, tower: .question)
        #expect(again.encode(questions: texts) == encoder.encode(questions: texts))
        if count > 1 {
            let last = "\(base)-00003-of-00003.\(suffix)"
            try folder.remove("rag/" + last)
            let error = failure { () throws(GenerationError) in
                try Generator.load(folder: target)
            }
            #expect(error?.description.contains(last) == true, "\(error as Any)")
        }
    }
}
