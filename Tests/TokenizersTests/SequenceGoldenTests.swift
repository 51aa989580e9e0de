import Foundation
import TestSupport
import Testing

@testable import Tokenizers

/// A WordPiece tokenizer whose tokenizer.json has a sequence of normalisers and splits words at
/// runs, against the reference.
struct SequenceGoldenTests {
    struct Golden: Decodable {
        struct Row: Decodable {
            var text: String
            var ids: [Int32]
            var offsets: [[Int]]
        }
        struct Pair: Decodable {
            var a: String
            var b: String
            var truncation: String
            var maxLength: Int
            /// Missing where the reference cannot cut the pair so.
            var ids: [Int32]?
            var mask: [Int]?
            var types: [Int32]?
        }
        struct Truncated: Decodable {
            var text: String
            var maxLength: Int
            var ids: [Int32]
        }
        var rows: [Row]
        var pairs: [Pair]
        var singleTruncation: [Truncated]
    }

    @Test func `ids, offsets, pairs and cuts are the reference's`() throws {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let golden = try decoder.decode(
            Golden.self,
            from: Data(
                contentsOf: URL(
                    fileURLWithPath: Goldens.path("tokenizer/bert_sequence_rows.json"))))
        let tokenizer = try WordPieceTokenizer(folder: Goldens.path("tokenizer/bert_sequence"))
        for row in golden.rows {
            let found = tokenizer.encode(row.text)
            #expect(found.ids == row.ids, "\(row.text)")
            #expect(found.spans == row.offsets, "\(row.text)")
            var ids: [Int32] = []
            var types: [Int32] = []
            tokenizer.encodeIDs(
                row.text, pair: nil, maximumLength: 1 << 20, into: &ids, typeIDs: &types)
            #expect(ids == row.ids, "\(row.text)")
        }
        func encode(_ pair: Golden.Pair) throws -> Encoding {
            try tokenizer.encode(
                pair.a, pair: pair.b, maximumLength: pair.maxLength,
                truncation: try #require(Truncation(rawValue: pair.truncation)))
        }
        for pair in golden.pairs {
            guard let ids = pair.ids, let mask = pair.mask, let types = pair.types else {
                #expect(throws: TokenizerError.self) { _ = try encode(pair) }
                continue
            }
            let found = try encode(pair)
            let count = mask.reduce(0, +)
            #expect(found.ids == Array(ids.prefix(count)), "\(pair.a) \(pair.b)")
            #expect(found.typeIDs == Array(types.prefix(count)), "\(pair.a) \(pair.b)")
        }
        for row in golden.singleTruncation {
            let found = try tokenizer.encode(row.text, maximumLength: row.maxLength)
            #expect(found.ids == row.ids, "\(row.text)")
        }
    }
}
