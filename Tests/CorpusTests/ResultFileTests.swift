import Foundation
import TestSupport
import Testing

@testable import Corpus

struct ResultFileTests {
    let folder = try? TemporaryFolder()

    private let lists = [
        RankedList(
            questionID: "1", question: "who \"x\"\n?", answers: ["é", "\\"],
            entries: [
                RankedEntry(id: "a b", title: "T", text: "\t\u{1}日", score: 12.5, hasAnswer: true),
                RankedEntry(id: "2", score: 0.1 + 0.2, hasAnswer: false),
            ]),
        RankedList(questionID: "2", question: "none", entries: []),
        RankedList(
            questionID: "3", question: "last", entries: [RankedEntry(id: "3", score: -1e-300)]),
    ]

    private func path(_ name: String) throws -> String { try #require(folder).path + "/" + name }

    @Test func `DPR JSON that is written is read again, to the last bit of the score`() throws {
        let path = try path("results.json")
        let elements = try lists.map { try DPRResults.text(of: $0) }
        try #require(folder).write(
            "results.json", "[\n" + elements.joined(separator: ",\n") + "\n]\n")
        #expect(try DPRResults.read(path) == lists)
        let text = try String(contentsOfFile: path, encoding: .utf8)
        #expect(text.contains("\"score\": \"0.30000000000000004\", \"has_answer\": false}"))
        let parsed = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [[String: Any]]
        #expect(parsed?.map { ($0["ctxs"] as? [Any])?.count } == [2, 0, 1])
    }

    @Test func `an empty result file holds no question`() throws {
        let path = try #require(folder).write("empty.json", "[]\n")
        #expect(throws: CorpusError.noQuestions(path: path)) { try DPRResults.read(path) }
    }

    @Test func `a text file takes its name only when it is whole`() throws {
        let path = try path("partial.json")
        var output: TextOutput? = try TextOutput(path: path)
        try output?.write("some text")
        output = nil
        #expect(try #require(folder).names == [])
        #expect(throws: CorpusError.self) { try TextOutput(path: path + "/x/y.json") }
        let place = try #require(folder).path
        #expect(throws: CorpusError.cannotWrite(path: place, reason: "it is a folder")) {
            try TextOutput(path: place)
        }
        output = try TextOutput(path: path)
        try output?.write("all of it")
        try output?.finish()
        #expect(try #require(folder).read("partial.json") == "all of it")
    }

    @Test func `results of DPR itself are read, scores as strings or numbers`() throws {
        let path = try #require(folder).write(
            "dpr.json",
            """
            [
                {
                    "question": "q", "answers": ["a"],
                    "ctxs": [{"id": "wiki:1", "title": "t", "text": "x", "score": "7.25",
                              "has_answer": true},
                             {"id": 2, "title": null, "text": "y", "score": 6, "has_answer": false}]
                }
            ]
            """)
        let read = try DPRResults.read(path)
        #expect(read[0].entries.map(\.score) == [7.25, 6])
        #expect(read[0].entries.map(\.id) == ["wiki:1", "2"])
        for bad in [
            "[{\"question\": \"q\"}]", "[{\"ctxs\": [{\"score\": \"1\"}]}]", "[{\"ctxs\": 1}]",
            "[{\"ctxs\": [{\"id\": 1}]}]", "[{\"ctxs\": [{\"id\": 1, \"score\": \"x\"}]}]",
            "[{\"ctxs\": [{\"id\": 1, \"score\": \"nan\"}]}]", "{", "x",
            "[{\"ctxs\": [{\"id\": 1, \"score\": 1, \"has_answer\": 1}]}]",
            "[{\"id\": 1, \"ctxs\": []}, {\"id\": \"1\", \"ctxs\": []}]",
        ] {
            let path = try #require(folder).write("bad.json", bad)
            #expect(throws: CorpusError.self, "\(bad)") { try DPRResults.read(path) }
        }
    }

    @Test func `a TREC run that is written is read again`() throws {
        let path = try path("a.run")
        let list = RankedList(
            questionID: "q1",
            entries: [RankedEntry(id: "d2", score: 1.5), RankedEntry(id: "d1", score: 1e-5)])
        let text = try TRECRun.text(of: list, tag: "test")
        try #require(folder).write("a.run", text)
        #expect(
            text
                == "q1 Q0 d2 1 1.5 test\nq1 Q0 d1 2 1e-05 test\n")
        #expect(try TRECRun.read(path) == [list])
    }

    @Test func `a run is ordered by score, then rank, whatever the order of its lines`() throws {
        let path = try #require(folder).write(
            "b.run", "q2\tQ0 x 9 1.0 t\r\nq1 Q0 a 3 2.0 t\nq1 Q0 b 2 2.0 t\n\nq1 Q0 c 1 3 t\n")
        let lists = try TRECRun.read(path)
        #expect(lists.map(\.questionID) == ["q2", "q1"])
        #expect(lists[1].entries.map(\.id) == ["c", "b", "a"])
    }

    @Test func `ids with white space are refused where TREC is written`() throws {
        let list = RankedList(questionID: "1", entries: [RankedEntry(id: "a b", score: 1)])
        #expect(throws: CorpusError.unwritableField(field: "passage id", value: "a b")) {
            try TRECRun.text(of: list, tag: "t")
        }
        #expect(throws: CorpusError.self) {
            try TRECRun.text(of: RankedList(questionID: "", entries: []), tag: "t")
        }
        #expect(throws: CorpusError.self) {
            try TRECRun.text(
                of: RankedList(questionID: "1", entries: [RankedEntry(id: "a", score: .infinity)]),
                tag: "t")
        }
    }

    @Test func `malformed runs are errors`() throws {
        for bad in [
            "", "q Q0 d 1 1\n", "q Q0 d x 1 t\n", "q Q0 d 1 x t\n", "q Q0 d 1 nan t\n",
            "q Q0 d 1 1 t\nq Q0 d 2 0 t\n", "q Q0 d 1 1 t u\n", "q Q0 \u{0} 1 1 t\n",
        ] {
            let path = try #require(folder).write("bad.run", bad)
            #expect(throws: CorpusError.self, "\(bad)") { try TRECRun.read(path) }
        }
    }

    @Test func `judgements are read in TREC's and BEIR's form`() throws {
        let folder = try #require(folder)
        let trec = try RelevanceJudgements.read(
            folder.write("qrels", "1 0 d1 1\n1\t0\td2\t-1 \r\n\n2 0 d1 0\n1 0 d1 1\n"))
        #expect(trec.questionIDs == ["1", "2"])
        #expect(trec.relevance == ["1": ["d1": 1, "d2": -1], "2": ["d1": 0]])
        let beir = try RelevanceJudgements.read(
            folder.write("test.tsv", "query-id\tcorpus-id\tscore\n1\td1\t1\n1\td2\t-1\n2\td1\t0\n"))
        #expect(beir == trec)
        for bad in ["", "1 0 d1\n1 0 d1 1\n", "1 0 d1 x\n", "1 d1\n", "1 0 d 1\n1 0 d 2\n"] {
            let path = try folder.write("bad", bad)
            #expect(throws: CorpusError.self, "\(bad)") { try RelevanceJudgements.read(path) }
        }
    }
}
