import Foundation
import TestSupport
import Testing

@testable import Sheaf

struct EvaluationOrderTests {
    private func write(_ text: String, to name: String, in folder: String) throws -> String {
        let path = "\(folder)/\(name)"
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    @Test func `the form of results is told by their first character`() throws {
        try withFolder { folder in
            for (text, form) in [
                ("\n [ ]", EvaluationOrder.Form.dpr), ("{\"question\": 1}", .dpr),
                ("1 Q0 a 1 0.5 tag\n", .trec),
            ] {
                let path = try write(text, to: "r", in: folder)
                #expect(try EvaluationOrder(results: path).form() == form)
            }
        }
    }

    @Test func `results that carry questions are matched by their text`() throws {
        try withFolder { folder in
            let results = try write(
                #"""
                [{"question": "second", "answers": [], "ctxs": [{"id": "b", "score": "1"}]},
                 {"question": "first", "answers": [], "ctxs": [{"id": "x", "score": "1"}]}]
                """#, to: "r.json", in: folder)
            let gold = try write(
                #"""
                {"qid": 11, "question": "first", "passage_id": "a"}
                {"qid": 12, "question": "second", "passage_ids": ["b", "c"]}
                """#, to: "g.jsonl", in: folder)
            let report = try EvaluationOrder(results: results, truth: .gold(gold)).measure()
            #expect(report.questions == 2)
            #expect(report.value(.accuracy, at: 1) == 0.5)
        }
    }

    @Test func `questions with one text take their lists in order`() throws {
        try withFolder { folder in
            let results = try write(
                #"""
                [{"question": "same", "answers": [], "ctxs": [{"id": "a", "score": "1"}]},
                 {"question": "same", "answers": [], "ctxs": [{"id": "b", "score": "1"}]}]
                """#, to: "r.json", in: folder)
            let gold = try write(
                #"""
                {"qid": 1, "question": "same", "passage_id": "a"}
                {"qid": 2, "question": "same", "passage_id": "b"}
                """#, to: "g.jsonl", in: folder)
            let report = try EvaluationOrder(results: results, truth: .gold(gold)).measure()
            #expect(report.value(.accuracy, at: 1) == 1)
        }
    }

    @Test func `a run is matched by id and its cut-offs end with its depth`() throws {
        try withFolder { folder in
            let run = try write(
                (1...5).map { "7 Q0 p\($0) \($0) \(1.0 / Double($0)) t\n" }.joined(), to: "run",
                in: folder)
            let qrels = try write("7 0 p2 1\n8 0 p1 1\n", to: "qrels", in: folder)
            let report = try EvaluationOrder(
                results: run, truth: .judgements(qrels, negatives: .notRelevant)
            ).measure()
            #expect(report.questions == 2)
            #expect(report.value(.meanReciprocalRank, at: 5) == 0.25)
            #expect(report.value(.accuracy, at: 10) == nil)
            #expect(report.notes.contains { $0.contains("10, 20") })
            #expect(report.document.text.contains(#""mrr":{"1":0.0,"5":0.25}"#))
        }
    }

    @Test func `a run without a truth is refused with what to name`() throws {
        try withFolder { folder in
            let run = try write("7 Q0 p1 1 0.5 t\n", to: "run", in: folder)
            #expect(throws: SheafError.self) { try EvaluationOrder(results: run).measure() }
            let answers = try write("q\t['a']\n", to: "q.tsv", in: folder)
            let order = EvaluationOrder(results: run, truth: .answers(answers))
            #expect(try order.needsTexts)
            #expect(throws: SheafError.self) { try order.measure() }
        }
    }

    @Test(
        .enabled(if: TestFiles.data != nil, "SHEAF_TEST_DATA names no folder"))
    func `results of BM25 over SQuAD have the accuracies of the reference`() throws {
        let folder = try #require(TestFiles.data) + "/retrieval_result/squad_valid150_bm25_top20"
        struct Expected: Decodable { var topKAccuracy: [Double] }
        let expected = try Program.decode(
            Expected.self,
            from: String(contentsOfFile: folder + ".expected.json", encoding: .utf8))
        let report = try EvaluationOrder(results: folder + ".json").measure()
        for cutOff in [1, 5, 10, 20] {
            #expect(report.value(.accuracy, at: cutOff) == expected.topKAccuracy[cutOff - 1])
        }
    }
}
