import Foundation
import TestSupport
import Testing

@testable import Corpus

struct PassageReaderTests {
    let folder = try? TemporaryFolder()

    private func write(_ name: String, _ text: String) throws -> String {
        try #require(folder).write(name, text)
    }

    @Test func `csv quoting is read as Python's csv module reads it`() throws {
        struct Row: Decodable, Equatable {
            var id: String
            var text: String
            var title: String
        }
        let expected = try JSONDecoder().decode(
            [Row].self,
            from: Data(contentsOf: URL(fileURLWithPath: fixtures + "/psgs.expected.json")))
        for name in ["psgs.tsv", "psgs.tsv.gz", "psgs.members.tsv.gz"] {
            let read = try passages([fixtures + "/" + name])
            #expect(read.map { Row(id: $0.id, text: $0.text, title: $0.title) } == expected)
        }
    }

    @Test func `a header names the columns in any order, and none means id, text, title`() throws {
        let expected = [Passage(id: "7", title: "A", text: "b c")]
        for text in [
            "id\ttext\ttitle\n7\tb c\tA\n", "id\ttitle\ttext\r\n7\tA\tb c\r\n",
            "title\tid\ttext\n\nA\t7\tb c", "\n\r\n\ntitle\tid\ttext\nA\t7\tb c", "7\tb c\tA",
            "\u{FEFF}id\ttext\ttitle\n7\tb c\tA",
            "id\tmore\ttext\ttitle\n7\tx\tb c\tA\n", "\"id\"\t\"text\"\t\"title\"\n7\tb c\tA\n",
        ] {
            #expect(try passages([write("a.tsv", text)]) == expected, "\(text.debugDescription)")
        }
    }

    @Test func `a row whose id is id is skipped wherever it stands`() throws {
        let path = try write("a.tsv", "id\ttext\ttitle\n1\ta\tb\nid\ttext\ttitle\n2\tc\td\n")
        #expect(try passages([path]).map(\.id) == ["1", "2"])
    }

