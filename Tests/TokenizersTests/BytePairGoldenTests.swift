import Foundation
import TestSupport
import Testing

@testable import Tokenizers

/// Against the reference's fast implementation (tokenizers 0.19.1, transformers 4.41.2).
struct BytePairGoldenTests {
    struct Golden: Decodable {
        struct Row: Decodable {
            var text: String
            var ids: [Int32]
            var tokens: [String]
            var offsets: [[Int]]
            var decoded: String
        }
        var rows: [Row]
    }

    @Test func `ids, tokens, offsets and decoding are the reference's`() throws {
        let tokenizer = try BytePairTokenizer(folder: Fixtures.folder("bpe"))
        let rows = try Fixtures.decode(Golden.self, "bpe_tiny.json").rows
        #expect(!rows.isEmpty)
        for row in rows {
            let found = tokenizer.encode(row.text)
            let place: Comment = "text '\(row.text)'"
            #expect(found.ids == row.ids, place)
            #expect(found.spans == row.offsets, place)
            #expect(tokenizer.fast(row.text) == [found.ids, found.typeIDs], place)
            #expect(tokenizer.decode(row.ids, skipSpecialTokens: true) == row.decoded, place)
            // The reference names an added token by the text it covers, spaces included.
            for (token, id) in zip(row.tokens, found.ids) where !tokenizer.isSpecial(id) {
                #expect(tokenizer.token(for: id) == token, place)
            }
        }
    }

    @Test func `vocab and merges alone make the same tokenizer as tokenizer dot json`() throws {
        let folder = try TemporaryFolder()
        for name in ["vocab.json", "merges.txt"] {
            let source = Fixtures.folder("bpe") + "/" + name
            try folder.write(name, Data(contentsOf: URL(fileURLWithPath: source)))
        }
        let tokenizer = try BytePairTokenizer(folder: folder.path)
        for row in try Fixtures.decode(Golden.self, "bpe_tiny.json").rows {
            #expect(tokenizer.encode(row.text).ids == row.ids, "text '\(row.text)'")
        }
    }

    @Test func `a pair is framed by doubled separators of one segment`() throws {
        let tokenizer = try BytePairTokenizer(folder: Fixtures.folder("bpe"))
        let first = tokenizer.encode("a b", addsSpecialTokens: false).ids
        let second = tokenizer.encode("c d", addsSpecialTokens: false).ids
        let opening = try #require(tokenizer.beginningID)
        let end = try #require(tokenizer.endID)
        let found = tokenizer.encode("a b", pair: "c d")
        #expect(found.ids == [opening] + first + [end, end] + second + [end])
        #expect(found.typeIDs.allSatisfy { $0 == 0 })
        #expect(found.specialTokensMask == [1, 0, 0, 1, 1, 0, 0, 1])
        #expect(
            found.spans == [[0, 0], [0, 1], [2, 3], [0, 0], [0, 0], [0, 1], [2, 3], [0, 0]])
        #expect(tokenizer.fast("a b", pair: "c d") == [found.ids, found.typeIDs])
    }

    /// Tokens and spans of the reference with `add_prefix_space=True`.
    @Test(arguments: [
        ("a <mask> b", ["Ġa", "<mask>", "Ġb"], [[0, 1], [2, 8], [9, 10]]),
        (" a", ["Ġa"], [[0, 2]]),
        ("hello", ["Ġhe", "l", "lo"], [[0, 2], [2, 3], [3, 5]]),
        ("", [], []),
        ("  x", ["Ġ", "Ġx"], [[0, 0], [2, 3]]),
        ("\n a", ["Ġ", "Ċ", "Ġa"], [[0, 0], [0, 1], [2, 3]]),
        ("<s>x", ["<s>", "Ġx"], [[0, 3], [4, 4]]),
    ])
    func `a space can be put before the text`(
        _ text: String, _ tokens: [String], _ spans: [[Int]]
    ) throws {
        let folder = try TemporaryFolder()
        for name in ["vocab.json", "merges.txt"] {
            let source = Fixtures.folder("bpe") + "/" + name
            try folder.write(name, Data(contentsOf: URL(fileURLWithPath: source)))
        }
        try folder.write("tokenizer_config.json", Data(#"{"add_prefix_space": true}"#.utf8))
        let tokenizer = try BytePairTokenizer(folder: folder.path)
        #expect(tokenizer.addsPrefixSpace)
        let found = tokenizer.encode(text, addsSpecialTokens: false)
        #expect(found.ids.map { tokenizer.token(for: $0) } == tokens)
        #expect(found.spans == spans)
    }
}
