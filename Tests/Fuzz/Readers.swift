import Base
import Corpus
import Formats
import Foundation
import Models
import Tensors
import Tokenizers

/// A reader of files that strangers bring, and what its inputs are made from.
struct FuzzedReader: Sendable {
    var name: String
    /// What the input's file is called.
    var file: String
    var words: [[UInt8]]
    /// Files of the fixtures that inputs start from.
    var seeds: @Sendable (String) throws -> [[UInt8]]
    /// Reads the file in a folder and tells whether it was accepted.
    ///
    /// What it throws besides its own errors ends the run, as a crash does.
    var read: @Sendable (String) throws -> Bool

    static let all = [safetensors, pickle, tokenizer, sentencePiece, arrow, table]

    /// The files of a folder that end in one of `suffixes` and are no longer than `limit`.
    private static func files(_ folder: String, _ suffixes: [String], limit: Int) -> [[UInt8]] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.sorted().filter { name in suffixes.contains { name.hasSuffix($0) } }
            .compactMap { FileManager.default.contents(atPath: folder + "/" + $0) }
            .filter { $0.count <= limit }.map { Array($0) }
    }

    private static func words(_ texts: String...) -> [[UInt8]] { texts.map { Array($0.utf8) } }

    /// Reads a file of weights: whether it was accepted.
    private static func readAll(_ path: String) -> Bool {
        do throws(ModelError) {
            let checkpoint = try Checkpoint.open(file: path)
            try checkpoint.verifyChecksums()
            // Strides of 0 describe many elements in few bytes.
            for (name, tensor) in checkpoint.tensors
            where tensor.count < 1 << 16 && tensor.type.isFloat {
                _ = try checkpoint.floats(name, shape: tensor.shape)
            }
            return true
        } catch {
            return error.description.isEmpty
        }
    }

    static let safetensors = FuzzedReader(
        name: "safetensors", file: "model.safetensors",
        words: words(
            "{", "}", "[", "]", ":", ",", "\"", "\"dtype\":\"F32\"", "\"shape\":[", "\"F16\"",
            "\"data_offsets\":[0,", "\"__metadata__\":{", "18446744073709551615", "-1", "1e9",
            "\\u0000", "\\ud800", "null", " "),
        seeds: { goldens in
            files(goldens + "/formats", [".safetensors"], limit: 8192)
                + files(goldens + "/formats/bad", [".safetensors"], limit: 8192)
        },
        read: { readAll($0 + "/model.safetensors") })

    static let pickle = FuzzedReader(
        name: "pickle", file: "pytorch_model.bin",
        words: [
            [0x80, 0x02], [0x80, 0x05], [0x28], [0x29], [0x2E], [0x52], [0x51], [0x62], [0x75],
            [0x85], [0x86], [0x87], [0x94], [0x95], [0x93], [0x8A, 0x08], [0x8C, 0x04], [0x58],
            [0x71, 0x00], [0x68, 0x00], [0x4A], [0x4B], [0x4D], [0x50, 0x4B, 0x03, 0x04],
            [0x50, 0x4B, 0x01, 0x02], [0x50, 0x4B, 0x05, 0x06],
        ]
            + words(
                "ctorch._utils\n_rebuild_tensor_v2\n", "ctorch\nFloatStorage\n",
                "ccollections\nOrderedDict\n", "cos\nsystem\n", "storage"),
        seeds: { goldens in
            files(goldens + "/formats", [".bin"], limit: 8192)
                + files(goldens + "/formats/bad", [".bin"], limit: 8192)
        },
        read: { readAll($0 + "/pytorch_model.bin") })

    static let tokenizer = FuzzedReader(
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

    static let sentencePiece = FuzzedReader(
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

    static let arrow = FuzzedReader(
        name: "arrow", file: "data.arrow",
        words: [
            [0xFF, 0xFF, 0xFF, 0xFF], [0, 0, 0, 0], [4, 0, 0, 0], [8, 0, 0, 0, 0, 0, 0, 0],
            [0x10, 0, 0, 0], [0xF8, 0xFF, 0xFF, 0xFF], [5], [12], [16], [20], [21], [3], [0x0C, 0],
        ],
        seeds: { goldens in
            // Arrow files lie beside the goldens.
            files(goldens + "/../arrow/saved", [".arrow"], limit: 8192)
                + files(goldens + "/../arrow/large", [".arrow"], limit: 8192)
                + files(goldens + "/../arrow", [".arrow"], limit: 8192)
        },
        read: { folder in
            do throws(FormatError) {
                guard let mapped = try? MappedFile(folder + "/data.arrow") else { return false }
                try readAll(try ArrowFile(mapped))
                return true
            } catch {
                return error.reason.isEmpty
            }
        })

    /// Reads the first and the last rows of each column.
    private static func readAll(_ file: ArrowFile) throws(FormatError) {
        var vector: [Float] = []
        for row in Set([0, 1, 2, 3, file.rows - 1]) where 0..<file.rows ~= row {
            for (number, column) in file.columns.enumerated() {
                switch column.kind {
                case .text: _ = try file.text(number, row: row)
                case .vectors:
                    vector.removeAll(keepingCapacity: true)
                    _ = try file.appendVector(number, row: row, to: &vector)
                case .other: break
                }
            }
        }
    }

    static let table = FuzzedReader(
        name: "tsv", file: "corpus.tsv",
        words: words(
            "\t", "\n", "\r\n", "\"", "\"\"", "id\ttext\ttitle\n", "1\ta\tb\n", "\u{FEFF}", "\0",
            "\u{301}", "'", "[", "]") + [[0xFF], [0xC3], [0xED, 0xA0, 0x80], [0x1F, 0x8B]],
        seeds: { _ in
            [
                "id\ttext\ttitle\n1\tAaron is a prophet.\tAaron\n2\t\"He said \"\"no\"\"\"\tB\n",
                "id\ttext\ttitle\r\n7\t\"two\nlines\"\t\r\n", "12\tA text alone\n13\tand another\n",
                "\u{FEFF}id\ttitle\ttext\n\u{E4}\t\u{4E2D}\u{6587}\t\u{1F600}\n",
            ].map { Array($0.utf8) }
        },
        read: { folder in
            do throws(CorpusError) {
                let source = try CorpusSource(paths: [folder + "/corpus.tsv"])
                let reader = try PassageReader(source)
                while let passage = try reader.next() { _ = passage.text.utf8.count }
                return true
            } catch {
                return error.description.isEmpty
            }
        })
}
