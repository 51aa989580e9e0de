import Foundation
import Testing

@testable import Sheaf

struct AnswerWriterTests {
    private let question = Question(
        id: "q7", text: "who wrote “Faust”?", answers: ["Goethe"], goldIDs: [])
    private let answer = SearchAnswer(
        found: [
            .init(
                ordinal: Ordinal(4), score: 0.1 + 0.2,
                passage: Passage(id: "d5", title: "Faust", text: "A play\tby Goethe.")),
            .init(
                ordinal: Ordinal(0), score: -1e-9,
                passage: Passage(id: "d1", title: "", text: "\"quoted\" 漢字")),
        ],
        generation: 3,
        coverage: Coverage(shardsTotal: 8, shardsAnswered: 7, rowsTotal: 10, rowsAnswered: 9),
        timings: Timings(encodeUs: 1, searchUs: 2, slowestWorkerUs: 3, fetchUs: 4))

    private func whole(_ writer: any AnswerWriter) throws -> String {
        writer.opening() + (try writer.text(of: answer, to: question, index: 0))
            + (try writer.text(of: answer, to: question, index: 1)) + writer.closing(notes: [])
    }

    @Test func `a line of JSON carries hits, coverage and times`() throws {
        let line = try JSONLinesAnswers().text(of: answer, to: question, index: 0)
        #expect(
            line == #"""
                {"question_id":"q7","question":"who wrote “Faust”?","hits":[\#
                {"rank":1,"id":"d5","ordinal":4,"score":0.30000000000000004,"title":"Faust",\#
                "text":"A play\tby Goethe."},\#
                {"rank":2,"id":"d1","ordinal":0,"score":-1e-09,"title":"",\#
                "text":"\"quoted\" 漢字"}],"generation":3,"coverage":{"complete":false,\#
                "shards":8,"shards_answered":7,"passages":10,"passages_answered":9},\#
                "microseconds":{"encode":1,"search":2,"slowest_worker":3,"fetch":4}}

                """#)
    }

    @Test func `the whole of JSON is one object`() throws {
        struct Results: Decodable {
            struct Result: Decodable { var questionId: String }
            var collection: String
            var k: Int
            var results: [Result]
        }
        let results = try Program.decode(
            Results.self, from: whole(JSONAnswers(.collection("c"), k: 2)))
        #expect(results.collection == "c" && results.k == 2)
        #expect(results.results.map(\.questionId) == ["q7", "q7"])
    }

    @Test func `a run has six columns and scores that read back the same`() throws {
        #expect(
            try TRECAnswers().text(of: answer, to: question, index: 0) == """
                q7 Q0 d5 1 0.30000000000000004 sheaf
                q7 Q0 d1 2 -1e-09 sheaf

                """)
    }

    @Test func `an id that the columns cannot carry is refused`() {
        var spaced = answer
        spaced.found[0].passage.id = "a b"
        #expect(throws: SheafError.self) {
            try TRECAnswers().text(of: spaced, to: question, index: 0)
        }
    }

    @Test func `DPR's JSON reads back as what was written`() throws {
        try withFolder { folder in
            let path = folder + "/r.json"
            try whole(DPRAnswers(.string)).write(toFile: path, atomically: true, encoding: .utf8)
            let lists = try DPRResults.read(path)
            #expect(lists.count == 2)
            #expect(lists[0].question == question.text && lists[0].answers == question.answers)
            #expect(lists[0].entries.map(\.id) == ["d5", "d1"])
            #expect(lists[0].entries.map(\.score) == answer.found.map(\.score))
            #expect(lists[0].entries.map(\.hasAnswer) == [true, false])
        }
    }

    @Test func `a table fits its width and keeps to one line a hit`() throws {
        for width in [40, 60, 100, 200] {
            let table = try TableAnswers(width: width, headsQuestions: true)
                .text(of: answer, to: question, index: 0)
            let lines = table.split(separator: "\n").map(String.init)
            #expect(lines.count == 4)
            #expect(lines[0] == question.text)
            #expect(lines[2].contains("0.3000") && lines[2].contains("d5"))
            #expect(lines.allSatisfy { Columns.width($0) <= max(width, 48) }, "\(lines)")
        }
    }

    @Test func `an answer without hits says so`() throws {
        var empty = answer
        empty.found = []
        #expect(
            try TableAnswers(width: 80, headsQuestions: false)
                .text(of: empty, to: question, index: 0) == "no passage found\n")
    }
}

struct IndexReportTests {
    @Test func `what is done counts earlier runs and never more than there is`() {
        var report = IndexProgress(
            passagesTotal: 100, passagesCommitted: 40, passagesEncoded: 10)
        let before = report.passagesBefore
        #expect(before == 30)
        report.passagesEncoded = 25
        #expect(report.passagesDone(before: before) == 55)
        report.passagesEncoded = 200
        #expect(report.passagesDone(before: before) == 100)
        report.passagesCommitted = 100
        report.passagesEncoded = 0
        #expect(report.passagesDone(before: before) == 100)
    }

    @Test func `a wait that lasts is told once, whatever comes between`() {
        var wait = IdleWait()
        let start = ContinuousClock.now
        var report = IndexProgress(state: .encoding, note: "no worker is ready")
        #expect(wait.note(report, at: start) == nil)
        #expect(wait.note(report, at: start + .seconds(2)) == nil)
        #expect(wait.note(report, at: start + .seconds(3)) == "no worker is ready")
        #expect(wait.note(report, at: start + .seconds(9)) == nil)
        report.note = ""
        #expect(wait.note(report, at: start + .seconds(10)) == nil)
        report.note = "no worker is ready"
        #expect(wait.note(report, at: start + .seconds(11)) == nil)
        #expect(wait.note(report, at: start + .seconds(20)) == nil)
        report.note = "waits for w"
        #expect(wait.note(report, at: start + .seconds(21)) == nil)
        report.state = .paused
        #expect(wait.note(report, at: start + .seconds(30)) == nil)
        report.state = .checking
        #expect(wait.note(report, at: start + .seconds(31)) == nil)
        #expect(wait.note(report, at: start + .seconds(34)) == "waits for w")
    }

    @Test func `a summary tells passages, batches, repeats and speed`() {
        var summary = IndexSummary(
            collection: "c", passages: 18_891, batches: 19, batchesRepeated: 1, skippedLines: 2,
            passagesEncoded: 18_891, workers: 2, generation: 4, alreadyComplete: false,
            healing: Healing(), notes: [],
            seconds: 61, encodingSeconds: 60)
        #expect(
            summary.text == "“c”: 18,891 passages in 19 batches (1 repeated, 2 malformed records "
                + "skipped), 1 min 1 s, 315 passages/s")
        summary.alreadyComplete = true
        #expect(summary.text.contains("complete already"))
    }
}
