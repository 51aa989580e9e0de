import Foundation
import TestSupport
import Testing

@testable import Tokenizers

/// Every kind of tokenizer against the reference's fast implementation: ids, spans, decoding,
/// pairs and cuts.
struct RowGoldenTests {
    struct Golden: Decodable {
        struct Row: Decodable {
            var text: String
            var ids: [Int32]
            var offsets: [[Int]]
            var decoded: String
            /// With spaces cleansed, where that differs.
            var decodedClean: String?
            /// With special tokens.
            var decodedFull: String?
        }
        struct Pair: Decodable {
            var a: String
            var b: String
            var truncation: String
            var maxLength: Int
            /// Missing where the reference cannot cut the pair so.
            var ids: [Int32]?
            var mask: [UInt8]?
            var offsets: [[Int]]?
            var types: [Int32]?
        }
        struct Truncated: Decodable {
            var text: String
            var maxLength: Int
            var ids: [Int32]
        }
        struct Decoded: Decodable {
            var ids: [Int32]
            var skip: String
            var full: String
            var clean: String
        }
        var rows: [Row]
        var pairs: [Pair]
        var singleTruncation: [Truncated]
        var decodeIds: [Decoded]
    }

    static let names = [
        "xlmr", "t5", "t5_bytefallback", "roberta", "roberta_prefix", "mpnet", "bert_sequence",
    ].filter { Goldens.has("tokenizer/\($0)_rows.json") }

    private func golden(_ name: String) throws -> Golden {
        try Fixtures.decode(Golden.self, name + "_rows.json")
    }

    @Test func `the kinds of generators and encoders are among the goldens`() {
        for name in ["xlmr", "t5", "roberta", "mpnet", "bert_sequence"] {
            #expect(Self.names.contains(name))
        }
    }

    @Test(arguments: names)
    func `ids, spans and decoding are the reference's`(_ name: String) throws {
        let tokenizer = try FolderTokenizer.open(Goldens.path("tokenizer/\(name)"))
        for row in try golden(name).rows {
            let place: Comment = "\(name): \(row.text.debugDescription)"
            let found = tokenizer.encode(row.text)
            #expect(found.ids == row.ids, place)
            #expect(found.spans == row.offsets, place)
            #expect(tokenizer.fast(row.text) == [found.ids, found.typeIDs], place)
            func decode(special: Bool = false, cleanses: Bool = false) -> [UInt8] {
                Array(
                    tokenizer.decode(
                        row.ids, skipSpecialTokens: !special, cleansSpaces: cleanses
                    ).utf8)
            }
            // Bytes, since Swift holds composed and decomposed letters for equal.
            #expect(decode() == Array(row.decoded.utf8), place)
            #expect(
                decode(cleanses: true) == Array((row.decodedClean ?? row.decoded).utf8), place)
            if let full = row.decodedFull {
                #expect(decode(special: true) == Array(full.utf8), place)
            }
        }
    }

    @Test(arguments: names)
    func `pairs and cuts are the reference's`(_ name: String) throws {
        let tokenizer = try FolderTokenizer.open(Goldens.path("tokenizer/\(name)"))
        let golden = try golden(name)
        for pair in golden.pairs {
            let place: Comment = "\(name): \(pair.a) \(pair.b) \(pair.truncation) \(pair.maxLength)"
            let truncation = try #require(Truncation(rawValue: pair.truncation))
            func encode() throws -> Encoding {
                try tokenizer.encode(
                    pair.a, pair: pair.b, maximumLength: pair.maxLength, truncation: truncation,
                    padding: .toLength(pair.maxLength))
            }
            guard let ids = pair.ids else {
                #expect(throws: TokenizerError.self) { _ = try encode() }
                continue
            }
            let found = try encode()
            #expect(found.ids == ids, place)
            if let mask = pair.mask { #expect(found.attentionMask == mask, place) }
            if let offsets = pair.offsets { #expect(found.spans == offsets, place) }
            if let types = pair.types { #expect(found.typeIDs == types, place) }
            if truncation == .longestFirst {
                let count = found.attentionMask.reduce(0) { $0 + Int($1) }
                #expect(
                    tokenizer.fast(pair.a, pair: pair.b, maximumLength: pair.maxLength)[0]
                        == Array(ids.prefix(count)), place)
            }
        }
        for row in golden.singleTruncation {
            let found = try tokenizer.encode(row.text, maximumLength: row.maxLength)
            #expect(found.ids == row.ids, "\(name): \(row.text)")
        }
    }

    @Test(arguments: names)
    func `any ids decode as the reference decodes them`(_ name: String) throws {
        let tokenizer = try FolderTokenizer.open(Goldens.path("tokenizer/\(name)"))
        for row in try golden(name).decodeIds {
            let place: Comment = "\(name): \(row.ids)"
            func decode(skips: Bool, cleanses: Bool) -> [UInt8] {
                Array(
                    tokenizer.decode(row.ids, skipSpecialTokens: skips, cleansSpaces: cleanses)
                        .utf8)
            }
            #expect(decode(skips: true, cleanses: false) == Array(row.skip.utf8), place)
            #expect(decode(skips: false, cleanses: false) == Array(row.full.utf8), place)
            #expect(decode(skips: true, cleanses: true) == Array(row.clean.utf8), place)
        }
    }
}
