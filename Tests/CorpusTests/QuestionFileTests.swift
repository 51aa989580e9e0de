import Foundation
import TestSupport
import Testing

@testable import Corpus

struct QuestionFileTests {
    let folder = try? TemporaryFolder()

    private func read(_ name: String, _ text: String) throws -> [Question] {
        try QuestionFile.read(try #require(folder).write(name, text))
    }

    /// Expects an error on a line.
    private func refuse(
        _ reason: Malformation, line: UInt64, _ name: String, _ text: String
    ) throws {
        let path = try #require(folder).write(name, text)
        #expect(
            throws: CorpusError.malformed(
                place: SourcePlace(path: path, line: line), reason: reason)
        ) { try QuestionFile.read(path) }
    }

    @Test func `plain lines are numbered from 1`() throws {
        #expect(
            try read("q.txt", "\u{FEFF}who?\r\n\n\"what\" is it\n") == [
                Question(id: "1", text: "who?"), Question(id: "3", text: "\"what\" is it"),
            ])
    }

    @Test func `two columns are an id and a question`() throws {
        #expect(
            try read("q.tsv", "qid\tquery\nPLAIN-3\tis \"it\" so\n7\t[sic] what\n") == [
                Question(id: "PLAIN-3", text: "is \"it\" so"),
                Question(id: "7", text: "[sic] what"),
            ])
    }

    @Test func `DPR's answers are a Python list, quoted or not`() throws {
        #expect(
            try read(
                "q.csv",
                "who\t['A', \"B's\"]\r\nwhat\t\"['x', \"\"Château d'Amboise\"\"]\"\r\nwhen\t[]\r\n"
                    + "\"a \"\"b\"\"\"\t['\\xe9\\u00e9\\U0001F600\\n', u'y' 'z', 1988,]"
            ) == [
                Question(id: "1", text: "who", answers: ["A", "B's"]),
                Question(id: "2", text: "what", answers: ["x", "Château d'Amboise"]),
                Question(id: "3", text: "when"),
                Question(id: "4", text: "a \"b\"", answers: ["éé😀\n", "yz", "1988"]),
            ])
    }

    @Test func `a Python list reads as Python reads it`() throws {
        struct Row: Decodable {
            var literal: String
            var answers: [String]
        }
        let url = URL(fileURLWithPath: fixtures + "/python_lists.json")
        let rows = try JSONDecoder().decode([Row].self, from: Data(contentsOf: url))
        #expect(rows.count == 200)
        for row in rows {
            #expect(try PythonList.parse(row.literal) == row.answers)
        }
        #expect(try PythonList.parse(" [ '\\d\\q\\101\\7z' ] ") == ["\\d\\qA\u{7}z"])
        for bad in [
            "", "[", "'a'", "['a'", "['a' 1]", "['a'] x", "[a]", "['a]", "['\\x4']", "['\\ud800']",
            "['\\U00110000']", "[None]", "[['a']]", "['a',,]", "[--]", "['\\0']",
        ] {
            #expect(throws: Malformation.self, "\(bad)") { try PythonList.parse(bad) }
        }
    }

    @Test func `CuratedTREC has patterns in its fourth column`() throws {
        let text = "1756\tfactoid\tWhen?\tSept?(ember)?|Feb\n12\tfactoid\tWho?\t\"x\\.\n"
        #expect(
            try read("curated.tsv", text) == [
                Question(id: "1756", text: "When?", answers: ["Sept?(ember)?|Feb"]),
                Question(id: "12", text: "Who?", answers: ["\"x\\."]),
            ])
        let path = try #require(folder).write("c.tsv", text)
        #expect(try QuestionFormat.detect(path).answersAreExpressions)
    }

    @Test func `JSON objects name questions, answers, ids and gold passages in many ways`() throws {
        let text = """
            {"question": "a", "answer": ["x", "y"]}
            {"question": "b", "answer": "x", "qid": 7, "passage_id": 3}

            {"_id": "Q1", "text": "c"}
            {"id": "k", "question": "d", "answers": {"text": ["z"], "answer_start": [1]}, \
            "passage_ids": [10, "6", 10]}
            """
        let expected = [
            Question(id: "1", text: "a", answers: ["x", "y"]),
            Question(id: "7", text: "b", answers: ["x"], goldIDs: ["3"]),
            Question(id: "Q1", text: "c"),
            Question(id: "k", text: "d", answers: ["z"], goldIDs: ["10", "6"]),
        ]
        #expect(try read("q.jsonl", text) == expected)
        #expect(try read("q", text) == expected)
        let path = try #require(folder).write("q.jsonl.gz", gzip(Array(text.utf8)))
        #expect(try QuestionFile.read(path) == expected)
    }

    @Test func `DPR's training data are questions too`() throws {
        let text = """
            [
              {"question": "a", "answers": ["x"], "positive_ctxs": [
                {"title": "t", "text": "{\\"", "passage_id": "5"}, {"psg_id": 6}, {"title": ""}],
               "negative_ctxs": []},
              {"question": "b", "answers": [], "positive_ctxs": []}
            ]
            """
        #expect(
            try read("train.json", text) == [
                Question(
                    id: "1", text: "a", answers: ["x"], goldIDs: ["5", "6"], goldTitles: ["t"]),
                Question(id: "2", text: "b"),
            ])
    }

    @Test func `an empty question is an error with its line`() throws {
        try refuse(.emptyQuestion, line: 2, "a.tsv", "1\twho\n2\t \n")
        try refuse(.emptyQuestion, line: 2, "b.tsv", "who\t['a']\n\t['b']\n")
        try refuse(.emptyQuestion, line: 1, "c.jsonl", "{\"question\": \"\"}\n")
        try refuse(
            .emptyQuestion, line: 3, "d.json", "[{\"question\": \"a\"},\n\n{\"text\": \" \"}]")
    }

    @Test func `malformed rows are errors with their line`() throws {
        try refuse(.wrongColumnCount(expected: 1, got: 2), line: 2, "a", "who\nwhat\tis\n")
        try refuse(.wrongColumnCount(expected: 2, got: 1), line: 2, "b", "1\twho\nwhat\n")
        try refuse(.wrongColumnCount(expected: 4, got: 3), line: 2, "c", "1\tf\tq\tp\n1\tf\tq\n")
        try refuse(
            .badAnswerList(detail: "character 1: \"[\" expected"), line: 2, "d",
            "who\t['a']\nwhat\tx\n")
        try refuse(
            .missingField("question"), line: 2, "e", "{\"question\": \"a\"}\n{\"q\": \"b\"}\n")
        try refuse(
            .wrongType(field: "answers", expected: "a string or a number"), line: 1, "f",
            "{\"question\": \"a\", \"answers\": [[\"x\"]]}")
        try refuse(.missingField("id"), line: 1, "g", "\twho\n")
        try refuse(.nulCharacter, line: 2, "h", "who\nwh\u{0}at\n")
        try refuse(
            .badJSON(column: 1, detail: "an object expected"), line: 2, "i.json",
            "[{\"text\": \"a\"},\n3]")
        try refuse(
            .badJSON(column: 1, detail: "the array is cut off"), line: 1, "j.json",
            "[{\"text\": \"a\"}")
        try refuse(
            .badJSON(column: 1, detail: "text follows the array"), line: 1, "k.json",
            "[{\"text\": \"a\"}] 1")
        let path = try #require(folder).write("l", [0x77, 0xFF, 0x0A])
        #expect(throws: CorpusError.self) { try QuestionFile.read(path) }
    }

    @Test func `two questions with one id, and a file without any, are errors`() throws {
        let path = try #require(folder).write("a.tsv", "1\twho\n2\twhat\n1\twhen\n")
        #expect(
            throws: CorpusError.duplicateEntry(
                id: "1", first: SourcePlace(path: path, line: 1),
                second: SourcePlace(path: path, line: 3))
        ) { try QuestionFile.read(path) }
        for text in ["", "\n \n", "[]", "qid\tquery\n"] {
            let path = try #require(folder).write("b.json", text)
            #expect(throws: CorpusError.noQuestions(path: path)) {
                try QuestionFile.read(path)
            }
        }
    }

    @Test(arguments: [
        "who\nwhat\n", "1\twho\n2\twhat\n", "who\t['a']\nwhat\t['b']\n",
        "1\tk\twho\tp\n2\tk\twhat\tp\n",
        "{\"id\":1,\"text\":\"who\"}\n{\"id\":2,\"text\":\"what\"}",
        "[{\"question\":\"who\"},{\"question\":\"what\"}]",
    ])
    func `questions behind a byte order mark are those without`(_ text: String) throws {
        let folder = try TemporaryFolder()
        let plain = try QuestionFile.read(try folder.write("plain", text))
        let marked = [0xEF, 0xBB, 0xBF] + Array(text.utf8)
        #expect(plain.map(\.text) == ["who", "what"])
        #expect(try QuestionFile.read(try folder.write("marked", marked)) == plain)
        #expect(try QuestionFile.read(try folder.write("marked.gz", gzip(marked))) == plain)
    }

    @Test func `results and judgements behind a byte order mark are those without`() throws {
        let folder = try TemporaryFolder()
        func marked(_ text: String) throws -> String {
            try folder.write("m.gz", gzip([0xEF, 0xBB, 0xBF] + Array(text.utf8)))
        }
        #expect(try TRECRun.read(try marked("1 Q0 a 1 2.5 t\n"))[0].questionID == "1")
        #expect(try TRECRun.read(try marked("1\ta\t1\n"))[0].entries[0].id == "a")
        let judged = try RelevanceJudgements.read(
            try marked("query-id\tcorpus-id\tscore\n1\ta\t1\n"))
        #expect(judged.relevance == ["1": ["a": 1]])
        let lists = try DPRResults.read(
            try marked("[{\"question\": \"q\", \"ctxs\": [{\"id\": 1, \"score\": 1}]}]"))
        #expect(lists[0].entries.map(\.id) == ["1"])
    }

    private static let nested = """
        {"version": "v2.0", "data": [{"title": "Faust", "paragraphs": [
          {"context": "Goethe wrote it.", "qas": [
            {"id": "a1", "question": "Who wrote it?", "is_impossible": false,
             "answers": [{"text": "Goethe", "answer_start": 0},
                         {"text": "Goethe", "answer_start": 0},
                         {"text": "it", "answer_start": 13}]},
            {"id": "a2", "question": "When?", "is_impossible": true, "answers": []}]},
          {"context": "No question."}]}]}
        """

    @Test func `SQuAD's nested JSON is read to its questions`() throws {
        let questions = try QuestionFile.read(
            try #require(folder).write("squad.json", Self.nested))
        #expect(
            questions == [
                Question(id: "a1", text: "Who wrote it?", answers: ["Goethe", "it"]),
                Question(id: "a2", text: "When?"),
            ])
        let broken = try #require(folder).write(
            "broken.json", #"{"data": [{"paragraphs": [{"qas": []}]}]}"#)
        #expect(
            throws: CorpusError.malformed(
                place: SourcePlace(path: broken, line: 1), reason: .missingField("context"))
        ) { try QuestionFile.read(broken) }
    }

    @Test func `of a BEIR folder the questions are meant`() throws {
        let folder = try TemporaryFolder()
        #expect(throws: CorpusError.isFolder(path: folder.path)) {
            try QuestionFile.read(folder.path)
        }
        _ = try folder.write("corpus.jsonl", #"{"_id": "p", "text": "passage"}"#)
        _ = try folder.write("queries.jsonl", #"{"_id": "q1", "text": "who", "metadata": {}}"#)
        #expect(try QuestionFormat.detect(folder.path) == .json)
        #expect(try QuestionFile.read(folder.path) == [Question(id: "q1", text: "who")])
    }
}
