import Foundation
import TestSupport
import Testing

@testable import Corpus

/// SQuAD's nested JSON as a corpus.
struct SQuADCorpusTests {
    let folder = try? TemporaryFolder()

    private static let text = """
        {"version": "1.1", "data": [
          {"title": "Faust", "paragraphs": [
            {"context": "Goethe wrote\\nit.", "qas": [{"id": "a", "question": "Who?",
             "answers": [{"text": "Goethe", "answer_start": 0}]}]},
            {"context": "It is a play.", "qas": []}]},
          {"title": "Play", "paragraphs": [
            {"context": "It is a play."}, {"context": "Actors speak."}]}]}
        """

    private static let expected = [
        Passage(id: "1", title: "Faust", text: "Goethe wrote\nit."),
        Passage(id: "2", title: "Faust", text: "It is a play."),
        Passage(id: "3", title: "Play", text: "Actors speak."),
    ]

    @Test func `paragraphs are passages under their titles, equal ones once`() throws {
        let folder = try #require(folder)
        let inOneLine = Self.text.replacing("\n", with: " ")
        let articles = """
            [{"title": "Faust", "paragraphs": [{"context": "Goethe wrote\\nit."},
            {"context": "It is a play."}]},
            {"title": "Play", "paragraphs": [{"context": "Actors speak."}]}]
            """
        for (name, text) in [
            ("dev.json", Self.text), ("dev-line.json", inOneLine), ("articles.json", articles),
        ] {
            let path = try folder.write(name, text)
            #expect(try CorpusSource(paths: [path]).format == .squad)
            #expect(try passages([path]) == Self.expected, "\(name)")
        }
        let packed = try folder.write("dev.json.gz", gzip(Array(Self.text.utf8)))
        #expect(try passages([packed]) == Self.expected)
    }

    @Test func `paragraphs are numbered and told apart over all files`() throws {
        let folder = try #require(folder)
        let first = try folder.write("1.json", Self.text)
        let second = try folder.write(
            "2.json",
            """
            {"data": [{"title": "x", "paragraphs":
            [{"context": "It is a play."}, {"context": "New."}]}]}
            """
        )
        #expect(
            try passages([first, second]) == Self.expected
                + [Passage(id: "4", title: "x", text: "New.")])
    }

    @Test func `a scan finds batches at which reading goes on`() throws {
        let folder = try #require(folder)
        let source = try CorpusSource(paths: [try folder.write("dev.json", Self.text)])
        let scan = try SourceScan.run(
            source: source, batchSize: 2, scratchFolder: folder.path + "/scratch")
        #expect(scan.passages == 3 && scan.batches.map(\.count) == [2, 1])
        #expect(scan.digest == (try SourceScan.digest(of: source)))
        for batch in scan.batches {
            let reader = try PassageReader(source, startingAt: batch.start)
            #expect(reader.position == batch.start)
            #expect(try reader.next() == Self.expected[Int(batch.firstOrdinal)])
        }
        let beyond = PassagePosition(file: 0, byteOffset: 4, line: 1)
        #expect(throws: CorpusError.strayPosition(path: source.paths[0], byteOffset: 4)) {
            try PassageReader(source, startingAt: beyond)
        }
    }

    @Test func `an article at fault is refused with its place`() throws {
        let folder = try #require(folder)
        let broken = try folder.write("a.json", #"{"data": [{"title": "x", "paragraphs": [{}]}]}"#)
        #expect(
            throws: CorpusError.malformed(
                place: SourcePlace(path: broken, line: 1), reason: .missingField("context"))
        ) { try passages([broken], format: .squad) }
        let empty = try folder.write(
            "b.json", #"{"data": [{"paragraphs": [{"context": ""}, {"context": "New."}]}]}"#)
        #expect(
            throws: CorpusError.malformed(
                place: SourcePlace(path: empty, line: 1), reason: .emptyPassage)
        ) { try passages([empty]) }
        #expect(
            try passages([empty], skipMalformed: true) == [
                Passage(id: "1", title: "", text: "New.")
            ])
    }

    @Test(arguments: [
        ("a.json", #"[{"id": "1", "text": "t"}]"#, "one object a line"),
        ("b.jsonl", #"{"id": "1", "score": NaN}"#, "Correct the line."),
        ("c.jsonl", #"{"key": "1", "text": "t"}"#, "\"id\" and a \"text\""),
        ("d.csv", "id,text\n1,a\n", "tabs between"),
        ("e.tsv", "i\0d\0\n", "iconv"),
    ])
    func `what cannot be told is refused with what would help`(
        name: String, text: String, remedy: String
    ) throws {
        let path = try #require(folder).write(name, text)
        let error = #expect(throws: CorpusError.self) { try CorpusSource(paths: [path]) }
        #expect(error?.description.contains(remedy) == true, "\(String(describing: error))")
    }
}
