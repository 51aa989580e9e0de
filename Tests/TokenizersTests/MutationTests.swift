import Foundation
import TestSupport
import Testing

@testable import Tokenizers

/// Damaged files, from a fixed seed: each either loads and reads text, or is refused with an error.
struct MutationTests {
    private static let text = "The quick [MASK] fox’s naïve 中国 <mask> don't e\u{301}\u{302E}"

    private func mutate(_ bytes: [UInt8], _ generator: inout Dice) -> [UInt8] {
        var bytes = bytes
        let scraps: [[UInt8]] = [
            Array("null".utf8), Array("[]".utf8), Array("{}".utf8), Array("-1".utf8),
            Array("\"\"".utf8), Array("99999999999999999999".utf8), Array("1e400".utf8), [0x00],
            [0xFF], [0xED, 0xA0, 0x80], Array("\n\n".utf8), Array("\\ud800".utf8),
            Array("##".utf8), Array("true".utf8), Array(",".utf8), Array("\"".utf8),
        ]
        for _ in 0..<Int.random(in: 1...4, using: &generator) where !bytes.isEmpty {
            let place = Int.random(in: 0..<bytes.count, using: &generator)
            let length = min(Int.random(in: 1...12, using: &generator), bytes.count - place)
            switch Int.random(in: 0..<6, using: &generator) {
            case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
            case 1: bytes.removeSubrange(place..<place + length)
            case 2: bytes.insert(contentsOf: bytes[place..<place + length], at: place)
            case 3:
                let scrap = scraps.randomElement(using: &generator) ?? []
                bytes.replaceSubrange(place..<place + length, with: scrap)
            case 4:
                bytes.insert(contentsOf: scraps.randomElement(using: &generator) ?? [], at: place)
            default: bytes.removeSubrange(place...)
            }
        }
        return bytes
    }

    /// Cuts a vocabulary down, so that a thousand loads are quick and damage hits more than words.
    private func smaller(_ path: String) throws -> [UInt8] {
        let data = try Data(contentsOf: URL(fileURLWithPath: path))
        guard var document = try JSONSerialization.jsonObject(with: data) as? [String: Any],
            var model = document["model"] as? [String: Any],
            let vocab = model["vocab"] as? [String: Int]
        else { return Array(data) }
        let kept = vocab.filter { $0.value < 300 }
        model["vocab"] = kept
        if let merges = model["merges"] as? [String] {
            model["merges"] = merges.filter {
                let parts = $0.split(separator: " ").map(String.init)
                return (parts + [parts.joined()]).allSatisfy { kept[$0] != nil }
            }
        }
        document["model"] = model
        return Array(
            try JSONSerialization.data(withJSONObject: document, options: .sortedKeys))
    }

    private func run(
        _ name: String, _ original: [UInt8], in folder: TemporaryFolder, rounds: Int,
        _ load: (String) throws(TokenizerError) -> any TextTokenizer
    ) throws {
        var generator = Dice(seed: 2024)
        var refused = 0
        for round in 0..<rounds {
            try folder.write(name, Data(mutate(original, &generator)))
            do {
                let tokenizer = try load(folder.path)
                let found = tokenizer.encode(Self.text, pair: Self.text)
                let fast = tokenizer.fast(Self.text, pair: Self.text)
                #expect(fast == [found.ids, found.typeIDs], "\(name), round \(round)")
                _ = tokenizer.decode(found.ids, skipSpecialTokens: false)
            } catch {
                refused += 1
                #expect(!error.description.isEmpty)
            }
        }
        #expect(refused > 0)
    }

    @Test func `a damaged tokenizer dot json of words is refused or works`() throws {
        let bytes = try smaller(Fixtures.folder("wordpiece") + "/tokenizer.json")
        try run("tokenizer.json", bytes, in: TemporaryFolder(), rounds: 1500) {
            (path) throws(TokenizerError) in try WordPieceTokenizer(folder: path)
        }
    }

    @Test func `a damaged tokenizer dot json of pairs is refused or works`() throws {
        let bytes = try smaller(Fixtures.folder("bpe") + "/tokenizer.json")
        try run("tokenizer.json", bytes, in: TemporaryFolder(), rounds: 1500) {
            (path) throws(TokenizerError) in try BytePairTokenizer(folder: path)
        }
    }

    @Test func `a damaged SentencePiece model is refused or works`() throws {
        let map = SentencePieceWriter.map([(0x54, "t"), (0x71, "ab"), (0x78, "")])
        let bytes = SentencePieceWriter.small(map: map)
        try run("spiece.model", bytes, in: TemporaryFolder(), rounds: 600) {
            (path) throws(TokenizerError) in try UnigramTokenizer(folder: path)
        }
    }

    @Test func `a damaged tokenizer dot json of Unigram is refused or works`() throws {
        let path = Goldens.path("tokenizer/t5/tokenizer.json")
        let data = try Data(contentsOf: URL(fileURLWithPath: path))
        var document = try #require(
            try JSONSerialization.jsonObject(with: data) as? [String: Any])
        var model = try #require(document["model"] as? [String: Any])
        let vocab = try #require(model["vocab"] as? [[Any]])
        model["vocab"] = Array(vocab.prefix(200))
        document["model"] = model
        let added = try #require(document["added_tokens"] as? [[String: Any]])
        document["added_tokens"] = added.filter { ($0["id"] as? Int ?? 0) < 200 }
        let bytes = try JSONSerialization.data(withJSONObject: document, options: .sortedKeys)
        try run("tokenizer.json", Array(bytes), in: TemporaryFolder(), rounds: 600) {
            (path) throws(TokenizerError) in try UnigramTokenizer(folder: path)
        }
    }

    @Test func `a damaged vocabulary is refused or works`() throws {
        let source = URL(fileURLWithPath: Fixtures.folder("wordpiece") + "/vocab.txt")
        let bytes = Array(try Data(contentsOf: source).prefix(900))
        try run("vocab.txt", bytes, in: TemporaryFolder(), rounds: 1000) {
            (path) throws(TokenizerError) in try WordPieceTokenizer(folder: path)
        }
    }

    @Test func `damaged settings are refused or work`() throws {
        let source = Fixtures.folder("wordpiece")
        let vocabulary = try Data(contentsOf: URL(fileURLWithPath: source + "/vocab.txt"))
        for name in ["tokenizer_config.json", "special_tokens_map.json"] {
            let folder = try TemporaryFolder()
            try folder.write("vocab.txt", vocabulary.prefix(900) + Data("\n".utf8))
            let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: source + "/" + name)))
            try run(name, bytes, in: folder, rounds: 400) {
                (path) throws(TokenizerError) in try WordPieceTokenizer(folder: path)
            }
        }
    }

    @Test func `damaged merges are refused or work`() throws {
        let source = Fixtures.folder("bpe")
        let folder = try TemporaryFolder()
        try folder.write(
            "vocab.json", Data(contentsOf: URL(fileURLWithPath: source + "/vocab.json")))
        let bytes = Array(
            try Data(contentsOf: URL(fileURLWithPath: source + "/merges.txt")).prefix(1200))
        try run("merges.txt", bytes, in: folder, rounds: 300) {
            (path) throws(TokenizerError) in try BytePairTokenizer(folder: path)
        }
    }
}
