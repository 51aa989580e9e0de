import Foundation
import TestSupport
import Testing

@testable import Tokenizers

/// Unigram: the model, its files, and the path without offsets beside the one with them.
struct UnigramTests {
    static let names = ["xlmr", "t5"]

    private func open(_ bytes: [UInt8], _ files: [String: String] = [:]) throws -> UnigramTokenizer
    {
        let folder = try TemporaryFolder()
        try folder.write("spiece.model", Data(bytes))
        for (name, text) in files { try folder.write(name, text) }
        return try UnigramTokenizer(folder: folder.path)
    }

    private func failure(
        _ bytes: [UInt8], _ files: [String: String] = [:]
    ) throws -> TokenizerError? {
        do {
            _ = try open(bytes, files)
            return nil
        } catch let error as TokenizerError {
            return error
        }
    }

    @Test(arguments: names)
    func `ids without offsets are those with them`(_ name: String) throws {
        let tokenizer = try FolderTokenizer.open(Goldens.path("tokenizer/\(name)"))
        var maker = PropertyTests.TextMaker(seed: 31)
        let extra = [
            "▁", " ▁", "<mask>", "＜mask＞", "<extra_id_7>", "\u{2028}", "e\u{301}\u{327}", "\u{AD}",
        ]
        for round in 0..<400 {
            let text = maker.text() + extra[round % extra.count] + maker.text(6)
            let found = tokenizer.encode(text)
            let place: Comment = "\(name), text \(text.debugDescription)"
            #expect(tokenizer.fast(text) == [found.ids, found.typeIDs], place)
            let count = text.unicodeScalars.count
            #expect(found.offsets.allSatisfy { $0.upperBound <= count }, place)
            let length = 4 + round % 20
            let cut = try tokenizer.encode(text, maximumLength: length)
            #expect(tokenizer.fast(text, maximumLength: length)[0] == cut.ids, place)
        }
    }

    /// A plain version: all ways to cut a word, the best kept.
    @Test func `pieces are those with the highest sum`() throws {
        let scores: [String: Double] = [
            "a": -2, "b": -2.5, "ab": -4, "ba": -4.25, "aba": -6, "abab": -8.5, "ü": -3, "üa": -4,
        ]
        let tokens = scores.keys.sorted()
        let vocabulary = try Vocabulary(
            (["<unk>"] + tokens).enumerated().map { ($1, $0) }, path: "x")
        let model = UnigramModel(
            vocabulary: vocabulary, scores: [0] + tokens.map { scores[$0] ?? 0 }, unknownID: 0,
            fallsBackToBytes: false)
        func best(_ word: [Character]) -> Double {
            var sums = [0.0]
            for end in 1...word.count {
                var sum = -Double.infinity
                for start in 0..<end {
                    let piece = String(word[start..<end])
                    let cost = scores[piece] ?? (end - start == 1 ? -8.5 - 10 : -.infinity)
                    sum = max(sum, sums[start] + cost)
                }
                sums.append(sum)
            }
            return sums[word.count]
        }
        var dice = Dice(seed: 3)
        var scratch = UnigramModel.Scratch()
        for _ in 0..<2000 {
            let word = (0...Int.random(in: 0..<12, using: &dice)).map { _ in
                "aabbabüx".randomElement(using: &dice) ?? "a"
            }
            let bytes = Array(String(word).utf8)
            var sum = 0.0
            var covered = 0
            model.forEachToken(of: bytes.span, &scratch) { id, start, end in
                #expect(start == covered)
                covered = end
                let text = String(decoding: bytes[start..<end], as: UTF8.self)
                sum += id == 0 ? -18.5 * Double(text.count) : scores[text] ?? 0
            }
            #expect(covered == bytes.count)
            #expect(abs(sum - best(word)) < 1e-9, "\(String(word))")
        }
    }

    @Test func `a trie finds each token and no other`() throws {
        var dice = Dice(seed: 8)
        for _ in 0..<20 {
            var tokens: Set<String> = []
            for _ in 0..<400 {
                let count = Int.random(in: 1..<7, using: &dice)
                tokens.insert(
                    String(
                        (0..<count).map { _ in "abcdé中\u{0}".randomElement(using: &dice) ?? "a" }))
            }
            let list = tokens.sorted()
            let trie = PieceTrie(
                try Vocabulary(list.enumerated().map { ($1, $0) }, path: "x"))
            func find(_ text: String) -> Int32 {
                var base = trie.root
                var value: Int32 = -1
                for byte in text.utf8 {
                    let unit = trie.units[base ^ Int(byte)]
                    guard PieceTrie.isChild(unit, byte) else { return -1 }
                    base = PieceTrie.base(unit)
                    value = PieceTrie.value(unit)
                }
                return value
            }
            for (id, token) in list.enumerated() {
                #expect(find(token) == id)
                for other in [token + "a", String(token.dropLast()), "x" + token] {
                    let known = list.firstIndex { $0.utf8.elementsEqual(other.utf8) }
                    #expect(find(other) == known.map(Int32.init) ?? -1)
                }
            }
        }
    }

