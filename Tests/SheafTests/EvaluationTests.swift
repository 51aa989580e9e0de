import Formats
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

    @Test func `a list of another question is not measured under its number`() throws {
        try withFolder { folder in
            let results = try write(
                (["alpha", "beta", "gamma"].map {
                    #"{"question": "\#($0)", "answers": [], "ctxs": [{"id": "a", "score": "1"}]}"#
                }.joined(separator: "\n")), to: "r.jsonl", in: folder)
            let others = try write(
                #"{"qid": 1, "question": "zeta", "passage_id": "a"}"#, to: "o.jsonl", in: folder)
            #expect(throws: (any Error).self) {
                try EvaluationOrder(results: results, truth: .gold(others)).measure()
            }
            let some = try write(
                #"""
                {"qid": 1, "question": "beta", "passage_id": "a"}
                {"qid": 2, "question": "gamma", "passage_id": "b"}
                """#, to: "s.jsonl", in: folder)
            let report = try EvaluationOrder(results: results, truth: .gold(some)).measure()
            #expect(report.questions == 2 && report.value(.accuracy, at: 1) == 0.5)
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

    @Test func `a run is matched by id and cut-offs beyond its depth are named`() throws {
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
            #expect(report.value(.accuracy, at: 10) == 0.5)
            #expect(report.notes.contains { $0.contains("10, 20") })
            #expect(report.document.text.contains(#""mrr":{"1":0.0,"5":0.25,"10":0.25,"#))
            #expect(report.document.text.contains(#""recip_rank":0.25"#))
        }
    }

    @Test(.enabled(if: Program.isBuilt, "the program is not built"))
    func `the measures that are asked for are those that are given`() throws {
        try withFolder { folder in
            // MS MARCO's columns: question, passage, rank.
            let run = try write("1\t1\t1\n1\tz\t2\n1\ta\t3\n", to: "run.tsv", in: folder)
            let qrels = try write("1\t0\ta\t1\n1\t0\tb\t2\n1 0 z 1\n", to: "qrels", in: folder)
            func evaluate(_ more: [String]) throws -> Program.Outcome {
                try Program.run(
                    ["evaluate", run, "--qrels", qrels, "--json"] + more, data: folder)
            }
            let asked = try evaluate(["--cutoffs", "2,500"])
            #expect(asked.status == 0, "\(asked)")
            #expect(asked.output.contains(#""recall":{"2":0.3333333333333333,"500":0.6666666"#))
            #expect(asked.output.contains(#""capped_recall":{"2":0.5,"#))
            #expect(asked.output.contains(#""recip_rank":0.5"#))
            let strict = try evaluate(["--relevance-level", "2"])
            #expect(strict.output.contains(#""recip_rank":0.0"#), "\(strict)")
            let own = try evaluate(["--ignore-identical-ids", "--ties", "trec"])
            #expect(own.output.contains(#""recip_rank":1.0"#), "\(own)")
            for wrong in [["--cutoffs", "1,0"], ["--cutoffs", ""], ["--relevance-level", "0"]] {
                #expect(try evaluate(wrong).status == 2, "\(wrong)")
            }
        }
    }

    @Test(.enabled(if: Program.isBuilt, "the program is not built"))
    func `an option that says nothing of what is measured is refused`() throws {
        try withFolder { folder in
            let run = try write("1 Q0 a 1 0.5 t\n", to: "run", in: folder)
            let qrels = try write("1 0 a 1\n", to: "qrels", in: folder)
            let gold = try write(
                #"{"qid": 1, "question": "q", "passage_id": "a"}"#, to: "g.jsonl", in: folder)
            let answers = try write("q\t['a']\n", to: "q.tsv", in: folder)
            let results = try write(
                #"[{"question": "q", "answers": ["x"], "ctxs": [{"id": "a", "text": "x", "#
                    + #""score": "1"}]}]"#, to: "r.json", in: folder)
            let onlyForRuns = [["--collection", "c"], ["--data", folder]]
            let onlyForJudgements = [["--relevance-level", "1"], ["--negatives", "relevant"]]
            let picture = [["--picture", folder + "/p.svg"]]
            for (call, strangers) in [
                ([run, "--qrels", qrels], onlyForRuns + picture + [["--match", "string"]]),
                (
                    [run, "--gold", gold],
                    onlyForRuns + onlyForJudgements + picture + [["--match", "string"]]
                ),
                ([results], onlyForRuns + onlyForJudgements + picture),
                ([results, "--answers", answers], onlyForRuns + onlyForJudgements + picture),
                ([run, "--answers", answers], onlyForJudgements + picture),
            ] {
                for stranger in strangers {
                    let refused = try Program.run(["evaluate"] + call + stranger, data: folder)
                    #expect(refused.status == 2, "\(call + stranger): \(refused)")
                    #expect(refused.error.contains("error: \(stranger[0]) "), "\(refused)")
                }
                if call[0] == results || call.count == 3, call[1...].first != "--answers" {
                    let plain = try Program.run(["evaluate"] + call, data: folder)
                    #expect(plain.status == 0, "\(plain)")
                }
            }
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
