import TestSupport
import Testing

@testable import Corpus

struct AnswerRecordTests {
    private func read(_ text: String) throws -> [AnswerRecord] {
        let folder = try TemporaryFolder()
        let path = try folder.write("answers.jsonl", text)
        var records: [AnswerRecord] = []
        try AnswerRecords.read(path) { record throws(CorpusError) in records.append(record) }
        return records
    }

    @Test func `answers come with their passages and how sure they are`() throws {
        let records = try read(
            """
            {"id": 7, "question": "q", "answers": "a", "answer": "b", "probability": 0.25, \
            "score": -1.5, "passages": [{"id": "p", "title": "t", "text": "x", "posterior": 0.1}, \
            {"id": "o", "posterior": 0.8}]}
            {"question": "r", "abstained": true, "answer": null}
            """)
        #expect(records.count == 2)
        #expect(records[0].id == "7" && records[0].answers == ["a"] && records[0].answer == "b")
        #expect(records[0].probability == 0.25 && records[0].score == -1.5)
        #expect(records[0].passages.map(\.id) == ["p", "o"])
        #expect(records[0].cited?.id == "o")
        #expect(records[1].id == "2" && records[1].answer.isEmpty)
    }

    @Test func `spans of a reader are answers, its last line is none`() throws {
        let records = try read(
            """
            {"id":"1","question":"q","answers":["a"],"spans":[{"text":"a","passage":"p",\
            "score":3.5,"relevance":1},{"text":"b","passage":"o","score":4,"relevance":0}]}
            {"questions":1,"measured":1,"exact_match":1,"f1":1}
            """)
        #expect(records.count == 1)
        #expect(records[0].answer == "a" && records[0].score == 3.5)
        #expect(records[0].passages.map(\.id) == ["p", "o"] && records[0].cited?.id == "p")
    }

    @Test(arguments: [
        (#"{"question": "q", "passages": []}"#, "answer"),
        (#"{"answer": "a", "probability": 1.5}"#, "probability"),
        (#"{"answer": "a", "score": "high"}"#, "score"),
        (#"{"answer": 5}"#, "answer"),
        (#"{"answer": "a", "passages": [{"title": "t"}]}"#, "id"),
    ])
    func `a wrong line is told with its place`(line: String, field: String) {
        let error = #expect(throws: CorpusError.self) { try read("{\"answer\": \"x\"}\n" + line) }
        #expect(error?.description.contains("answers.jsonl:2") == true, "\(line)")
        #expect(error?.description.contains(field) == true, "\(line)")
    }

    @Test func `an id that stands twice is refused`() {
        #expect(throws: CorpusError.self) {
            try read(#"{"id": "1", "answer": "a"}"# + "\n" + #"{"id": "1", "answer": "b"}"#)
        }
    }

    @Test(arguments: [
        (#"{"answer": "a", "probability": 1}"#, true), (#"{"spans": []}"#, true),
        (#"{"answer": "a", "question": "q"}"#, false),
        (#"{"answers": ["a"], "ctxs": [], "score": 1}"#, false), ("q1 Q0 d 1 2.5 t", false),
    ])
    func `files of answers are told from others`(line: String, isFile: Bool) throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("file", line)
        #expect(((try? AnswerRecords.isFile(path)) ?? false) == isFile)
        withExtendedLifetime(folder) {}
    }
}
