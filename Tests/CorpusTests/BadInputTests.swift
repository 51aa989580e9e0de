import Foundation
import TestSupport
import Testing

@testable import Corpus

struct BadInputTests {
    let folder = try? TemporaryFolder()

    private func write(_ name: String, _ bytes: [UInt8]) throws -> String {
        try #require(folder).write(name, bytes)
    }

    /// Expects one malformed record on a line, and its neighbours when it is skipped.
    private func expect(
        _ reason: Malformation, line: UInt64 = 2, in bytes: [UInt8], format: CorpusFormat,
        kept: [String] = ["1", "3"], skipped: Int = 1
    ) throws {
        let path = try write("a.txt", bytes)
        let error = CorpusError.malformed(
            place: SourcePlace(path: path, line: line), reason: reason)
        #expect(throws: error) { try passages([path], format: format) }
        let reader = try PassageReader(
            CorpusSource(paths: [path], format: format), skipMalformed: true)
        var ids: [String] = []
        while let passage = try reader.next() { ids.append(passage.id) }
        #expect(ids == kept)
        #expect(reader.skippedLines == skipped)
        #expect(reader.firstSkipped.first == error)
    }

    private func tsv(_ line: String) -> [UInt8] { Array("1\ta\tb\n\(line)\n3\tc\td\n".utf8) }

    private func jsonl(_ line: String) -> [UInt8] {
        Array("{\"id\":1,\"text\":\"a\"}\n\(line)\n{\"id\":3,\"text\":\"c\"}\n".utf8)
    }

    @Test func `malformed tab-separated lines are named by file and line`() throws {
        try expect(.wrongColumnCount(expected: 3, got: 2), in: tsv("2\tx"), format: .psgs)
        try expect(.wrongColumnCount(expected: 3, got: 4), in: tsv("2\tx\ty\tz"), format: .psgs)
        try expect(.wrongColumnCount(expected: 3, got: 1), in: tsv(" "), format: .psgs)
        try expect(.missingField("id"), in: tsv("\tx\ty"), format: .psgs)
        try expect(.emptyPassage, in: tsv("2\t\t"), format: .psgs)
        try expect(.emptyPassage, in: tsv("2\t\"\"\t\"\""), format: .psgs)
        try expect(.nulCharacter, in: tsv("2\tx\u{0}\ty"), format: .psgs)
        try expect(
            .wrongColumnCount(expected: 2, got: 3), line: 1, in: tsv("2\tx"), format: .msmarco,
            kept: ["2"], skipped: 2)
    }

