import Formats
import Foundation
import Testing

@testable import Sheaf

/// The program as a whole, over a tiny model: what a user types and what comes back.
@Suite(.serialized, .enabled(if: Program.isBuilt, "the program is not built"))
struct CommandLineTests {
    /// Indexes a corpus in a folder of its own and runs `body` with the data folder.
    private func withCollection(
        passages: Int = 40, _ body: (_ data: String, _ folder: String) throws -> Void
    ) throws {
        try withFolder { folder in
            let data = folder + "/data"
            let run = try Program.run(
                [
                    "index", try Fixtures.corpus(in: folder, count: passages), "--collection", "c",
                    "--model", try Fixtures.tinyModel(in: folder), "--workers", "2",
                    "--batch-size", "8", "--json",
                ], data: data)
            #expect(run.status == 0, "\(run.error)")
            try body(data, folder)
        }
    }

    @Test func `indexing tells passages, batches and speed`() throws {
        try withFolder { folder in
            let arguments = [
                "index", try Fixtures.corpus(in: folder, count: 40), "--collection", "c",
                "--model", try Fixtures.tinyModel(in: folder), "--workers", "2", "--batch-size",
                "8",
            ]
            let first = try Program.run(arguments + ["--json"], data: folder + "/data")
            #expect(first.status == 0, "\(first.error)")
            let summary = try Program.decode(Summary.self, from: first.output)
            #expect(summary.passages == 40 && summary.batches == 5)
            #expect(summary.batchesRepeated == 0 && !summary.alreadyComplete)
            let second = try Program.run(arguments, data: folder + "/data")
            #expect(second.status == 0)
            #expect(second.output.contains("complete already: 40 passages in 5 batches"))
        }
    }

    @Test func `a corpus behind a byte order mark is indexed and found`() throws {
        try withFolder { folder in
            let corpus = folder + "/marked.tsv"
            let text = try String(
                contentsOfFile: try Fixtures.corpus(in: folder, count: 12), encoding: .utf8)
            try ("\u{FEFF}" + text).write(toFile: corpus, atomically: true, encoding: .utf8)
            let index = try Program.run(
                [
                    "index", corpus, "--collection", "c", "--model",
                    try Fixtures.tinyModel(in: folder), "--workers", "1", "--json",
                ], data: folder + "/data")
            #expect(index.status == 0, "\(index)")
            let found = try Program.run(
                ["search", "river stone", "--collection", "c", "-k", "12", "--format", "trec"],
                data: folder + "/data")
            #expect(found.output.split(separator: "\n").count == 12, "\(found)")
        }
    }

    private struct Summary: Decodable {
        var passages: Int
        var batches: Int
        var batchesRepeated: Int
        var alreadyComplete: Bool
    }

    @Test func `every format carries the same hits`() throws {
        try withCollection { data, folder in
            func search(_ format: String) throws -> String {
                let run = try Program.run(
                    ["search", "river stone", "--collection", "c", "-k", "3", "--format", format],
                    data: data)
                #expect(run.status == 0, "\(run.error)")
                return run.output
            }
            let trec = try search("trec").split(separator: "\n").map { $0.split(separator: " ") }
            #expect(trec.map { String($0[3]) } == ["1", "2", "3"])
            #expect(trec.allSatisfy { $0[0] == "1" && $0[1] == "Q0" && $0.count == 6 })
            let ids = trec.map { String($0[2]) }
            let scores = trec.compactMap { Double($0[4]) }
            let json = try Program.decode(
                JSONResults.self, from: try search("json"))
            #expect(json.results[0].hits.map(\.id) == ids)
            #expect(json.results[0].hits.map(\.score) == scores)
            let line = try Program.decode(
                JSONResult.self, from: try search("jsonl"))
            #expect(line.hits.map(\.id) == ids)
            #expect(line.coverage.complete && line.coverage.passages == 40)
            let dpr = try Program.decode([DPRResult].self, from: try search("dpr"))
            #expect(dpr[0].ctxs.map(\.id) == ids)
            #expect(dpr[0].ctxs.compactMap { Double($0.score) } == scores)
            let table = try search("table").split(separator: "\n")
            #expect(table.count == 4 && table[0].hasPrefix("rank"))
            #expect(zip(table.dropFirst(), ids).allSatisfy { $0.contains(" \($1) ") })
        }
    }

    private struct JSONResults: Decodable { var results: [JSONResult] }
    private struct JSONResult: Decodable {
        struct Hit: Decodable {
            var id: String
            var score: Double
        }
        struct Coverage: Decodable {
            var complete: Bool
            var passages: Int
        }
        var hits: [Hit]
        var coverage: Coverage
    }
    private struct DPRResult: Decodable {
        struct Context: Decodable {
            var id: String
            var score: String
            var hasAnswer: Bool?
        }
        var ctxs: [Context]
    }

