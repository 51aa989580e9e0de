import Formats
import Foundation
import TestSupport
import Testing

@testable import Tokenizers

/// Files that are wrong, and what is said about them.
struct BadInputTests {
    static let specials = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]

    private func vocabulary(
        _ lines: [String], _ other: [String: String] = [:]
    ) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        try folder.write("vocab.txt", lines.joined(separator: "\n"))
        for (name, text) in other { try folder.write(name, text) }
        return folder
    }

    private func failure(_ folder: TemporaryFolder) -> TokenizerError? {
        do {
            _ = try WordPieceTokenizer(folder: folder.path)
            return nil
        } catch {
            return error
        }
    }

    private func pairFailure(_ folder: TemporaryFolder) -> TokenizerError? {
        do {
            _ = try BytePairTokenizer(folder: folder.path)
            return nil
        } catch {
            return error
        }
    }

    private func document(_ change: (inout [String: Any]) -> Void) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        var document: [String: Any] = [
            "normalizer": ["type": "BertNormalizer"],
            "pre_tokenizer": ["type": "BertPreTokenizer"],
            "model": [
                "type": "WordPiece",
                "vocab": Dictionary(
                    uniqueKeysWithValues: Self.specials.enumerated().map { ($1, $0) }),
            ],
        ]
        change(&document)
        try folder.write(
            "tokenizer.json", JSONSerialization.data(withJSONObject: document))
        return folder
    }

    @Test func `a folder without files says which to copy`() throws {
        let folder = try TemporaryFolder()
        #expect(
            failure(folder)
                == .missingFile(folder: folder.path, expected: ["tokenizer.json", "vocab.txt"]))
        #expect(
            pairFailure(folder)
                == .missingFile(
                    folder: folder.path, expected: ["tokenizer.json", "vocab.json and merges.txt"]))
        #expect(
            throws: TokenizerError.missingFile(
                folder: folder.path,
                expected: [
                    "tokenizer.json", "vocab.txt", "vocab.json and merges.txt",
                    "sentencepiece.bpe.model",
                    "spiece.model",
                ])
        ) { try FolderTokenizer.open(folder.path) }
        try folder.write("vocab.json", #"{"a": 0}"#)
        #expect(
            pairFailure(folder)
                == .missingFile(folder: folder.path, expected: ["merges.txt beside vocab.json"]))
    }

    @Test func `a folder in the place of a file cannot be read`() throws {
        let folder = try TemporaryFolder()
        try FileManager.default.createDirectory(
            atPath: folder.path + "/vocab.txt", withIntermediateDirectories: false)
        guard case .unreadableFile(let path, _) = failure(folder) else {
            Issue.record("expected an unreadable file")
            return
        }
        #expect(path == folder.path + "/vocab.txt")
    }

    @Test func `a truncated vocabulary lacks special tokens`() throws {
        let folder = try vocabulary(["[PAD]", "[UNK]", "[CLS]"])
        #expect(
            failure(folder)
                == .missingSpecialToken(
                    path: folder.path + "/vocab.txt", role: "separator", token: "[SEP]"))
    }

    @Test func `an empty vocabulary is refused`() throws {
        #expect(
            failure(try vocabulary([""]))?.description.contains("is empty. Copy") == true)
        #expect(throws: TokenizerError.emptyVocabulary(path: "vocabulary")) {
            try WordPieceTokenizer(vocabulary: [])
        }
    }

    @Test func `a token that stands twice is named with both lines`() throws {
        let folder = try vocabulary(Self.specials + ["a", "b", "a"])
        #expect(
            failure(folder)
                == .duplicateToken(
                    path: folder.path + "/vocab.txt", token: "a", first: 6, second: 8))
    }

    @Test func `tokens that differ in their bytes alone are two`() throws {
        let folder = try vocabulary(Self.specials + ["\u{E9}", "e\u{301}"])
        let tokenizer = try WordPieceTokenizer(folder: folder.path)
        #expect(tokenizer.vocabularySize == 7)
        #expect(tokenizer.id(for: "\u{E9}") == 5)
        #expect(tokenizer.id(for: "e\u{301}") == 6)
    }

    @Test func `bytes that are not UTF-8 are found by line and offset`() throws {
        let folder = try TemporaryFolder()
        try folder.write("vocab.txt", Data("[PAD]\n[UNK]\nab".utf8) + Data([0xC3, 0x28]))
        #expect(
            failure(folder)
                == .invalidUTF8(path: folder.path + "/vocab.txt", line: 3, offset: 14))
    }

    @Test func `line ends of either kind make the same vocabulary`() throws {
        let folder = try TemporaryFolder()
        try folder.write("vocab.txt", (Self.specials + ["a"]).joined(separator: "\r\n") + "\r\n")
        #expect(try WordPieceTokenizer(folder: folder.path).encode("a").ids == [2, 5, 3])
    }

    @Test(arguments: [
        ("{", 1), ("", 1), ("{\n\"a\" 1}", 2), ("[1,]", 1), ("{\"a\":1,\"a\":2}", 1), ("nul", 1),
        ("{\"a\":\"\\ud800\"}", 1), ("\"\u{1}\"", 1), ("01", 1), ("1e999", 1), ("\"\\x\"", 1),
        ("{} {}", 1), ("\n\n{\"a\":}", 3), ("\"\\u12\"", 1), ("-", 1), ("{a:1}", 1), ("\"abc", 1),
    ])
    func `what is not JSON is named with its line`(_ text: String, _ line: Int) throws {
        let folder = try TemporaryFolder()
        try folder.write("tokenizer.json", text)
        guard case .malformedJSON(let path, let found, let offset, _) = failure(folder) else {
            Issue.record("'\(text)' was taken")
            return
        }
        #expect(path == folder.path + "/tokenizer.json")
        #expect(found == line)
        #expect(offset <= text.utf8.count)
    }

    @Test func `nesting without end is refused before the stack is`() throws {
        let folder = try TemporaryFolder()
        for text in [
            String(repeating: "[", count: 1_000_000),
            String(repeating: "{\"a\":", count: 1_000_000),
        ] {
            try folder.write("tokenizer.json", text)
            guard case .malformedJSON(_, _, _, let reason) = failure(folder) else {
                Issue.record("nesting was taken")
                return
            }
            #expect(reason == "nested deeper than 64")
        }
    }

    @Test func `JSON strings are read with all their escapes`() throws {
        let text = #"["\"\\\/\b\f\n\r\t\u0041\u00e9\uD83D\uDE00é", -1.5e2, 12, true, null, {}]"#
        let node = try JSONNode.read(Array(text.utf8), path: "x")
        #expect(
            node.value
                == .array([
                    .string("\"\\/\u{8}\u{C}\n\r\tA\u{E9}\u{1F600}\u{E9}"), .number("-1.5e2"),
                    .number("12"), .bool(true), .null, .object([]),
                ]))
    }

    @Test func `a value of the wrong type is named by its key`() throws {
        let folder = try vocabulary(
            Self.specials, ["tokenizer_config.json": #"{"do_lower_case": "yes"}"#])
        #expect(
            failure(folder)
                == .wrongType(
                    path: folder.path + "/tokenizer_config.json", key: "do_lower_case",
                    expected: "true or false", found: "the string 'yes'"))
        let list = try document {
            $0["model"] = ["type": "WordPiece", "vocab": ["a"]] as [String: Any]
        }
        #expect(
            failure(list)
                == .wrongType(
                    path: list.path + "/tokenizer.json", key: "model.vocab",
                    expected: "an object", found: "an array"))
    }

    @Test func `kinds that are not built are named`() throws {
        let kinds: [(String, (inout [String: Any]) -> Void)] = [
            ("model.type", { $0["model"] = ["type": "Unigram", "vocab": [:] as [String: Int]] }),
            ("normalizer.type", { $0["normalizer"] = ["type": "NFKC"] }),
            ("pre_tokenizer.type", { $0["pre_tokenizer"] = ["type": "Metaspace"] }),
            ("post_processor.type", { $0["post_processor"] = ["type": "Sequence"] }),
        ]
        for (expected, change) in kinds {
            let folder = try document(change)
            guard case .unsupported(let path, let key, _, _) = failure(folder) else {
                Issue.record("\(expected) was taken")
                continue
            }
            #expect(path == folder.path + "/tokenizer.json")
            #expect(key == expected)
        }
    }

    @Test func `ids must be distinct, and not far apart`() throws {
        func vocab(_ extra: [String: Int]) throws -> TemporaryFolder {
            try document {
                var vocab = Dictionary(
                    uniqueKeysWithValues: Self.specials.enumerated().map { ($1, $0) })
                vocab.merge(extra) { _, new in new }
                $0["model"] = ["type": "WordPiece", "vocab": vocab] as [String: Any]
            }
        }
        let far = try vocab(["a": 4_000_000])
        #expect(
            failure(far)
                == .invalidID(path: far.path + "/tokenizer.json", token: "a", id: 4_000_000))
        let negative = try vocab(["a": -1])
        #expect(
            failure(negative)
                == .invalidID(path: negative.path + "/tokenizer.json", token: "a", id: -1))
        guard case .duplicateID(_, 3, _) = failure(try vocab(["a": 3])) else {
            Issue.record("one id for two tokens was taken")
            return
        }
        let gaps = try vocab(["a": 9])
        #expect(try WordPieceTokenizer(folder: gaps.path).vocabularySize == 10)
    }

    @Test func `files of two models do not mix`() throws {
        let config = #"{"added_tokens_decoder": {"7": {"content": "[CLS]", "special": true}}}"#
        let folder = try vocabulary(Self.specials, ["tokenizer_config.json": config])
        #expect(
            failure(folder)
                == .conflictingID(
                    path: folder.path + "/vocab.txt", token: "[CLS]", id: 7, vocabularyID: 2))
    }

    @Test func `special tokens can have other names`() throws {
        let names = #"{"unk_token": "<u>", "cls_token": {"content": "<c>"}, "sep_token": "<e>"}"#
        let folder = try vocabulary(
            ["<u>", "<c>", "<e>", "[PAD]", "a"], ["special_tokens_map.json": names])
        let tokenizer = try WordPieceTokenizer(folder: folder.path)
        #expect(tokenizer.maskID == nil)
        #expect(tokenizer.encode("a z<e>").ids == [1, 4, 0, 2, 2])
    }

    @Test func `merges of other tokens are named with their line`() throws {
        let folder = try TemporaryFolder()
        try folder.write("vocab.json", #"{"<s>":0,"<pad>":1,"</s>":2,"a":3,"b":4,"ab":5}"#)
        let path = folder.path + "/merges.txt"
        for (text, reason) in [
            ("#version: 0.2\na b\na c\n", "'c' is not in the vocabulary"),
            ("#version: 0.2\na b\nb a\n", "'ba' is not in the vocabulary"),
            ("#version: 0.2\na b\na b\n", "'a' and 'b' merge twice"),
            ("#version: 0.2\na b\nab\n", "'ab' is not two tokens with a space between"),
        ] {
            try folder.write("merges.txt", text)
            #expect(
                pairFailure(folder) == .malformedMerge(path: path, line: 3, reason: reason))
        }
        try folder.write("merges.txt", "a b\n")
        #expect(try BytePairTokenizer(folder: folder.path).encode("abba").ids == [0, 5, 4, 3, 2])
    }

    @Test func `lengths that cannot be kept are refused`() throws {
        let tokenizer = try WordPieceTokenizer(vocabulary: Self.specials + ["a"])
        func error(_ body: () throws(TokenizerError) -> Encoding) -> TokenizerError? {
            do {
                _ = try body()
                return nil
            } catch {
                return error
            }
        }
        let text = "a a a a a a a a"
        #expect(
            error { () throws(TokenizerError) in try tokenizer.encode(text, maximumLength: 1) }
                == .maximumLengthTooSmall(maximumLength: 1, specialTokens: 2))
        #expect(
            error { () throws(TokenizerError) in
                try tokenizer.encode(text, maximumLength: 6, stride: 4)
            } == .strideTooLarge(stride: 4, windowLength: 4))
        #expect(
            error { () throws(TokenizerError) in
                try tokenizer.encode(text, maximumLength: 6, truncation: .onlySecond)
            } == .pairMissing)
        #expect(
            error { () throws(TokenizerError) in
                try tokenizer.encode(
                    "a", pair: text, maximumLength: 6, truncation: .onlyFirst)
            } == .sequenceTooShort(maximumLength: 6, tokensToRemove: 6, tokensAvailable: 1))
        #expect(tokenizer.fast(text, maximumLength: -3)[0] == [2, 3])
    }

    @Test func `every message ends with a remedy`() {
        let errors: [TokenizerError] = [
            .missingFile(folder: "f", expected: ["x"]), .unreadableFile(path: "p", reason: "r"),
            .fileTooLarge(path: "p", bytes: 2, limit: 1),
            .invalidUTF8(path: "p", line: 1, offset: 0),
            .malformedJSON(path: "p", line: 1, offset: 0, reason: "r"),
            .wrongType(path: "p", key: "k", expected: "e", found: "f"),
            .missingKey(path: "p", key: "k"),
            .unsupported(path: "p", key: "k", value: "v", supported: "s"),
            .emptyVocabulary(path: "p"),
            .duplicateToken(path: "p", token: "t", first: 1, second: 2),
            .duplicateID(path: "p", id: 1, tokens: ["a", "b"]),
            .invalidID(path: "p", token: "t", id: -1),
            .conflictingID(path: "p", token: "t", id: 1, vocabularyID: nil),
            .missingSpecialToken(path: "p", role: "r", token: "t"),
            .malformedMerge(path: "p", line: 1, reason: "r"),
            .malformedModel(path: "p", offset: 1, reason: "r"),
            .sequenceTooShort(maximumLength: 1, tokensToRemove: 2, tokensAvailable: 1),
            .maximumLengthTooSmall(maximumLength: 1, specialTokens: 2),
            .strideTooLarge(stride: 2, windowLength: 1), .pairMissing,
        ]
        let verbs = ["Copy", "Check", "Correct", "Add", "Use", "Remove", "Give", "Number", "Pass"]
        for error in errors {
            let message = error.description
            let last = message.dropLast().split(separator: ". ").last ?? ""
            #expect(message.hasSuffix("."))
            #expect(verbs.contains { last.hasPrefix($0) }, "\(message)")
        }
    }
}
