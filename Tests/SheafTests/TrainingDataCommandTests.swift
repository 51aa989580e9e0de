import Foundation
import Testing

@testable import Sheaf

extension TrainingProgramTests {
    /// The commands that make, measure and use training data, run as a user runs them.
    struct TrainingDataCommandTests {
        /// Training data whose questions share words with the corpus; the path.
        private static func examples(in folder: String, corpus: String) throws -> String {
            try Fixtures.examples(12, in: folder, corpus: corpus) { row in
                ("which tower has number \(row)", ["number \(row)"])
            }
        }

        private struct Predicted: Decodable {
            struct Result: Decodable {
                struct Hit: Decodable {
                    var id: String
                    var ordinal: Int
                }
                var hits: [Hit]
            }
            var corpus: String
            var results: [Result]
        }

        @Test func `training data are converted, mined, measured and asked`() throws {
            try withFolder { folder in
                let corpus = try Fixtures.corpus(in: folder, count: 60)
                let model = try Fixtures.tinyModel(in: folder)
                let data = try Self.examples(in: folder, corpus: corpus)
                let mined = folder + "/mined.tsv"
                let mine = try Program.run(
                    [
                        "mine", "--input", data, "--bm25", corpus, "-n", "2", "--to",
                        "simple-transformers", "--output", mined, "--json", "--quiet",
                    ], data: folder)
                #expect(mine.status == 0 && mine.output.contains("\"negatives\":24"), "\(mine)")
                let header = try String(contentsOfFile: mined, encoding: .utf8).prefix {
                    $0 != "\n"
                }
                #expect(
                    header == "query_text\tgold_passage\ttitle\thard_negative_0\thard_negative_1")
                let dense = try Program.run(
                    [
                        "mine", "--input", data, "--model", model, "--passages", corpus, "--output",
                        folder + "/dense.json", "--quiet",
                    ], data: folder)
                #expect(dense.status == 0, "\(dense)")
                let measured = try Program.run(
                    ["evaluate-model", "--model", model, "--on", mined, "--json"], data: folder)
                #expect(
                    measured.status == 0 && measured.output.contains("\"questions\":12"),
                    "\(measured)")
                let found = try Program.run(
                    [
                        "predict", "which tower", "--model", model, "--corpus", corpus, "-k", "3",
                        "--format", "trec", "--quiet",
                    ], data: folder)
                #expect(found.status == 0, "\(found)")
                #expect(found.output.split(separator: "\n").count == 3)
                #expect(!found.error.contains("shorter"), "\(found)")
                let objects = try Program.run(
                    [
                        "predict", "which tower", "--model", model, "--corpus", corpus, "-k", "3",
                        "--format", "json", "--quiet",
                    ], data: folder)
                let lists = try Program.decode(Predicted.self, from: objects.output)
                let hits = try #require(lists.results.first).hits
                // The passages of the corpus have the ids p1, p2 and so on.
                #expect(
                    hits.count == 3 && hits.allSatisfy { $0.id == "p\($0.ordinal + 1)" }, "\(hits)")
                #expect(lists.corpus == corpus)
                for invented in ["generation", "coverage", "microseconds", "collection"] {
                    #expect(!objects.output.contains("\"\(invented)\""), "\(objects.output)")
                }
                let all = try Program.run(
                    [
                        "predict", "which tower", "--model", model, "--corpus", corpus, "-k", "99",
                        "--format", "trec", "--quiet",
                    ], data: folder)
                #expect(all.output.split(separator: "\n").count == 60)
                #expect(all.error.contains("note: 1 list is shorter than 99"), "\(all)")
            }
        }

        @Test(arguments: [
            ["convert", "--input", "/nowhere", "--output", "o"],
            ["mine", "--input", "a", "--output", "b"],
            ["mine", "--input", "a", "--output", "b", "--bm25", "c", "--collection", "d"],
            ["mine", "--input", "/nowhere", "--output", "b", "--bm25", "/nowhere"],
            ["evaluate-model", "--on", "a"],
            ["evaluate-model", "--model", "/nowhere", "--on", "/nowhere"],
            ["predict", "q", "--model", "/nowhere", "--corpus", "/nowhere"],
            ["predict", "--model", "m", "--corpus", "c"],
            ["distill", "--reader", "r", "--input", "i", "--config", "/nowhere"],
            ["distill", "--reader", "r", "--input", "i", "--config", "c", "--alpha", "2"],
        ])
        func `a call at fault ends with 2 and one message`(arguments: [String]) throws {
            try withFolder { folder in
                let run = try Program.run(arguments, data: folder + "/data")
                #expect(run.status == 2, "\(run)")
                #expect(run.error.contains("error: ") && run.output.isEmpty, "\(run)")
            }
        }

        @Test func `a column that is not used is named, in JSON too`() throws {
            try withFolder { folder in
                let path = folder + "/train.tsv"
                try "query_text\tgold_passage\thard_negatives_0\tnotes\nq\tp\tn\tx\n".write(
                    toFile: path, atomically: true, encoding: .utf8)
                let output = folder + "/o.json"
                let call = ["convert", "--input", path, "--output", output]
                let told = try Program.run(call, data: folder)
                #expect(told.status == 0 && told.output.contains("“notes”"), "\(told)")
                let json = try Program.run(call + ["--json"], data: folder)
                #expect(json.output.contains(#""unused_columns":["notes"]"#), "\(json)")
                let text = try String(contentsOfFile: output, encoding: .utf8)
                #expect(
                    text.contains(#""hard_negative_ctxs": [{"title": "", "text": "n""#), "\(text)")
            }
        }

        @Test func `a missing column is named`() throws {
            try withFolder { folder in
                let path = folder + "/train.tsv"
                try "query_text\tpassage\nq\tp\n".write(
                    toFile: path, atomically: true, encoding: .utf8)
                let run = try Program.run(
                    ["convert", "--input", path, "--output", folder + "/o.json"], data: folder)
                #expect(run.status == 2 && run.error.contains("gold_passage"), "\(run)")
            }
        }
    }
}