    @Test func `the same bytes come back from any number of workers`() throws {
        try withCollection { data, folder in
            let questions = folder + "/q.txt"
            try (1...20).map { "tower letter \($0)\n" }.joined()
                .write(toFile: questions, atomically: true, encoding: .utf8)
            let outputs = try ["1", "2", "3"].map { workers in
                try Program.run(
                    [
                        "search", "--questions", questions, "--collection", "c", "--format", "trec",
                        "--workers", workers,
                    ], data: data
                ).output
            }
            #expect(outputs[0].split(separator: "\n").count == 200)
            #expect(Set(outputs).count == 1)
        }
    }

    @Test func `answers are looked up and evaluated`() throws {
        try withCollection { data, folder in
            let questions = folder + "/q.tsv"
            try "river stone number 7\t['number 7']\nsalt\t['no such thing']\n"
                .write(toFile: questions, atomically: true, encoding: .utf8)
            let results = folder + "/results.json"
            let search = try Program.run(
                [
                    "search", "--questions", questions, "--collection", "c", "-k", "40",
                    "--format", "dpr", "--output", results,
                ], data: data)
            #expect(search.status == 0 && search.output.isEmpty, "\(search.error)")
            let lists = try Program.decode(
                [DPRResult].self, from: String(contentsOfFile: results, encoding: .utf8))
            #expect(lists[0].ctxs.count { $0.hasAnswer == true } == 1)
            #expect(lists[1].ctxs.allSatisfy { $0.hasAnswer == false })
            let evaluation = try Program.run(["evaluate", results, "--json"], data: data)
            #expect(evaluation.status == 0, "\(evaluation.error)")
            let report = try Program.decode(Report.self, from: evaluation.output)
            #expect(report.questions == 2)
            #expect(
                Set(report.measures.accuracy.keys) == ["1", "5", "10", "20", "50", "100", "1000"])
            let run = try Program.run(
                [
                    "search", "--questions", questions, "--collection", "c", "-k", "40",
                    "--format", "trec", "--output", folder + "/run.trec",
                ], data: data)
            #expect(run.status == 0)
            let byTexts = try Program.run(
                [
                    "evaluate", folder + "/run.trec", "--answers", questions, "--collection", "c",
                    "--json",
                ], data: data)
            #expect(byTexts.status == 0, "\(byTexts.error)")
            let other = try Program.decode(Report.self, from: byTexts.output)
            #expect(other.measures.accuracy == report.measures.accuracy)
        }
    }

    private struct Report: Decodable {
        struct Measures: Decodable { var accuracy: [String: Double] }
        var questions: Int
        var measures: Measures
    }

    @Test func `a cluster that stays serves, says how it is, and stops`() throws {
        try withCollection { data, _ in
            #expect(try Program.run(["status"], data: data).output.contains("no cluster runs"))
            let up = try Program.run(["up", "--workers", "2"], data: data)
            #expect(up.status == 0, "\(up.error)")
            #expect(try Program.run(["up"], data: data).status == 2)
            let search = try Program.run(["search", "salt", "--collection", "c"], data: data)
            #expect(search.status == 0, "\(search.error)")
            let status = try Program.run(["status", "--json"], data: data)
            let workers = try Program.decode(
                StatusAnswer.self, from: status.output)
            #expect(
                workers.workers.count == 2 && workers.workers.allSatisfy { $0.state == "ready" })
            #expect(try Program.run(["status", "--check"], data: data).status == 0)
            try FileManager.default.createDirectory(
                atPath: data + "/collections/unknown", withIntermediateDirectories: true)
            let amiss = try Program.run(["status", "--check"], data: data)
            #expect(amiss.status == 3 && amiss.output.contains("unknown is not in the catalog"))
            #expect(try Program.run(["down"], data: data).output == "stopped\n")
            #expect(try Program.run(["status", "--check"], data: data).status == 3)
            #expect(try Program.run(["down"], data: data).output.contains("no cluster runs"))
        }
    }

    private struct StatusAnswer: Decodable {
        struct Worker: Decodable {
            var pid: Int32
            var state: String
        }
        var workers: [Worker]
    }

    @Test func `collections are listed, described and dropped`() throws {
        try withCollection { data, _ in
            #expect(
                try Program.run(["collections", "list"], data: data).output.contains("complete"))
            let about = try Program.run(["collections", "describe", "c"], data: data)
            #expect(about.output.contains("fingerprint"))
            #expect(try Program.run(["collections", "drop", "c"], data: data).status == 2)
            #expect(try Program.run(["collections", "drop", "c", "--yes"], data: data).status == 0)
            #expect(try Program.run(["collections"], data: data).output == "no collections\n")
            #expect(try Program.run(["collections", "drop", "c", "--yes"], data: data).status == 2)
            for format in ["json", "dpr"] {
                let missing = try Program.run(
                    ["search", "q", "--collection", "c", "--format", format], data: data)
                #expect(missing.status == 2 && missing.output.isEmpty, "\(missing)")
            }
            let files = try FileManager.default.contentsOfDirectory(atPath: data + "/run")
            #expect(!files.contains { $0.hasSuffix(".sock") }, "\(files)")
        }
    }

    @Test func `vectors of encode are those of the encoder`() throws {
        try withFolder { folder in
            let model = try Fixtures.tinyModel(in: folder)
            let corpus = try Fixtures.corpus(in: folder, count: 70)
            let run = try Program.run(
                [
                    "encode", "--model", model, "--input", corpus, "--output", folder + "/v.npy",
                    "--ids", folder + "/ids.txt", "--threads", "2",
                ], data: folder)
            #expect(run.status == 0, "\(run.error)")
            let ids = try String(contentsOfFile: folder + "/ids.txt", encoding: .utf8)
            #expect(ids.split(separator: "\n").map(String.init) == (1...70).map { "p\($0)" })
            let reader = try PassageReader(CorpusSource(paths: [corpus]))
            var passages: [(title: String, text: String)] = []
            while let passage = try reader.next() { passages.append((passage.title, passage.text)) }
            let encoder = try TextEncoder.load(folder: model + "/context_encoder", tower: .context)
            let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: folder + "/v.npy")))
            #expect(
                Array(bytes.prefix(NumpyHeader.length))
                    == NumpyHeader.bytes(rows: 70, dimension: encoder.dimension))
            #expect(floats(in: bytes) == encoder.encode(passages: passages))
            #expect(!run.error.contains("were cut"))
            let long = String(repeating: "word ", count: 2 * encoder.maximumLength)
            try "\(long)\nshort\n".write(
                toFile: folder + "/long.txt", atomically: true, encoding: .utf8)
            let cut = try Program.run(
                [
                    "encode", "--model", model, "--tower", "question", "--input",
                    folder + "/long.txt", "--output", folder + "/q.npy",
                ], data: folder)
            #expect(cut.status == 0, "\(cut)")
            #expect(
                cut.error.contains("note: 1 of 2 texts were cut to the model's length: "), "\(cut)")
        }
    }

    @Test func `an index says what was cut off its passages, in JSON too`() throws {
        try withFolder { folder in
            let long = String(repeating: "word ", count: 600)
            try "id\ttext\ttitle\n1\t\(long)\tt\n2\tshort\tt\n".write(
                toFile: folder + "/c.tsv", atomically: true, encoding: .utf8)
            let call = [
                "index", folder + "/c.tsv", "--model", try Fixtures.tinyModel(in: folder),
                "--workers", "1", "--quiet", "--collection",
            ]
            let data = folder + "/data"
            let text = try Program.run(call + ["c"], data: data)
            #expect(text.output.contains("\n1 of 2 texts were cut to the model's length: "))
            let json = try Program.run(call + ["d", "--json"], data: data)
            let summary = try Program.decode(CutSummary.self, from: json.output)
            #expect(summary.cut.texts == 2 && summary.cut.textsCut == 1)
            #expect(summary.cut.tokensCut > 300)
            #expect(summary.cut.tokens > summary.cut.tokensCut)
        }
    }

    private struct CutSummary: Decodable {
        struct Cut: Decodable {
            var texts: Int
            var textsCut: Int
            var tokens: Int
            var tokensCut: Int
        }
        var cut: Cut
    }

    @Test func `tokens come with ids and offsets`() throws {
        try withFolder { folder in
            let model = try Fixtures.tinyModel(in: folder) + "/context_encoder"
            let run = try Program.run(
                ["tokenize", "--model", model, "--json"], data: folder, input: "naïve text\n\n")
            #expect(run.status == 0, "\(run.error)")
            let lines = try run.output.split(separator: "\n").map {
                try Program.decode(Tokens.self, from: String($0))
            }
            #expect(lines.count == 2)
            #expect(lines[0].ids.count == lines[0].tokens.count)
            #expect(lines[0].offsets.count == lines[0].tokens.count)
            #expect(lines[0].offsets.joined().max() == 10)
            #expect(lines[1].tokens == ["[CLS]", "[SEP]"])
        }
    }

    private struct Tokens: Decodable {
        var ids: [Int]
        var tokens: [String]
        var offsets: [[Int]]
    }
}
