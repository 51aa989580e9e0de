import Foundation
import TestSupport
import Testing

@testable import Sheaf

/// What people ought to know of a result is said once, on the standard error and in the JSON.
@Suite(.serialized, .enabled(if: Program.isBuilt, "the program is not built"))
struct NoteTests {
    private struct Noted: Decodable { var notes: [String]? }

    private func count(_ part: String, in text: String) -> Int {
        text.components(separatedBy: part).count - 1
    }

    @Test func `short lists and questions that were cut are told by search and predict`() throws {
        try withFolder { folder in
            let data = folder + "/data"
            let model = try Fixtures.tinyModel(in: folder)
            let corpus = try Fixtures.corpus(in: folder, count: 5)
            let questions = folder + "/q.txt"
            try "river\n\(String(repeating: "stone ", count: 300))\n".write(
                toFile: questions, atomically: true, encoding: .utf8)
            let index = try Program.run(
                ["index", corpus, "--collection", "c", "--model", model, "--workers", "1", "-q"],
                data: data)
            #expect(index.status == 0, "\(index)")
            let asked = ["--questions", questions, "--format", "json"]
            for call in [
                ["search", "--collection", "c", "--workers", "1"],
                ["predict", "--model", model, "--corpus", corpus, "-q"],
            ] {
                let short = try Program.run(call + asked + ["-k", "9"], data: data)
                #expect(short.status == 0, "\(short)")
                let notes = try Program.decode(Noted.self, from: short.output).notes ?? []
                #expect(notes.count == 2, "\(short)")
                for part in ["2 lists are shorter than", "were cut to the model's length: "] {
                    #expect(count(part, in: short.error) == 1, "\(short)")
                    #expect(notes.count { $0.contains(part) } == 1, "\(short)")
                }
                #expect(notes.contains { $0.hasSuffix("5 passages") })
                let one = Array(call + ["river", "-k", "5", "--format", "json"])
                let whole = try Program.run(one, data: data)
                #expect(whole.status == 0 && !whole.error.contains("note"), "\(whole)")
                #expect(try Program.decode(Noted.self, from: whole.output).notes == nil)
            }
        }
    }

    private struct Cut: Decodable {
        struct Numbers: Decodable {
            var texts: Int
            var textsCut: Int
        }
        var cuts: Numbers
    }

    @Test func `texts that were cut are told by mine and evaluate-model`() throws {
        try withFolder { folder in
            let model = try Fixtures.tinyModel(in: folder)
            let corpus = try Fixtures.corpus(in: folder, count: 12)
            let data = try Fixtures.examples(4, in: folder, corpus: corpus) {
                ("which stone has number \($0)", ["number \($0)"])
            }
            for (call, texts, cut) in [
                (
                    [
                        "mine", "--input", data, "--model", model, "--passages", corpus,
                        "--output", folder + "/mined.json", "-q",
                    ], 16, 12
                ),
                (["evaluate-model", "--model", model, "--on", data], 8, 4),
            ] {
                // Questions fit, passages do not.
                let run = try Program.run(
                    call + ["--json", "--max-length", "12"], data: folder + "/data")
                #expect(run.status == 0, "\(run)")
                let numbers = try Program.decode(Cut.self, from: run.output).cuts
                #expect(numbers.texts == texts && numbers.textsCut == cut, "\(run)")
                #expect(count("\(cut) of \(texts) texts were cut", in: run.error) == 1, "\(run)")
            }
        }
    }

    @Test func `what was cut off questions with their passages is told by read`() throws {
        try withFolder { folder in
            let long = String(repeating: "stone ", count: 300)
            let results = folder + "/results.json"
            try """
            [{"question": "which stone", "answers": ["stone"], "ctxs": [{"id": "1", "title": "a", \
            "text": "\(long)", "score": 2}, {"id": "2", "title": "b", "text": "one stone", \
            "score": 1}]}]
            """.write(toFile: results, atomically: true, encoding: .utf8)
            try Goldens.copyModel("dpr_reader", to: folder + "/reader")
            let run = try Program.run(
                ["read", results, "--model", folder + "/reader", "--json"], data: folder + "/data")
            #expect(run.status == 0, "\(run)")
            let last = run.output.split(separator: "\n").last.map(String.init) ?? ""
            let numbers = try Program.decode(Cut.self, from: last).cuts
            #expect(numbers.texts == 2 && numbers.textsCut == 1, "\(run)")
            #expect(count("note: 1 of 2 texts were cut", in: run.error) == 1, "\(run)")
        }
    }

    @Test func `the articles of SQuAD are indexed with their paragraphs`() throws {
        try withFolder { folder in
            let data = folder + "/data"
            let text = """
                {"version": "1.1", "data": [{"title": "Faust", "paragraphs": [
                {"context": "Goethe wrote it.", "qas": [{"id": "a", "question": "Who wrote it?",
                "answers": [{"text": "Goethe", "answer_start": 0}]}]},
                {"context": "It is a play.", "qas": []}, {"context": "It is a play."}]}]}
                """
            let file = folder + "/dev.json"
            try text.write(toFile: file, atomically: true, encoding: .utf8)
            let index = try Program.run(
                [
                    "index", file, "--collection", "c", "--model",
                    try Fixtures.tinyModel(in: folder), "--workers", "1", "--batch-size", "1",
                ], data: data)
            #expect(index.output.contains("2 passages"), "\(index)")
            let search = try Program.run(
                [
                    "search", "--questions", file, "--collection", "c", "-k", "2", "--format",
                    "dpr", "--output", folder + "/r.json", "--workers", "1",
                ], data: data)
            #expect(search.status == 0, "\(search)")
            let found = try String(contentsOfFile: folder + "/r.json", encoding: .utf8)
            for part in [#""id": "1""#, #""id": "2""#, #""title": "Faust""#, #"has_answer": true"#]
            {
                #expect(found.contains(part), "\(found)")
            }
        }
    }
}