    @Test func `malformed JSON lines are named by file and line`() throws {
        try expect(.missingField("id"), in: jsonl("{\"text\":\"x\"}"), format: .jsonl)
        try expect(.missingField("id"), in: jsonl("{\"id\":\"\",\"text\":\"x\"}"), format: .jsonl)
        try expect(.emptyPassage, in: jsonl("{\"id\":2,\"title\":\"\"}"), format: .jsonl)
        try expect(
            .wrongType(field: "text", expected: "a string"),
            in: jsonl("{\"id\":2,\"text\":[\"x\"]}"),
            format: .jsonl)
        try expect(
            .wrongType(field: "id", expected: "a string or a number"),
            in: jsonl("{\"id\":true,\"text\":\"x\"}"), format: .jsonl)
        try expect(.nulCharacter, in: jsonl("{\"id\":2,\"text\":\"\\u0000\"}"), format: .jsonl)
        try expect(.nulCharacter, in: jsonl("{\"id\":2,\"text\":\"\u{0}\"}"), format: .jsonl)
        for line in [
            "{\"id\":2,\"text\":\"x\"", "{\"id\":2,\"text\":\"x\"} y", "[1]", "2",
            "{\"id\":2 \"text\":1}",
            "{\"id\":02,\"text\":\"x\"}", "{\"id\":2,\"text\":\"\\q\"}",
            "{\"id\":2,\"text\":\"\t\"}",
            "{\"id\":2,\"text\":\"\\ud800\"}", "{\"id\":2,\"text\":\"\\ud800\\u0041\"}", "{'id':2}",
            "{\"id\":2,\"text\":\"x\",}", "{\"id\":-,\"text\":\"x\"}", "{\"id\":1.,\"text\":\"x\"}",
            "{\"id\":2,\"text\":nul}", "{\"id\":2,\"x\":" + String(repeating: "[", count: 100_000),
        ] {
            let path = try write("b.jsonl", jsonl(line))
            let error = #expect(throws: CorpusError.self) {
                try passages([path], format: .jsonl)
            }
            guard case .malformed(let place, .badJSON) = error else {
                Issue.record("\(line.prefix(40)): \(String(describing: error))")
                continue
            }
            #expect(place.line == 2)
            #expect(
                try passages([path], format: .jsonl, skipMalformed: true).map(\.id) == ["1", "3"])
        }
    }

    @Test(arguments: [
        [0xFF], [0xC3], [0xED, 0xA0, 0x80], [0xC0, 0x80], [0xF4, 0x90, 0x80, 0x80],
    ])
    func `bytes that are not UTF-8 are refused`(_ bad: [UInt8]) throws {
        try expect(
            .invalidUTF8, in: Array("1\ta\tb\n2\tx".utf8) + bad + Array("\ty\n3\tc\td\n".utf8),
            format: .psgs)
        try expect(
            .invalidUTF8,
            in: Array("{\"id\":1,\"text\":\"a\"}\n{\"id\":2,\"text\":\"".utf8) + bad
                + Array("\"}\n{\"id\":3,\"text\":\"c\"}\n".utf8), format: .jsonl)
    }

    @Test func `a quote that never closes swallows no other line`() throws {
        let lines = "3\tc\td\n4\te\tf"
        try expect(
            .unterminatedQuote, in: Array("1\ta\tb\n2\t\"x\ty\n\(lines)".utf8), format: .psgs,
            kept: ["1", "3", "4"])
        let rest = String(
            repeating: "9\t\(String(repeating: "filler ", count: 100))\ttitle\n", count: 20_000)
        try expect(
            .unterminatedQuote, in: Array("1\ta\tb\n2\t\"x\ty\n\(rest)".utf8), format: .psgs,
            kept: ["1"] + Array(repeating: "9", count: 20_000))
    }

    @Test func `a record of exactly the limit is read and a larger one refused`() throws {
        let limit = Passage.maximumBytes
        let fits = "2\t" + String(repeating: "x", count: limit - 4) + "\ty"
        #expect(fits.utf8.count == limit)
        #expect(try passages([write("a.tsv", tsv(fits))]).map(\.id) == ["1", "2", "3"])
        try expect(.tooLarge(limitBytes: limit), in: tsv(fits + "z"), format: .psgs)
        let long = String(repeating: "x", count: limit + 100_000)
        try expect(.tooLarge(limitBytes: limit), in: tsv(long), format: .psgs)
        try expect(
            .tooLarge(limitBytes: limit), in: jsonl("{\"id\":2,\"text\":\"\(long)\"}"),
            format: .jsonl)
    }

    @Test func `files that cannot be read are named with their reason`() throws {
        let folder = try #require(folder)
        #expect(throws: CorpusError.noPaths) { try CorpusSource(paths: []) }
        #expect(throws: CorpusError.isFolder(path: folder.path)) {
            try CorpusSource(paths: [folder.path])
        }
        #expect(throws: CorpusError.notRegularFile(path: "/dev/null")) {
            try CorpusSource(paths: ["/dev/null"])
        }
        let missing = folder.path + "/none.tsv"
        let error = #expect(throws: CorpusError.self) { try CorpusSource(paths: [missing]) }
        #expect(
            error?.description == "cannot open \(missing): No such file or directory; "
                + "check the path and its permissions")
    }

    @Test func `a format that cannot be told is an error that says why`() throws {
        for (name, text) in [
            ("a.txt", "just a line\n"), ("b.tsv", "1\t2\t3\t4\n"), ("c.jsonl", "{\"key\": 1}\n"),
            ("d.jsonl", "{broken\n"), ("e.json", "[{\"id\": 1, \"text\": \"a\"}]"),
            ("f.tsv", "1\t\0\0\n"), ("g.tsv", "id\ttext\ttitle\r1\ta\tb\r"),
        ] {
            let path = try write(name, Array(text.utf8))
            let error = #expect(throws: CorpusError.self) { try CorpusSource(paths: [path]) }
            switch error {
            case .unknownFormat(path, _, _), .brokenFirstLine(path, _): break
            default: Issue.record("\(name): \(String(describing: error))")
            }
        }
    }

    @Test func `a corpus without passages is an error`() throws {
        let scratch = try #require(folder).path
        for text in ["", "\n\n", "\u{FEFF}"] {
            let path = try write("a.tsv", Array(text.utf8))
            #expect(throws: CorpusError.emptyCorpus(paths: [path], skippedLines: 0)) {
                try CorpusSource(paths: [path])
            }
        }
        let path = try write("a.tsv", Array("id\ttext\ttitle\n1\t\t\n".utf8))
        #expect(throws: CorpusError.emptyCorpus(paths: [path], skippedLines: 1)) {
            try SourceScan.run(
                source: CorpusSource(paths: [path]), batchSize: 2, skipMalformed: true,
                scratchFolder: scratch)
        }
    }

    @Test func `every message ends with a remedy`() {
        let place = SourcePlace(path: "a.tsv", line: 3)
        let error = CorpusError.malformed(
            place: place, reason: .wrongColumnCount(expected: 3, got: 2))
        #expect(
            error.description == "a.tsv:3: 2 tab-separated columns where 3 are expected; "
                + "correct the line")
        #expect(
            error.descriptionOfSkippable == error.description + ", or pass --skip-malformed")
        let question = CorpusError.malformed(place: place, reason: .emptyQuestion)
        #expect(question.descriptionOfSkippable == question.description)
        #expect(
            CorpusError.duplicateID(
                id: "x", first: place, second: SourcePlace(path: "b.tsv", line: 9)
            ).description
                == "two passages have the id \"x\": a.tsv:3 and b.tsv:9; make the ids unique")
    }
}
