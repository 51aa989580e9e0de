import Foundation
import Testing

@testable import Sheaf

extension TrainingProgramTests {
    /// `sheaf mine` against a collection of a live cluster.
    struct MineCommandTests {
        /// Training data over a corpus; all passages with the word tower answer the last question.
        private static func examples(in folder: String, corpus: String) throws -> String {
            try Fixtures.examples(24, in: folder, corpus: corpus) { row in
                ("salt of the wing \(row)", ["number \(row)"] + (row == 24 ? ["tower"] : []))
            }
        }

        private struct Example: Decodable {
            struct Passage: Decodable {
                var passageId: String
                var title: String
                var text: String
                var score: Double?
            }
            var id: String
            var question: String
            var positiveCtxs: [Passage]
            var hardNegativeCtxs: [Passage]
        }

        private struct Result: Decodable {
            struct Hit: Decodable {
                var id: String
                var score: Double
            }
            var hits: [Hit]
        }

        /// A cluster that serves a collection of 60 passages, and training data over them.
        private func withCluster(
            _ body: (_ data: String, _ folder: String, _ examples: String) throws -> Void
        ) throws {
            try withFolder { folder in
                let data = folder + "/data"
                let corpus = try Fixtures.corpus(in: folder, count: 60)
                let index = try Program.run(
                    [
                        "index", corpus, "--collection", "c", "--model",
                        try Fixtures.tinyModel(in: folder), "--workers", "2", "--batch-size", "8",
                        "--quiet",
                    ], data: data)
                #expect(index.status == 0, "\(index.error)")
                let up = try Program.run(["up", "--workers", "2"], data: data)
                #expect(up.status == 0, "\(up.error)")
                defer { _ = try? Program.run(["down"], data: data) }
                try body(data, folder, try Self.examples(in: folder, corpus: corpus))
            }
        }

        /// The best 30 passages of each question, as a search gives them.
        private func searched(_ examples: [Example], _ data: String, _ folder: String) throws
            -> [[Result.Hit]]
        {
            let questions = folder + "/asked.txt"
            try examples.map { $0.question + "\n" }.joined()
                .write(toFile: questions, atomically: true, encoding: .utf8)
            let run = try Program.run(
                [
                    "search", "--questions", questions, "--collection", "c", "-k", "30", "--format",
                    "jsonl",
                ], data: data)
            #expect(run.status == 0, "\(run.error)")
            return try run.output.split(separator: "\n").map {
                try Program.decode(Result.self, from: String($0)).hits
            }
        }

        @Test func `a live cluster gives negatives of the ranks asked for, none of them right`()
            throws
        {
            try withCluster { data, folder, examples in
                func mine(_ output: String, _ more: [String]) throws -> (
                    text: String, report: String
                ) {
                    let path = "\(folder)/\(output)"
                    let run = try Program.run(
                        [
                            "mine", "--input", examples, "--collection", "c", "--first-rank", "3",
                            "--last-rank", "30", "-n", "2", "--output", path, "--json", "--quiet",
                        ] + more, data: data)
                    #expect(run.status == 0, "\(run.error)")
                    return (try String(contentsOfFile: path, encoding: .utf8), run.output)
                }
                let best = try mine("best.json", [])
                let mined = try Program.decode([Example].self, from: best.text)
                #expect(mined.map(\.id) == (1...24).map { "q\($0)" })
                let found = try searched(mined, data, folder)
                let byID = try corpus(folder)
                for (row, (example, hits)) in zip(mined, found).enumerated() {
                    let gold = "p\(row + 1)"
                    #expect(example.positiveCtxs.map(\.passageId) == [gold])
                    // The window first, then what is right is left out, then the best of the rest.
                    let right = hits[2..<30].filter { hit in
                        let text = byID[hit.id]?.text ?? ""
                        return hit.id != gold && !(row == 23 && text.contains("tower"))
                    }
                    let expected = right.prefix(2)
                    #expect(example.hardNegativeCtxs.map(\.passageId) == expected.map(\.id))
                    #expect(example.hardNegativeCtxs.map(\.score) == expected.map(\.score))
                }
                #expect(best.report.contains("\"examples\":24"), "\(best.report)")

                let chosen = try mine("a.json", ["--random", "--seed", "7"])
                #expect(try mine("b.json", ["--random", "--seed", "7"]).text == chosen.text)
                #expect(try mine("c.json", ["--random", "--seed", "8"]).text != chosen.text)
                let picked = try Program.decode([Example].self, from: chosen.text)
                #expect(
                    zip(picked, found).allSatisfy { example, hits in
                        let ranks = example.hardNegativeCtxs.compactMap { passage in
                            hits.firstIndex { $0.id == passage.passageId }
                        }
                        return ranks == ranks.sorted() && ranks.count == 2
                            && (ranks.first ?? 0) >= 2
                    })

                let table = try mine("mined.tsv", ["--to", "simple-transformers"]).text
                var lines = table.split(separator: "\n").map { $0.split(separator: "\t") }
                #expect(
                    lines.removeFirst().joined(separator: " ")
                        == "query_text gold_passage title hard_negative_0 hard_negative_1")
                #expect(lines.count == 24)
                for (cells, example) in zip(lines, mined) {
                    let positive = example.positiveCtxs[0]
                    let negatives = example.hardNegativeCtxs.map { $0.title + " " + $0.text }
                    #expect(
                        cells.map(String.init)
                            == [example.question, positive.text, positive.title] + negatives)
                }
            }
        }

        /// The passages of the corpus by id.
        private func corpus(_ folder: String) throws -> [String: Passage] {
            let reader = try PassageReader(CorpusSource(paths: [folder + "/corpus.tsv"]))
            var passages: [String: Passage] = [:]
            while let passage = try reader.next() { passages[passage.id] = passage }
            return passages
        }
    }
}
