import Foundation
import Testing

@testable import Tokenizers

/// Against the reference's fast implementation (tokenizers 0.19.1, transformers 4.41.2).
struct WordPieceGoldenTests {
    struct Options: Decodable {
        var do_lower_case: Bool
        var strip_accents: Bool?
        var tokenize_chinese_chars: Bool

        var options: WordPieceOptions {
            var options = WordPieceOptions()
            options.lowercases = do_lower_case
            options.stripsAccents = strip_accents
            options.splitsChineseCharacters = tokenize_chinese_chars
            return options
        }
    }
    struct Meta: Decodable { var options: [Options] }
    struct Variant: Decodable {
        var ids: [Int32]
        var tokens: [String]
        var offsets: [[Int]]
    }
    struct Row: Decodable {
        var i: Int
        var text: String
        var option_to_variant: [Int]
        var variants: [Variant]
    }

    @Test func `ids, tokens and offsets are the reference's under each option`() throws {
        let meta = try Fixtures.decode(Meta.self, "wordpiece_minilm_meta.json")
        let rows = try Fixtures.lines(Row.self, "wordpiece_minilm.jsonl")
        #expect(!rows.isEmpty)
        for (index, options) in meta.options.enumerated() {
            let tokenizer = try WordPieceTokenizer(
                vocabulary: Fixtures.miniLM, options: options.options)
            for row in rows {
                let expected = row.variants[row.option_to_variant[index]]
                let found = tokenizer.encode(row.text, addsSpecialTokens: false)
                #expect(found.ids == expected.ids, "row \(row.i) option \(index) ids")
                #expect(
                    found.offsets.map { [$0.lowerBound, $0.upperBound] } == expected.offsets,
                    "row \(row.i) option \(index) offsets")
                #expect(
                    found.ids.map { tokenizer.token(for: $0) } == expected.tokens,
                    "row \(row.i) option \(index) tokens")
                var ids: [Int32] = []
                var typeIDs: [Int32] = []
                tokenizer.encodeIDs(
                    row.text, maximumLength: .max, into: &ids, typeIDs: &typeIDs)
                #expect(
                    ids == [tokenizer.classifierID] + expected.ids + [tokenizer.separatorID],
                    "row \(row.i) option \(index) fast path")
            }
        }
    }
}
