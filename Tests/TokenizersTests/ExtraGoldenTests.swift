import Foundation
import TestSupport
import Testing

@testable import Tokenizers

/// Windows over pairs, added tokens and uncleaned text, against the reference.
struct ExtraGoldenTests {
    struct Extra: Decodable {
        struct Row: Decodable {
            var ids: [Int32]
            var types: [Int32]
            var special: [UInt8]
            var offsets: [[Int]]
        }
        struct Windows: Decodable {
            var a: String
            var b: String?
            var length: Int
            var truncation: String
            var stride: Int
            var windows: [Row]
        }
        struct Text: Decodable {
            var text: String
            var ids: [Int32]
            var offsets: [[Int]]
            var decoded: String?
        }
        struct Added: Decodable { var rows: [Text] }
        var windows: [Windows]
        var added: Added
        var raw: [Text]
    }

    static let url = Fixtures.repository.appendingPathComponent("tokenizer/extra.json")

    static func extra() throws -> Extra {
        try JSONDecoder().decode(Extra.self, from: Data(contentsOf: url))
    }

    static let tiny = Fixtures.repository.appendingPathComponent("models/wordpiece").path

    @Test func `windows of a pair are those of the reference, in its order`() throws {
        let tokenizer = try WordPieceTokenizer(folder: Self.tiny)
        for (index, golden) in try Self.extra().windows.enumerated() {
            let found = try tokenizer.encode(
                golden.a, pair: golden.b, maximumLength: golden.length,
                truncation: try #require(Truncation(rawValue: golden.truncation)),
                stride: golden.stride)
            let windows = [found] + found.overflowing
            let place: Comment = "row \(index)"
            #expect(windows.map(\.ids) == golden.windows.map(\.ids), place)
            #expect(windows.map(\.typeIDs) == golden.windows.map(\.types), place)
            #expect(windows.map(\.specialTokensMask) == golden.windows.map(\.special), place)
            #expect(windows.map(\.spans) == golden.windows.map(\.offsets), place)
        }
    }

    @Test func `added tokens are found as the reference finds them`() throws {
        let folder = try TemporaryFolder()
        let document = try JSONSerialization.jsonObject(
            with: Data(contentsOf: URL(fileURLWithPath: Self.tiny + "/tokenizer.json")))
        var tokenizerJSON = try #require(document as? [String: Any])
        let extra = try JSONSerialization.jsonObject(with: Data(contentsOf: Self.url))
        let added = try #require((extra as? [String: Any])?["added"] as? [String: Any])
        tokenizerJSON["added_tokens"] = added["tokens"]
        try folder.write(
            "tokenizer.json", JSONSerialization.data(withJSONObject: tokenizerJSON))
        let tokenizer = try WordPieceTokenizer(folder: folder.path)
        for row in try Self.extra().added.rows {
            let place: Comment = "text '\(row.text)'"
            let found = tokenizer.encode(row.text)
            #expect(found.ids == row.ids, place)
            #expect(found.spans == row.offsets, place)
            #expect(tokenizer.fast(row.text) == [found.ids, found.typeIDs], place)
            #expect(
                tokenizer.decode(row.ids, skipSpecialTokens: true, cleansSpaces: false)
                    == row.decoded, place)
        }
    }

    @Test func `text that is not cleaned keeps its control characters`() throws {
        let folder = try TemporaryFolder()
        try folder.write("tokenizer_config.json", #"{"clean_text": false}"#)
        try folder.write(
            "tokenizer.json",
            Data(contentsOf: URL(fileURLWithPath: Self.tiny + "/tokenizer.json")))
        let tokenizer = try WordPieceTokenizer(folder: folder.path)
        for row in try Self.extra().raw {
            let place: Comment = "text '\(row.text.debugDescription)'"
            let found = tokenizer.encode(row.text)
            #expect(found.ids == row.ids, place)
            #expect(found.spans == row.offsets, place)
            #expect(tokenizer.fast(row.text) == [found.ids, found.typeIDs], place)
        }
    }
}
