import Foundation
import Tokenizers

extension FuzzedReader {
    static let tokenizers = [tokenizer, sentencePiece, vocabulary]

    private static let tokenizer = FuzzedReader(
        name: "tokenizer.json", file: "tokenizer.json",
        words: words(
            "{", "}", "[", "]", ":", ",", "\"", "null", "true", "-1", "99999999999999999999",
            "1e400", "\\ud800", "\"##\"", "\"id\":", "\"special\":true", "\"content\":\"",
            "\"type\":\"BPE\"", "\"type\":\"WordPiece\"", "\"type\":\"Unigram\"",
            "\"type\":\"Metaspace\"", "\"type\":\"Precompiled\"", "\"\u{2581}\",-2.5],",
            "\"vocab\":{", "\"merges\":[",
            "\"normalizer\":", "\u{301}"),
        seeds: { _ in TokenizerSeeds.all.map { Array($0.utf8) } },
        read: { folder in
            do throws(TokenizerError) {
                return tokenizes(try FolderTokenizer.open(folder))
            } catch {
                return error.description.isEmpty
            }
        })

    /// Uses a tokenizer that was accepted, by both paths.
    private static func tokenizes(_ tokenizer: any TextTokenizer) -> Bool {
        let text = "The [MASK] fox\u{2019}s na\u{EF}ve \u{4E2D} e\u{301} a b\u{3000} <mask>\r\n"
        let encoding = tokenizer.encode(text, pair: text)
        _ = tokenizer.decode(encoding.ids, skipSpecialTokens: false)
        var ids: [Int32] = []
        var typeIDs: [Int32] = []
        tokenizer.encodeIDs(text, pair: text, maximumLength: 64, into: &ids, typeIDs: &typeIDs)
        return !ids.isEmpty
    }

    private static let sentencePiece = FuzzedReader(
        name: "spiece.model", file: "spiece.model",
        words: [
            [0x0A, 0x0A], [0x12, 0x02], [0x15, 0x00, 0x00, 0x80, 0xC0], [0x18, 0x04], [0x18, 0x06],
            [0x28, 0x01], [0x98, 0x02, 0x01], [0xC0, 0x02, 0x02], [0x80, 0x80, 0x80, 0x80, 0x80],
            [0xE2, 0x96, 0x81], [0xFF, 0xFF, 0xFF, 0xFF, 0x0F], [0x1A], [0x7F], [0x00],
        ],
        seeds: { _ in [TokenizerSeeds.sentencePiece] },
        read: { folder in
            do throws(TokenizerError) {
                return tokenizes(try FolderTokenizer.open(folder))
            } catch {
                return error.description.isEmpty
            }
        })

    private static let vocabulary = FuzzedReader(
        name: "vocab.txt", file: "vocab.txt",
        words: words(
            "[PAD]\n", "[UNK]\n", "[CLS]\n", "[SEP]\n", "[MASK]\n", "##", "##\n", "\n", "\r\n",
            "\u{FEFF}", "\0", "\u{301}", "fox\n", " ") + [[0xFF], [0xED, 0xA0, 0x80]],
        seeds: { _ in
            texts(
                "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nthe\nfox\n##s\nna\n##ive\na\nb\n\u{4E2D}\n",
                "[UNK]\r\n[CLS]\r\n[SEP]\r\n[PAD]\r\n[MASK]\r\n##a\r\na\r\n")
        },
        read: { folder in
            do throws(TokenizerError) {
                return tokenizes(try WordPieceTokenizer(folder: folder))
            } catch {
                return error.description.isEmpty
            }
        })
}
