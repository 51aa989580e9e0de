import Testing

@testable import Tokenizers

/// Against the reference's fast implementation (tokenizers 0.19.1, transformers 4.41.2).
struct WordPieceGoldenTests {
    struct Meta: Decodable {
        struct Options: Decodable {
            var doLowerCase: Bool
            var stripAccents: Bool?
            var tokenizeChineseChars: Bool
        }
        var options: [Options]
    }
    struct Row: Decodable {
        struct Variant: Decodable {
            var ids: [Int32]
            var tokens: [String]
            var offsets: [[Int]]
        }
        var i: Int
        var text: String
        var optionToVariant: [Int]
        var variants: [Variant]
    }
    struct Pairs: Decodable {
        struct Row: Decodable {
            var a: String
            var b: String
            var truncation: String
            var maxLength: Int
            var ids: [Int32]?
            var types: [Int32]?
            var mask: [UInt8]?
            var offsets: [[Int]]?
            var error: String?
        }
        struct Batch: Decodable {
            var texts: [String]
            var maxLength: Int
            var ids: [[Int32]]
            var types: [[Int32]]
            var mask: [[UInt8]]
        }
        struct Overflow: Decodable {
            var text: String
            var maxLength: Int
            var stride: Int
            var ids: [[Int32]]
        }
        struct Reader: Decodable {
            struct Rows: Decodable {
                var ids: [[Int32]]
                var mask: [[UInt8]]
            }
            var questions: [String]
            var titles: [String]
            var texts: [String]
            var byMaxLength: [String: Rows]
        }
        var pairs: [Row]
        var batchLongest: Batch
        var overflow: Overflow
        var dprReader: Reader
    }
    struct Decoding: Decodable {
        var ids: [Int32]
        var skip: String
        var full: String
        var noclean: String
    }

    @Test func `ids, tokens and offsets are the reference's under each option`() throws {
        let meta = try Fixtures.decode(Meta.self, "wordpiece_minilm_meta.json")
        let rows = try Fixtures.lines(Row.self, "wordpiece_minilm.jsonl")
        #expect(!rows.isEmpty)
        for (index, named) in meta.options.enumerated() {
            var options = WordPieceOptions()
            options.lowercases = named.doLowerCase
            options.stripsAccents = named.stripAccents
            options.splitsChineseCharacters = named.tokenizeChineseChars
            let tokenizer = try Fixtures.wordPiece(options)
            for row in rows {
                let place: Comment = "row \(row.i), option \(index)"
                let expected = row.variants[row.optionToVariant[index]]
                let found = tokenizer.encode(row.text, addsSpecialTokens: false)
                #expect(found.ids == expected.ids, place)
                #expect(found.spans == expected.offsets, place)
                #expect(found.ids.map { tokenizer.token(for: $0) } == expected.tokens, place)
                let framed = tokenizer.encode(row.text)
                #expect(
                    framed.ids == [tokenizer.classifierID] + expected.ids + [tokenizer.separatorID],
                    place)
                #expect(tokenizer.fast(row.text) == [framed.ids, framed.typeIDs], place)
            }
        }
    }

    @Test func `pairs are cut and filled up as the reference does`() throws {
        let tokenizer = try Fixtures.wordPiece()
        let rows = try Fixtures.decode(Pairs.self, "wordpiece_minilm_pairs.json").pairs
        #expect(!rows.isEmpty)
        for (index, row) in rows.enumerated() {
            let place: Comment = "row \(index): \(row.truncation) to \(row.maxLength)"
            let truncation = try #require(Truncation(rawValue: row.truncation))
            func encode() throws(TokenizerError) -> Encoding {
                try tokenizer.encode(
                    row.a, pair: row.b, maximumLength: row.maxLength, truncation: truncation,
                    padding: .toLength(row.maxLength))
            }
            if row.error != nil {
                #expect(throws: TokenizerError.self, place) { try encode() }
                continue
            }
            let found = try encode()
            #expect(found.ids == row.ids, place)
            #expect(found.typeIDs == row.types, place)
            #expect(found.attentionMask == row.mask, place)
            #expect(found.spans == row.offsets, place)
            if truncation == .longestFirst {
                let count = found.attentionMask.count { $0 == 1 }
                #expect(
                    tokenizer.fast(row.a, pair: row.b, maximumLength: row.maxLength)
                        == [Array(found.ids[..<count]), Array(found.typeIDs[..<count])], place)
            }
        }
    }

    @Test func `a batch is filled up to its longest text`() throws {
        let batch = try Fixtures.decode(Pairs.self, "wordpiece_minilm_pairs.json").batchLongest
        let found = try Fixtures.wordPiece().encode(
            batch: batch.texts, maximumLength: batch.maxLength)
        #expect(found.map(\.ids) == batch.ids)
        #expect(found.map(\.typeIDs) == batch.types)
        #expect(found.map(\.attentionMask) == batch.mask)
    }

    @Test func `what is cut off follows in windows that share the stride`() throws {
        let golden = try Fixtures.decode(Pairs.self, "wordpiece_minilm_pairs.json").overflow
        let found = try Fixtures.wordPiece().encode(
            golden.text, maximumLength: golden.maxLength, stride: golden.stride)
        #expect([found.ids] + found.overflowing.map(\.ids) == golden.ids)
    }

    @Test func `a reader's question, title and text are those of the reference`() throws {
        let tokenizer = try Fixtures.wordPiece()
        let golden = try Fixtures.decode(Pairs.self, "wordpiece_minilm_pairs.json").dprReader
        for (length, rows) in golden.byMaxLength {
            let length = try #require(Int(length))
            for index in golden.questions.indices {
                let head = tokenizer.encode(golden.questions[index], pair: golden.titles[index])
                let text = tokenizer.encode(golden.texts[index], addsSpecialTokens: false)
                let ids = (head.ids + text.ids).prefix(length)
                let padding = repeatElement(tokenizer.paddingID, count: length - ids.count)
                #expect(ids + padding == rows.ids[index][...])
            }
        }
    }

    @Test func `decoding gives the reference's text`() throws {
        let tokenizer = try Fixtures.wordPiece()
        let rows = try Fixtures.decode([Decoding].self, "wordpiece_minilm_decode.json")
        #expect(!rows.isEmpty)
        for row in rows {
            #expect(tokenizer.decode(row.ids, skipSpecialTokens: true) == row.skip)
            #expect(tokenizer.decode(row.ids, skipSpecialTokens: false) == row.full)
            #expect(
                tokenizer.decode(row.ids, skipSpecialTokens: true, cleansSpaces: false)
                    == row.noclean)
        }
    }
}