    @Test func `quotes that are not csv quoting stay`() throws {
        let path = try write(
            "a.tsv",
            "1\t\"Heroes\" is a song\tT\n2\tsay \"hi\"\t\"X\" (film)\n3\t\"open\t4\n5\ta\tb\n"
                + "6\tc\td\"x\n7\t\"\"\"q\"\"\"\te\n")
        let read = try passages([path])
        #expect(
            read.map(\.text) == ["\"Heroes\" is a song", "say \"hi\"", "\"open", "a", "c", "\"q\""])
        #expect(read.map(\.title) == ["T", "\"X\" (film)", "4", "b", "d\"x", "e"])
    }

    @Test func `a quoted field holds tabs and line ends, and lines go on being counted`() throws {
        let path = try write("a.tsv", "1\t\"a\tb\nc\r\nd\"\tT\r\n2\t\"x\ny\"\tU\n3\tonly\n")
        let reader = try PassageReader(CorpusSource(paths: [path]))
        #expect(try reader.next() == Passage(id: "1", title: "T", text: "a\tb\nc\r\nd"))
        #expect(reader.position.line == 4)
        #expect(try reader.next() == Passage(id: "2", title: "U", text: "x\ny"))
        #expect(reader.lastPlace.line == 4)
        #expect(
            throws: CorpusError.malformed(
                place: SourcePlace(path: path, line: 6),
                reason: .wrongColumnCount(expected: 3, got: 2))
        ) { try reader.next() }
    }

    @Test func `MS MARCO lines are taken as they stand`() throws {
        let path = try write("collection.tsv", "0\t\"quoted\" text\r\n1\t\"\"\n\n2\tlast")
        let source = try CorpusSource(paths: [path])
        #expect(source.format == .msmarco)
        #expect(try passages([path]).map(\.text) == ["\"quoted\" text", "\"\"", "last"])
    }

    @Test func `JSON lines keep numbers as they are written`() throws {
        let path = try write(
            "a.jsonl",
            """
            {"id": 12345678901234567890123, "title": null, "text": "a\\u00e9\\ud83d\\ude00\\n"}

            {"text": "b", "metadata": {"x": [1, {"y": "}"}]}, "id": "  7"}
            {"id": 1.50, "title": "only", "id": 1e3}
            """)
        #expect(try CorpusSource(paths: [path]).format == .jsonl)
        #expect(
            try passages([path]) == [
                Passage(id: "12345678901234567890123", title: "", text: "aé😀\n"),
                Passage(id: "  7", title: "", text: "b"),
                Passage(id: "1e3", title: "only", text: ""),
            ])
    }

    @Test func `a BEIR folder is read by the corpus inside`() throws {
        let folder = try #require(folder)
        let path = try folder.write(
            "corpus.jsonl", "{\"_id\": \"a b\", \"title\": \"T\", \"text\": \"x\"}\n")
        let source = try CorpusSource(paths: [folder.path])
        #expect(source.paths == [path])
        #expect(source.format == .beir)
        #expect(try passages([folder.path + "/"]) == [Passage(id: "a b", title: "T", text: "x")])
    }

    @Test func `several files are one source, compressed or not`() throws {
        let folder = try #require(folder)
        let one = try folder.write("1.tsv", "id\ttext\ttitle\n1\ta\tA\n")
        let two = try folder.write("2.tsv", gzip(Array("id\ttitle\ttext\n2\tB\tb".utf8)))
        let empty = try folder.write("3.tsv", "")
        let three = try folder.write("4.tsv", "3\tc\tC\n")
        #expect(try passages([one, two, empty, three]).map(\.title) == ["A", "B", "C"])
        let json = try folder.write("5.jsonl", "{\"id\": 1, \"text\": \"x\"}")
        #expect(throws: CorpusError.self) { try CorpusSource(paths: [one, json]) }
    }

    @Test(arguments: ["psgs.tsv", "psgs.tsv.gz", "psgs.members.tsv.gz"])
    func `reading resumes at any position that a reader gave`(_ name: String) throws {
        let other = try write("second.tsv", "title\ttext\tid\nT\ta\tz1\nU\t\"b\nc\"\tz2\n")
        let source = try CorpusSource(paths: [fixtures + "/" + name, other])
        let reader = try PassageReader(source)
        var starts: [PassagePosition] = []
        var all: [Passage] = []
        repeat {
            starts.append(reader.position)
        } while try reader.next().map { all.append($0) } != nil
        #expect(all.count == 122)
        for (row, start) in starts.enumerated() {
            let resumed = try PassageReader(source, startingAt: start)
            var rest: [Passage] = []
            while let passage = try resumed.next() { rest.append(passage) }
            #expect(rest == Array(all[row...]), "from row \(row)")
        }
    }

    @Test func `a position that starts no line is refused`() throws {
        let path = try write("a.tsv", "1\ta\tb\n2\tc\td\n")
        let source = try CorpusSource(paths: [path])
        for offset: UInt64 in [1, 5, 7, 13, 1000] {
            #expect(throws: CorpusError.strayPosition(path: path, byteOffset: offset)) {
                try PassageReader(
                    source, startingAt: PassagePosition(file: 0, byteOffset: offset, line: 2))
            }
        }
        #expect(throws: CorpusError.self) {
            try PassageReader(source, startingAt: PassagePosition(file: 1, byteOffset: 0, line: 1))
        }
    }

    @Test func `a record across many buffers is whole`() throws {
        let long = String(repeating: "wörd \"x\" ", count: 400_000)
        let quoted = "\"" + long.replacingOccurrences(of: "\"", with: "\"\"") + "\n\tend\""
        let path = try write("a.tsv", "1\ta\tb\n2\t\(quoted)\tT\n3\tc\td\n")
        let read = try passages([path])
        #expect(read.map(\.id) == ["1", "2", "3"])
        #expect(read[1].text == long + "\n\tend")
    }

    @Test func `JSON lines of pyserini and Tevatron are read as what they are`() throws {
        let folder = try TemporaryFolder()
        for (name, text, wanted) in [
            (
                "contents", #"{"id": "1", "contents": "a title\nand a body", "vector": [1]}"#,
                Passage(id: "1", title: "", text: "a title\nand a body")
            ),
            (
                "docid", #"{"docid": 7, "title": "T", "text": "x"}"#,
                Passage(id: "7", title: "T", text: "x")
            ),
            ("text_id", #"{"text_id": "t", "text": "x"}"#, Passage(id: "t", title: "", text: "x")),
            // Members that other records have beside their own stay what they were.
            (
                "own", #"{"docid": {"a": 1}, "id": "1", "text": "own", "contents": "other"}"#,
                Passage(id: "1", title: "", text: "own")
            ),
        ] {
            let path = try folder.write(name, text + "\n")
            #expect(try CorpusSource(paths: [path]).format == .jsonl)
            #expect(try passages([path]) == [wanted], "\(name)")
        }
        let path = try folder.write("ids", #"{"contents": [1, 2], "id": "1"}"#)
        #expect(throws: CorpusError.self) { try passages([path]) }
    }

    @Test func `a first line that tells no format says where and why`() throws {
        let folder = try TemporaryFolder()
        for (text, parts) in [
            (#"{"id": "1", "text": tru}"#, ["first line", "byte 2"]),
            ("a\u{0}b", ["byte 2", "NUL"]),
            (#"{"name": "1", "body": "x"}"#, [#""name""#, #""docid""#]),
        ] {
            let path = try folder.write("first", text + "\n")
            do {
                _ = try CorpusSource(paths: [path])
                Issue.record("\(text) was taken")
            } catch {
                for part in parts { #expect("\(error)".contains(part), "\(error)") }
            }
        }
    }

    @Test func `files of several formats are named with what they look like`() throws {
        let folder = try TemporaryFolder()
        let one = try folder.write("one.tsv", "id\ttext\ttitle\n1\ta\tA\n")
        let two = try folder.write("two.jsonl", #"{"_id": "2", "text": "b"}"#)
        #expect(
            throws: CorpusError.mixedFormats(
                first: one, format: .psgs, second: two, otherFormat: .beir)
        ) { try CorpusSource(paths: [one, two]) }
    }
}