    @Test func `bytes stand for what has no piece, and decode to it`() throws {
        let tokenizer = try open(SentencePieceWriter.small())
        let found = tokenizer.encode("ab é中")
        let a = Int32(260)
        let bytes = Array("é中".utf8).map { Int32($0) + 3 }
        #expect(found.ids == [a + 2, 259] + bytes + [1])
        #expect(found.spans.prefix(3) == [[0, 2], [2, 3], [3, 5]])
        #expect(tokenizer.decode(found.ids, skipSpecialTokens: true) == "ab é中")
        // A character cut in two is no character.
        #expect(
            tokenizer.decode(
                Array(found.ids.prefix(2)) + [bytes[0], bytes[2]], skipSpecialTokens: true)
                == "ab \u{FFFD}\u{FFFD}")
    }

    @Test func `a model without tokenizer dot json has T5's sentinels and user's pieces`() throws {
        let model = SentencePieceWriter.small()
        let tokenizer = try open(model)
        #expect(tokenizer.vocabularySize == 264 + 100)
        #expect(tokenizer.id(for: "<extra_id_0>") == 363)
        #expect(tokenizer.encode("ab[user]<extra_id_99>a").ids == [262, 263, 264, 259, 260, 1])
        #expect(tokenizer.isSpecial(264) && tokenizer.isSpecial(1) && !tokenizer.isSpecial(263))
        #expect(tokenizer.paddingID == 0 && tokenizer.endID == 1 && tokenizer.unknownID == 2)
        let few = try open(model, ["tokenizer_config.json": #"{"extra_ids": 3}"#])
        #expect(few.vocabularySize == 267)
        let first = try open(model, ["tokenizer_config.json": #"{"legacy": false}"#])
        #expect(first.encode("a[user]a").ids == [259, 260, 263, 260, 1])
        #expect(first.fast("a[user]a")[0] == [259, 260, 263, 260, 1])
    }

    @Test func `characters are replaced as the model's map says`() throws {
        let map = SentencePieceWriter.map([(0x41, "a"), (0x42, "bb"), (0x43, ""), (0x44, " ")])
        let tokenizer = try open(SentencePieceWriter.small(map: map))
        let found = tokenizer.encode("ABCDa")
        #expect(found.ids == [262, 261, 259, 260, 1])
        // What vanishes is part of the scalar before it where that one is new, as in the reference.
        #expect(found.spans == [[0, 2], [2, 3], [3, 4], [4, 5], [0, 0]])
        #expect(tokenizer.fast("ABCDa")[0] == found.ids)
    }

    @Test func `models of other kinds are named`() throws {
        func key(
            _ change: (inout SentencePieceWriter, inout SentencePieceWriter) -> Void
        ) throws -> String? {
            guard
                case .unsupported(_, let key, _, _) = try failure(
                    SentencePieceWriter.small(change: change))
            else { return nil }
            return key
        }
        #expect(try key { trainer, _ in trainer.integer(3, 2) } == "trainer_spec.model_type")
        #expect(
            try key { trainer, _ in trainer.integer(24, 1) }
                == "trainer_spec.treat_whitespace_as_suffix")
        #expect(
            try key { _, normalizer in normalizer.integer(3, 0) }
                == "normalizer_spec.add_dummy_prefix")
        guard
            case .unsupported(_, "tokenizer_class", "'AlbertTokenizer'", _) = try failure(
                SentencePieceWriter.small(),
                ["tokenizer_config.json": #"{"tokenizer_class": "AlbertTokenizer"}"#])
        else {
            Issue.record("another model's tokenizer was taken")
            return
        }
    }

    @Test func `a model that is cut off is refused with its place`() throws {
        let bytes = SentencePieceWriter.small()
        var refused = 0
        for count in stride(from: 0, to: bytes.count, by: 7) {
            switch try failure(Array(bytes[..<count])) {
            case .malformedModel(_, let offset, _):
                #expect(offset <= count)
                refused += 1
            case .emptyVocabulary, .invalidID, .missingSpecialToken, .conflictingID: refused += 1
            // Behind what the trainer says the rest may be missing.
            case nil: #expect(count > bytes.count - 24)
            case let other: Issue.record("\(count): \(other.map(\.description) ?? "")")
            }
        }
        #expect(refused > 100)
    }

    @Test func `a damaged map is refused with its place`() throws {
        func reason(_ map: [UInt8]) throws -> String? {
            guard
                case .malformedModel(_, _, let reason) = try failure(
                    SentencePieceWriter.small(map: map))
            else { return nil }
            return reason
        }
        #expect(try reason([1, 2]) == "it has too few bytes")
        #expect(try reason([0, 1, 0, 0] + Array(repeating: 0, count: 8)) != nil)
        #expect(try reason([4, 0, 0, 0, 0, 0, 0, 0, 0xFF]) == "its replacements are not UTF-8")
        let long = SentencePieceWriter.map([(0x41, String(repeating: "x", count: 1025))])
        #expect(try reason(long)?.contains("longer than 1024") == true)
    }
}
