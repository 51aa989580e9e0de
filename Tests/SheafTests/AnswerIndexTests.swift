import Foundation
import TestSupport
import Testing

@testable import Sheaf

/// `sheaf answer --index`: passages of indexes that others wrote.
@Suite(.serialized, .enabled(if: Program.isBuilt, "the program is not built"))
struct AnswerIndexTests {
    private static let indexes = TestFiles.fixtures + "/retrieval"

    private let folder: TemporaryFolder
    private let rag: String

    init() throws {
        folder = try TemporaryFolder()
        rag = try AnswerFixtures.rag(in: folder)
        // The indexes have vectors of 8 components: a projection gives the encoder as many.
        var weights = try WeightFiles(safetensors: rag + "/model.safetensors")
        let root = "rag.question_encoder.question_encoder.encode_proj."
        var dice = Dice(seed: 7)
        for (name, shape) in [("weight", [8, 16]), ("bias", [8])] {
            let values = (0..<shape.reduce(1, *)).map { _ in Float(dice.number(-50...50)) / 50 }
            weights.tensors.append(
                WeightFiles.Tensor(
                    name: root + name, shape: shape,
                    bytes: values.flatMap { withUnsafeBytes(of: $0, Array.init) }))
        }
        try folder.write("rag/model.safetensors", try weights.safetensors)
        try folder.edit("rag/config.json") {
            $0.replacing(#""projection_dim": 0"#, with: #""projection_dim": 8"#)
        }
    }

    private func run(_ arguments: [String]) throws -> Program.Outcome {
        try Program.run(arguments, data: folder.path + "/data")
    }

    private func call(_ more: [String]) -> [String] {
        [
            "answer", "--model", rag, "--max-new-tokens", "3", "--format", "jsonl",
            "--question-text", "original",
        ] + more
    }

    /// A copy of the data set and its index as `save_pretrained` of a retriever lays them.
    private func retriever() throws -> String {
        for file in try FileManager.default.contentsOfDirectory(atPath: Self.indexes + "/saved") {
            try folder.copy("\(Self.indexes)/saved/\(file)", "retriever/hf_dataset/\(file)")
        }
        try folder.copy(Self.indexes + "/flat.faiss", "retriever/hf_dataset_index.faiss")
        return folder.path + "/retriever"
    }

    @Test(arguments: ["legacy", "saved", "retriever"])
    func `answers come from the passages that the library finds`(kind: String) async throws {
        let (index, dataset): (String, String?) =
            switch kind {
            case "legacy": (Self.indexes + "/legacy", nil)
            case "saved": (Self.indexes + "/flat.faiss", Self.indexes + "/saved")
            default: (try retriever(), nil)
            }
        let questions = try folder.write("q.txt", "river\nwhich stone ?\n")
        let asked = ["--index", index] + (dataset.map { ["--dataset", $0] } ?? [])
        let outcome = try run(call(asked + ["--questions", questions]))
        #expect(outcome.status == 0, "\(outcome)")
        let answers = try WrittenAnswer.lines(outcome.output)
        let model = try RagModel.open(rag, questionEncoder: .own)
        let files = try StoredPassageFiles(index: index, passages: dataset)
        var settings = AnswerSettings()
        settings.generation.maximumNewTokens = 3
        settings.question = .original
        let own = try await model.answer(
            ["river", "which stone ?"].enumerated().map { Question(id: "\($0 + 1)", text: $1) },
            from: files, settings)
        #expect(answers.count == 2)
        for (answer, wanted) in zip(answers, own) {
            #expect(answer.answer == wanted.answers[0].text)
            #expect(answer.passages.map(\.id) == wanted.passages.map(\.passage.id))
            #expect(answer.passages.map(\.score) == wanted.passages.map(\.passage.score))
            #expect(answer.passages.count == 3 && answer.coverage == nil)
            #expect(answer.passages.allSatisfy { $0.text.hasPrefix("Text ") })
        }
        let prompts = try run(
            ["answer", "river", "--model", rag, "--prompt-only", "-k", "2"] + asked)
        #expect(prompts.status == 0, "\(prompts)")
        #expect(prompts.output.contains(own[0].passages[1].passage.text), "\(prompts)")
    }

    @Test func `a question encoder of another folder may be named`() throws {
        let bart = try AnswerFixtures.bart(in: folder)
        let call = ["answer", "river", "--index", Self.indexes + "/legacy", "--model", bart]
        let none = try run(call)
        #expect(none.status == 2 && none.error.contains("--question-model"), "\(none)")
        let named = try run(call + ["--question-model", rag])
        #expect(named.status == 0 && named.output.contains("Text "), "\(named)")
        let other = try run(
            call + ["--question-model", try Fixtures.tinyModel(in: folder.path)])
        #expect(other.status == 2, "\(other)")
        #expect(other.error.contains("48 components"), "\(other)")
    }

    @Test func `an index that is not whole is refused by its file`() throws {
        func expect(_ more: [String], says words: String...) throws {
            let outcome = try run(call(["river"] + more))
            #expect(outcome.status == 2, "\(outcome)")
            for word in words { #expect(outcome.error.contains(word), "\(word): \(outcome)") }
        }
        let flat = Self.indexes + "/flat.faiss"
        try expect(["--index", folder.path + "/none"], says: "none", "is not there")
        try expect(["--index", flat], says: "flat.faiss", "--dataset")
        try expect(["--index", folder.path], says: folder.path, ".index.dpr")
        try expect(
            ["--index", flat, "--dataset", folder.path], says: folder.path, "state.json")
        try expect(["--dataset", folder.path, "--collection", "c"], says: "--index")
        try expect(["--index", flat, "--collection", "c"], says: "--collection")
        try FileManager.default.removeItem(
            atPath: try retriever() + "/hf_dataset/data-00001-of-00002.arrow")
        try expect(["--index", folder.path + "/retriever"], says: "data-00001-of-00002.arrow")
    }

    @Test func `a run over an index goes on, and not over another`() throws {
        let questions = try folder.write(
            "q.txt", (0..<1500).map { "which river \($0) ?\n" }.joined())
        let output = folder.path + "/answers.jsonl"
        let index = try retriever()
        let call = call(["--index", index, "--questions", questions, "--output", output, "-q"])
        #expect(try run(call).status == 0)
        let whole = try folder.read("answers.jsonl")
        let header = try #require(try leftHeader(call, output))
        let kept = whole.split(separator: "\n").prefix(7).map { $0 + "\n" }.joined()
        try folder.write("answers.jsonl.partial", header + "\n" + kept)
        let again = try run(call)
        #expect(again.status == 0 && again.error.contains("7 answers were there"), "\(again)")
        #expect(try folder.read("answers.jsonl") == whole)
        try folder.write("answers.jsonl.partial", header + "\n" + kept)
        try folder.copy(Self.indexes + "/sq.faiss", "retriever/hf_dataset_index.faiss")
        let other = try run(call)
        #expect(other.status == 2 && other.error.contains("index"), "\(other)")
    }

    /// The first line that a run leaves which is ended at once.
    private func leftHeader(_ call: [String], _ output: String) throws -> String? {
        try FileManager.default.removeItem(atPath: output)
        let running = try Program.start(call, data: folder.path + "/data")
        let partial = output + ".partial"
        func first() -> String? {
            guard let text = try? String(contentsOfFile: partial, encoding: .utf8),
                text.contains("\n")
            else { return nil }
            return text.split(separator: "\n").first.map(String.init)
        }
        var header = first()
        while header == nil, running.process.isRunning {
            usleep(500)
            header = first()
        }
        kill(running.process.processIdentifier, SIGKILL)
        _ = try running.wait()
        return header
    }
}
