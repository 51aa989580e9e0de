import TestSupport
import Testing

@testable import Tokenizers

/// Options that only the reference's slow implementation has, and some that the goldens leave out.
struct WordPieceOptionTests {
    private func tokens(_ text: String, _ change: (inout WordPieceOptions) -> Void) throws
        -> [String]
    {
        var options = WordPieceOptions()
        change(&options)
        let tokenizer = try Fixtures.wordPiece(options)
        let ids = tokenizer.encode(text, addsSpecialTokens: false).ids
        #expect(tokenizer.fast(text)[0].dropFirst().dropLast() == ids[...])
        return ids.compactMap { tokenizer.token(for: $0) }
    }

    @Test func `words that are never split stay as they are`() throws {
        let found = try tokens("don't C++ Hello, hello ##ing un\u{AD}able C++.") {
            $0.neverSplit = ["##ing", "C++", "Hello,"]
        }
        #expect(
            found == [
                "don", "'", "t", "[UNK]", "[UNK]", "hello", "##ing", "unable", "c", "+", "+", ".",
            ])
    }

    /// The ids of the slow implementation with `do_basic_tokenize=False`.
    @Test(arguments: [
        ("Hello, world", ["[UNK]", "world"]),
        ("hello, world hello", ["hello", "##,", "world", "hello"]),
        (
            "un##able unaffable\u{3000}the\tthe",
            ["un", "###", "###", "##able", "una", "##ffa", "##ble", "the", "the"]
        ),
        ("\u{0}the the", ["[UNK]", "the"]),
    ])
    func `words can be what white space separates`(_ text: String, _ expected: [String]) throws {
        #expect(try tokens(text) { $0.splitsWords = false } == expected)
    }

    @Test func `continuing pieces can have another mark, or none`() throws {
        let specials = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
        for (prefix, pieces) in [("@@", ["un", "@@able", "@@d"]), ("", ["un", "able", "d"])] {
            var options = WordPieceOptions()
            options.continuationPrefix = prefix
            let tokenizer = try WordPieceTokenizer(vocabulary: specials + pieces, options: options)
            let found = tokenizer.encode("unabled", addsSpecialTokens: false)
            #expect(found.ids == [5, 6, 7])
            #expect(found.spans == [[0, 2], [2, 6], [6, 7]])
            #expect(tokenizer.fast("unabled")[0] == [2, 5, 6, 7, 3])
            #expect(tokenizer.decode(found.ids, skipSpecialTokens: true) == "unabled")
        }
    }

    @Test func `words beyond the longest length are unknown`() throws {
        #expect(try tokens("abc abcd") { $0.maximumWordLength = 3 } == ["abc", "[UNK]"])
        let long = String(repeating: "a", count: 200)
        #expect(try tokens(long) { _ in } == ["[UNK]"])
        #expect(try tokens(long) { $0.maximumWordLength = 200 }.count > 1)
    }

    @Test func `special tokens can be put around ids already made`() throws {
        let tokenizer = try Fixtures.wordPiece()
        let first = tokenizer.encode("a b", addsSpecialTokens: false).ids
        let second = tokenizer.encode("c", addsSpecialTokens: false).ids
        let found = tokenizer.encode(ids: first, pair: second)
        #expect(found.ids == tokenizer.encode("a b", pair: "c").ids)
        #expect(found.typeIDs == [0, 0, 0, 0, 1, 1])
        #expect(found.specialTokensMask == [1, 0, 0, 1, 0, 1])
    }

    @Test func `truncation and padding stored with the tokenizer are ignored`() throws {
        let folder = try TemporaryFolder()
        let vocab = #"{"[PAD]":0,"[UNK]":1,"[CLS]":2,"[SEP]":3,"a":4}"#
        try folder.write(
            "tokenizer.json",
            """
            {"truncation": {"max_length": 3, "strategy": "LongestFirst", "stride": 0},
             "padding": {"strategy": {"Fixed": 128}, "pad_id": 0}, "normalizer": null,
             "pre_tokenizer": {"type": "BertPreTokenizer"},
             "post_processor": {"type": "BertProcessing", "cls": ["[CLS]", 2], "sep": ["[SEP]", 3]},
             "model": {"type": "WordPiece", "vocab": \(vocab)}}
            """)
        let tokenizer = try WordPieceTokenizer(folder: folder.path)
        #expect(tokenizer.encode("a a a A").ids == [2, 4, 4, 4, 1, 3])
    }

    @Test func `many threads get the same ids`() async throws {
        let tokenizer = try Fixtures.wordPiece()
        let text = "Unaffable people don't like naïve 中国 e\u{302E}\u{327}"
        let expected = tokenizer.encode(text).ids
        await withTaskGroup(of: [Int32].self) { group in
            for _ in 0..<16 { group.addTask { tokenizer.fast(text)[0] } }
            for await ids in group { #expect(ids == expected) }
        }
    }
}
