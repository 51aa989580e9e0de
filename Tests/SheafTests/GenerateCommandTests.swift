import Base
import Formats
import Foundation
import TestSupport
import Testing

@testable import Sheaf

/// `sheaf generate` as a user calls it.
@Suite(.serialized, .enabled(if: Program.isBuilt, "the program is not built"))
struct GenerateCommandTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func run(_ arguments: [String]) throws -> Program.Outcome {
        try Program.run(arguments, data: folder.path + "/data")
    }

    private struct Line: Decodable {
        struct Other: Decodable {
            var output: String
        }
        var id: String
        var input: String
        var output: String
        var score: Double
        var others: [Other]?
    }

    @Test func `a run ends between tokens, and is gone on with in the same numbers`() throws {
        let model = try AnswerFixtures.bart(in: folder)
        var order = GenerateOrder([Question(id: "1", text: "stone")])
        order.asJSON = true
        order.output = folder.path + "/out.jsonl"
        let opened = try TextGenerator.open(model)
        let asked = Locked(0)
        #expect {
            _ = try order.run(opened) {
                asked.withLock { $0 += 1 }
                return true
            }
        } throws: { error in
            guard case .interrupted = error as? SheafError else { return false }
            return true
        }
        #expect(asked.withLock { $0 } > 1)
        order.texts.append(Question(id: "2", text: "river"))
        _ = try order.run(
            opened,
            progress: { done in
                // As a run that was ended leaves it.
                if done == 2 {
                    try? FileManager.default.copyItem(
                        atPath: folder.path + "/out.jsonl.partial", toPath: folder.path + "/kept")
                }
            })
        try FileManager.default.moveItem(
            atPath: folder.path + "/kept", toPath: folder.path + "/out.jsonl.partial")
        var loading = GeneratorLoading()
        loading.precision = .i16
        let other = try TextGenerator.open(model, loading)
        let error = #expect(throws: SheafError.self) { try order.run(other) }
        #expect("\(error as Any)".contains("precision"), "\(error as Any)")
        #expect(try order.run(opened).before == 2)
    }

    @Test(arguments: ["bart", "t5", "rag"])
    func `outputs are the model's, line by line`(name: String) throws {
        let model =
            switch name {
            case "bart": try AnswerFixtures.bart(in: folder)
            case "t5": try AnswerFixtures.t5(in: folder)
            default: try AnswerFixtures.rag(in: folder)
            }
        let texts = ["river has salt", "stone", "river has salt"]
        let input = try folder.write("in.txt", texts.map { $0 + "\n" }.joined())
        let call = ["generate", "--input", input, "--model", model, "--beams", "3"]
        let plain = try run(call)
        #expect(plain.status == 0, "\(plain)")
        let json = try run(call + ["--format", "jsonl", "--returns", "2"])
        let lines = try json.output.split(separator: "\n").map {
            try Program.decode(Line.self, from: "\($0)")
        }
        #expect(lines.map(\.input) == texts && lines.map(\.id) == ["1", "2", "3"])
        #expect(lines.allSatisfy { $0.others?.count == 1 })
        #expect(plain.output == lines.map { $0.output + "\n" }.joined())
        let opened = try TextGenerator.open(model)
        var options = GenerationOptions()
        options.beams = 3
        let own = try opened.generate(texts, options: options)
        #expect(own.map { $0[0].text } == lines.map(\.output))
        let greedy = try run(["generate", "river has salt", "--model", model])
        let stream = try run(["generate", "river has salt", "--model", model, "--stream"])
        #expect(stream.status == 0, "\(stream)")
        #expect(
            stream.output.split(separator: "\n").last == greedy.output.split(separator: "\n").last)
    }

    @Test func `a run that was ended goes on, and a long text is cut and told`() throws {
        let model = try AnswerFixtures.bart(in: folder)
        let texts = (0..<150).map {
            $0 == 5 ? String(repeating: "salt ", count: 90) : "river \($0)"
        }
        let input = try folder.write("in.txt", texts.map { $0 + "\n" }.joined())
        let output = folder.path + "/out.jsonl"
        let call = [
            "generate", "--input", input, "--model", model, "--format", "jsonl", "--output",
            output, "-q",
        ]
        let first = try run(call)
        #expect(first.status == 0 && first.error.contains("1 of 150 texts were cut"), "\(first)")
        let whole = try folder.read("out.jsonl")
        let stamp = try TextGenerator.open(model).stamp
        let header: JSONValue = [
            "sheaf": .string("outputs"), "model": .string(stamp),
            "precision": .string("float32"), "weights": .string("f32"), "limit": .null,
            "generation": GenerationOptions().document,
        ]
        let kept = whole.split(separator: "\n").prefix(70).map { $0 + "\n" }.joined()
        try folder.write("out.jsonl.partial", header.text + "\n" + kept + "{\"id")
        try folder.remove("out.jsonl")
        let second = try run(call)
        #expect(second.status == 0 && second.error.contains("70 outputs were there"), "\(second)")
        #expect(try folder.read("out.jsonl") == whole)
    }
}
