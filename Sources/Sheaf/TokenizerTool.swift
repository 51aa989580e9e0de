public import Formats
public import Models
import Tokenizers

/// The tokenizer of a model folder, for looking at what it does.
public struct TokenizerTool: Sendable {
    private let tokenizer: any TextTokenizer

    /// Opens the tokenizer of a folder, of whatever kind it is.
    ///
    /// - Parameter tower: Whose tokenizer it is, where the folder holds both towers.
    public init(folder: String, tower: Tower = .context) throws(SheafError) {
        let parts = try typed { try ModelFolders.parts(of: folder) }
        let folder = parts.count > 1 && tower == .context ? parts[1] : parts[0]
        tokenizer = try typed { try FolderTokenizer.open(folder) }
    }

    /// The tokens of a text with special tokens, whole: ids, tokens, offsets in code points.
    public func document(_ text: String) -> JSONValue {
        let encoding = tokenizer.encode(text)
        return [
            "ids": .array(encoding.ids.map { .integer(UInt64($0)) }),
            "tokens": .strings(tokens(encoding.ids)),
            "offsets": .array(
                encoding.offsets.map {
                    .array([.integer(UInt64($0.lowerBound)), .integer(UInt64($0.upperBound))])
                }),
        ]
    }

    /// The tokens of a text on one line, with their ids behind a tab.
    public func text(_ text: String) -> String {
        let ids = tokenizer.encode(text).ids
        return tokens(ids).joined(separator: " ") + "\t"
            + ids.map(String.init).joined(separator: " ")
    }

    private func tokens(_ ids: [Int32]) -> [String] {
        ids.map { tokenizer.token(for: $0) ?? "" }
    }
}
