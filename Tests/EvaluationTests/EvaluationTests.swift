import Corpus
import Foundation
import TestSupport
import Testing

@testable import Evaluation

struct EvaluationTests {
    private func list(_ id: String, _ passages: [String]) -> RankedList {
        RankedList(
            questionID: id,
            entries: passages.enumerated().map {
                RankedEntry(id: $0.element, score: -Double($0.offset))
            })
    }

    private func judgements(_ rows: [(String, String, Int)]) -> RelevanceJudgements {
        var judgements = RelevanceJudgements()
        for row in rows { judgements.set(question: row.0, passage: row.1, relevance: row.2) }
        return judgements
    }

    @Test func `measures of a graded run are those of trec_eval`() throws {
        let expected = try JSONDecoder().decode(
            [String: Double].self,
            from: Data(contentsOf: URL(fileURLWithPath: fixtures + "/graded.expected.json")))
        let report = try Evaluation.byJudgements(
            TRECRun.read(fixtures + "/graded.run"),
            RelevanceJudgements.read(fixtures + "/graded.qrels"))
        #expect(report.questions == 24)
        #expect(report.depth == 50)
        func check(_ name: String, _ measure: Measure, _ cutOff: Int?) throws {
            let value = try #require(report.value(measure, at: cutOff))
            let wanted = try #require(expected[name])
            #expect(abs(value - wanted) < 1e-9, "\(name)")
        }
        for cutOff in [1, 5, 10, 20, 50] {
            try check("ndcg_cut_\(cutOff)", .ndcg, cutOff)
            try check("success_\(cutOff)", .accuracy, cutOff)
        }
        try check("map", .meanAveragePrecision, nil)
        try check("recip_rank", .meanReciprocalRank, 50)
        try check("recip_rank", .reciprocalRank, nil)
        #expect(
            report.notes == [
                "1 question without results, counted as missed: q5",
                "cut-offs 100, 1000 look beyond the longest list, which has 50 passages",
                "the average rank leaves out 1 question whose list has no relevant passage",
            ])
    }

    @Test func `missing questions are misses, strangers are named, empty ones left out`() throws {
        let report = try Evaluation.byJudgements(
            [list("1", ["a", "b"]), list("9", ["a"])],
            judgements([("1", "b", 1), ("2", "a", 1), ("3", "a", 0)]),
            MeasureOptions(cutOffs: [1, 2, 3]))
        #expect(report.questions == 2)
        #expect(report.value(.accuracy, at: 2) == 0.5)
        #expect(report.value(.accuracy, at: 3) == 0.5)
        #expect(report.value(.averageRank) == 2)
        #expect(
            report.notes == [
                "1 question without results, counted as missed: 2",
                "1 question of the results not in the judgements, left out: 9",
                "1 question without a relevant passage in the judgements, left out: 3",
                "cut-offs 3 look beyond the longest list, which has 2 passages",
                "the average rank leaves out 1 question whose list has no relevant passage",
            ])
    }

    @Test func `negative judgements are relevant only where that is said`() throws {
        let lists = [list("1", ["a", "b"])]
        let judgements = judgements([("1", "a", -1), ("1", "b", 2)])
        let without = try Evaluation.byJudgements(lists, judgements)
        #expect(without.value(.accuracy, at: 1) == 0)
        #expect(without.notes.first == "1 negative judgement taken as not relevant")
        let with = try Evaluation.byJudgements(
            lists, judgements, MeasureOptions(negatives: .relevant))
        #expect(with.value(.accuracy, at: 1) == 1)
        #expect(with.value(.ndcg, at: 1) == 0.5)
    }

    @Test func `gold passages are judgements of gain 1`() throws {
        let questions = [
            Question(id: "1", text: "q", goldIDs: ["b", "z"]), Question(id: "2", text: "r"),
        ]
        let report = try Evaluation.byGoldPassages(
            [list("1", ["a", "b"]), list("2", ["a", "b"])], questions,
            MeasureOptions(cutOffs: [1, 2]))
        #expect(report.questions == 1)
        #expect(report.value(.recall, at: 2) == 0.5)
        #expect(report.value(.meanReciprocalRank, at: 2) == 0.5)
        #expect(report.value(.meanAveragePrecision) == 0.25)
    }

    @Test func `questions of equal text share their gold passages`() throws {
        let questions = [
            Question(id: "1", text: "who wrote faust", goldIDs: ["a"]),
            Question(id: "2", text: "who wrote  faust ", goldIDs: ["b"]),
            Question(id: "3", text: "who wrote hamlet", goldIDs: ["a"]),
        ]
        let report = try Evaluation.byGoldPassages(
            ["1", "2", "3"].map { list($0, ["b", "a"]) }, questions,
            MeasureOptions(cutOffs: [1, 2]))
        #expect(report.questions == 3)
        #expect(report.value(.accuracy, at: 1) == 2.0 / 3)
        #expect(report.value(.recall, at: 2) == 1)
    }

    @Test func `answers are looked up in the texts or read from the flags`() throws {
        let lists = [
            RankedList(
                questionID: "1", answers: ["New York"],
                entries: [
                    RankedEntry(id: "a", title: "New York", text: "x", score: 2, hasAnswer: true),
                    RankedEntry(id: "b", text: "in new york.", score: 1, hasAnswer: false),
                ]), RankedList(questionID: "2", answers: [], entries: []),
        ]
        let texts = try Evaluation.byAnswers(lists, MeasureOptions(cutOffs: [1, 2]))
        #expect(texts.values.filter { $0.measure == .accuracy }.map(\.value) == [0, 0.5])
        #expect(texts.notes.contains("questions without answers, counted as missed: 1"))
        #expect(texts.value(.recall, at: 1) == nil)
        let flags = try Evaluation.byAnswers(
            lists, evidence: .flags, MeasureOptions(cutOffs: [1, 2]))
        #expect(flags.values.filter { $0.measure == .accuracy }.map(\.value) == [0.5, 0.5])
        let questions = [
            Question(id: "2", text: "q", answers: ["x"]),
            Question(id: "1", text: "q", answers: ["x"]),
            Question(id: "3", text: "q", answers: ["x"]),
        ]
        let named = try Evaluation.byAnswers(
            lists, questions: questions, MeasureOptions(cutOffs: [1]))
        #expect(named.questions == 3)
        #expect(named.value(.accuracy, at: 1) == 1.0 / 3)
        #expect(named.notes.contains("1 question without results, counted as missed: 3"))
    }

    @Test func `ties stand as the run ranks them, or as trec_eval has it`() throws {
        let tied = RankedList(
            questionID: "1",
            entries: [
                RankedEntry(id: "b", score: 16_777_217), RankedEntry(id: "c", score: 16_777_216),
                RankedEntry(id: "é", score: 1),
            ])
        let judged = judgements([("1", "c", 1)])
        for (ties, rank) in [(TieOrder.rank, 2.0), (.trec, 1)] {
            let report = try Evaluation.byJudgements([tied], judged, MeasureOptions(ties: ties))
            #expect(report.value(.averageRank) == rank)
        }
    }

    @Test func `a passage with the id of its question is left out where that is asked`() throws {
        let lists = [list("1", ["1", "a"]), list("2", ["b"])]
        let judged = judgements([("1", "a", 1), ("2", "b", 1)])
        let plain = try Evaluation.byJudgements(lists, judged)
        #expect(plain.value(.reciprocalRank) == 0.75)
        let report = try Evaluation.byJudgements(
            lists, judged, MeasureOptions(ignoresIdenticalIDs: true))
        #expect(report.value(.reciprocalRank) == 1)
        #expect(report.notes.first == "1 passage with the id of the question left out")
    }

    @Test func `a relevance below the level is no hit, and still a gain of nDCG`() throws {
        let judged = judgements([("1", "a", 1), ("1", "b", 2), ("2", "a", 1)])
        let report = try Evaluation.byJudgements(
            [list("1", ["a", "b"])], judged, MeasureOptions(cutOffs: [1], relevanceLevel: 2))
        #expect(report.questions == 1)
        #expect(report.value(.accuracy, at: 1) == 0)
        #expect(report.value(.ndcg, at: 1) == 0.5)
        #expect(report.value(.reciprocalRank) == 0.5)
    }

    @Test func `lists that end before a cut-off are counted`() throws {
        let judged = judgements([("1", "a", 1), ("2", "a", 1), ("3", "a", 1)])
        let report = try Evaluation.byJudgements(
            [list("1", ["a", "b"]), list("2", ["a"])], judged, MeasureOptions(cutOffs: [1, 2]))
        #expect(report.notes.contains("1 list shorter than the cut-off 2"))
    }

    @Test func `results and truth without a common question are told once`() throws {
        let wanted =
            "no question of the results is in the %, so all values are 0: the results have 1, 2, "
            + "the % q1; use the same ids in both"
        let lists = [list("1", ["a"]), list("2", ["a"])]
        let question = Question(id: "q1", text: "q", answers: ["x"], goldIDs: ["a"])
        let options = MeasureOptions(cutOffs: [1])
        for (report, source) in [
            (
                try Evaluation.byJudgements(lists, judgements([("q1", "a", 1)]), options),
                "judgements"
            ),
            (try Evaluation.byGoldPassages(lists, [question], options), "gold passages"),
            (
                try Evaluation.byAnswers(
                    lists, questions: [question], evidence: .flags, options), "question file"
            ),
        ] {
            let note = wanted.replacingOccurrences(of: "%", with: source)
            #expect(report.notes.filter { $0.contains("1, 2") || $0.contains("q1") } == [note])
            #expect(report.value(.accuracy, at: 1) == 0)
        }
    }

    @Test func `what cannot be measured is an error`() throws {
        #expect(throws: EvaluationError.noQuestions) { try Evaluation.byAnswers([]) }
        #expect(throws: EvaluationError.noQuestions) {
            try Evaluation.byJudgements([list("1", ["a"])], judgements([("1", "a", 0)]))
        }
        #expect(throws: EvaluationError.noTexts) {
            try Evaluation.byAnswers([list("1", ["a"])])
        }
        #expect(throws: EvaluationError.missingFlag(questionID: "1", rank: 1)) {
            try Evaluation.byAnswers([list("1", ["a"])], evidence: .flags)
        }
        #expect(throws: EvaluationError.duplicateList(questionID: "1")) {
            try Evaluation.byJudgements(
                [list("1", ["a"]), list("1", [])], judgements([("1", "a", 1)]))
        }
        #expect(throws: EvaluationError.badCutOff(0)) { try Evaluator(cutOffs: [0]) }
        #expect(throws: EvaluationError.badRelevanceLevel(0)) {
            try Evaluation.byJudgements(
                [list("1", ["a"])], judgements([("1", "a", 1)]), MeasureOptions(relevanceLevel: 0))
        }
    }

    @Test func `the table is aligned and the report survives JSON`() throws {
        let report = try Evaluation.byJudgements(
            [list("1", ["a", "b"])], judgements([("1", "b", 1)]),
            MeasureOptions(cutOffs: [1, 2, 10]))
        #expect(
            report.table == """
                1 question, lists of up to 2 passages
                                     @1      @2     @10
                accuracy         0.0000  1.0000  1.0000
                recall           0.0000  1.0000  1.0000
                capped recall    0.0000  1.0000  1.0000
                MRR              0.0000  0.5000  0.5000
                nDCG             0.0000  0.6309  0.6309
                MAP              0.5000
                MRR, whole list  0.5000
                average rank       2.00
                note: cut-offs 10 look beyond the longest list, which has 2 passages

                """)
        let data = try JSONEncoder().encode(report)
        #expect(try JSONDecoder().decode(EvaluationReport.self, from: data) == report)
    }
}

@Suite(.enabled(if: TestFiles.data != nil, "SHEAF_TEST_DATA names no folder of real data"))
struct RealResultTests {
    private let data = TestFiles.data ?? ""

    @Test func `top-k accuracies of a DPR result file are those expected`() throws {
        struct Expected: Decodable {
            var accuracies: [Double]

            enum CodingKeys: String, CodingKey { case accuracies = "top_k_accuracy" }
        }
        let stem = data + "/retrieval_result/squad_valid150_bm25_top20"
        let expected = try JSONDecoder().decode(
            Expected.self, from: Data(contentsOf: URL(fileURLWithPath: stem + ".expected.json")))
        let lists = try DPRResults.read(stem + ".json")
        for evidence in [AnswerEvidence.texts(.string), .flags] {
            let report = try Evaluation.byAnswers(
                lists, evidence: evidence, MeasureOptions(cutOffs: Array(1...20)))
            #expect(
                report.values.filter { $0.measure == .accuracy }.map(\.value)
                    == expected.accuracies)
        }
    }
}
