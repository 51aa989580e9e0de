import Foundation
import TestSupport
import Testing

@testable import Sheaf

/// `sheaf answer` over a live collection.
@Suite(.serialized, .enabled(if: Program.isBuilt, "the program is not built"))
struct AnswerCollectionTests {
    private func index(_ folder: TemporaryFolder, passages: Int, _ more: String...) throws {
        let index = try Program.run(
            [
                "index", try Fixtures.corpus(in: folder.path, count: passages), "--collection",
                "c", "--model", try Fixtures.tinyModel(in: folder.path), "-q", "--batch-size",
                "8",
            ] + more, data: folder.path + "/data")
        try #require(index.status == 0, "\(index)")
    }

    @Test func `the passages are those of search, and lists that are short are told`() throws {
        let folder = try TemporaryFolder()
        try index(folder, passages: 7, "--workers", "1")
        let questions = try folder.write("q.txt", "river stone\nwhich tower\nriver stone\n")
        let asked = ["--collection", "c", "--workers", "1", "--questions", questions]
        let found = try Program.run(
            ["search", "-k", "9", "--format", "dpr"] + asked, data: folder.path + "/data")
        let results = try folder.write("results.json", found.output)
        let call = [
            "answer", "--model", try AnswerFixtures.bart(in: folder), "-k", "9", "--format",
            "jsonl",
        ]
        let live = try Program.run(call + asked, data: folder.path + "/data")
        #expect(live.status == 0, "\(live)")
        #expect(live.error.contains("3 questions with fewer passages than the 9 asked for"))
        let given = try Program.run(
            call + ["--contexts", results], data: folder.path + "/data")
        let answers = try WrittenAnswer.lines(live.output)
        #expect(answers.count == 3 && answers.allSatisfy { $0.coverage?.complete == true })
        #expect(answers.allSatisfy { $0.notes?.contains("7 of 9 passages were found") == true })
        for (answer, other) in zip(answers, try WrittenAnswer.lines(given.output)) {
            #expect(answer.passages == other.passages && answer.answer == other.answer)
            #expect(answer.probability == other.probability)
        }
        let table = try Program.run(
            [
                "answer", "river stone", "--collection", "c", "--workers", "1", "--model",
                folder.path + "/bart", "--kind", "token",
            ], data: folder.path + "/data")
        #expect(table.status == 0 && table.output.hasPrefix("river stone\n  "), "\(table)")
        let missing = try Program.run(
            ["answer", "river", "--collection", "d", "--model", folder.path + "/bart"],
            data: folder.path + "/data")
        #expect(missing.status == 2 && missing.error.contains("“d”"), "\(missing)")
        let empty = try Program.run(
            ["answer", " ", "--collection", "c", "--model", folder.path + "/bart"],
            data: folder.path + "/data")
        #expect(empty.status == 2 && empty.error.contains("Question 1 is empty"), "\(empty)")
    }

    @Test func `lost shards are an error, or said in each answer`() throws {
        let folder = try TemporaryFolder()
        let data = folder.path + "/data"
        let up = try Program.run(["up", "--workers", "2"], data: data)
        try #require(up.status == 0, "\(up)")
        defer { _ = try? Program.run(["down"], data: data) }
        try index(folder, passages: 80, "--shards", "4")
        let questions = try folder.write("q.txt", "river stone\nwhich tower\n")
        let call = [
            "answer", "--questions", questions, "--collection", "c", "-k", "4", "--model",
            try AnswerFixtures.bart(in: folder), "--format", "jsonl", "--timeout", "3",
        ]
        #expect(try Program.run(call, data: data).status == 0)
        let segments = data + "/collections/c/segments"
        let name = try #require(
            try FileManager.default.contentsOfDirectory(atPath: segments).sorted().first)
        #expect(truncate("\(segments)/\(name)", 100) == 0)

        let strict = try Program.run(call, data: data)
        #expect(strict.status == 3 && strict.output.isEmpty, "\(strict)")
        #expect(strict.error.contains("of 4 shards") || strict.error.contains(name), "\(strict)")
        let partial = try Program.run(call + ["--allow-partial"], data: data)
        #expect(partial.status == 0, "\(partial)")
        let answers = try WrittenAnswer.lines(partial.output)
        #expect(answers.count == 2)
        for answer in answers {
            let coverage = try #require(answer.coverage)
            #expect(!coverage.complete && coverage.shardsAnswered < coverage.shards)
            #expect(answer.notes?.contains { $0.hasPrefix("shards were missing: ") } == true)
        }
        #expect(partial.error.contains("partial retrieval: 2 answers"), "\(partial)")
    }

    @Test func `a question tower that is not RAG's own is told, once and in each answer`() throws {
        let folder = try TemporaryFolder()
        try index(folder, passages: 7, "--workers", "1")
        let joined = folder.path + "/joined"
        let join = try Program.run(
            [
                "model", "join", try Fixtures.tinyModel(in: folder.path),
                try AnswerFixtures.bart(in: folder), joined,
            ], data: folder.path + "/data")
        try #require(join.status == 0, "\(join)")
        let questions = try folder.write("q.txt", "river stone\nwhich tower\n")
        func answers(_ model: String, _ more: String...) throws -> Program.Outcome {
            try Program.run(
                [
                    "answer", "--model", model, "--questions", questions, "--collection", "c",
                    "--workers", "1", "--format", "jsonl", "-k", "2",
                ] + more, data: folder.path + "/data")
        }
        let own = try answers(joined, "--max-new-tokens=4")
        #expect(own.status == 0 && !own.error.contains("question tower"), "\(own)")
        let words = "is not the encoder of"
        for more in ["--max-new-tokens=4", "--prompt-only"] {
            let other = try answers(try AnswerFixtures.rag(in: folder), more)
            #expect(other.status == 0, "\(other)")
            #expect(other.error.components(separatedBy: words).count == 2, "\(other)")
            let lines = other.output.split(separator: "\n")
            #expect(lines.count == 2 && lines.allSatisfy { $0.contains(words) }, "\(other)")
        }
        try folder.edit("joined/config.json") {
            $0.replacing("\"layer_norm_eps\": 1e-12", with: "\"layer_norm_eps\": 1e-6")
        }
        let changed = try answers(joined, "--max-new-tokens=4")
        #expect(changed.status == 0 && changed.error.contains(words), "\(changed)")
    }
}
