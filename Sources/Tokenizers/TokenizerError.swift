/// What can be wrong with a tokenizer's files or with a request to it.
///
/// Each message names the place and ends with what to do about it.
public enum TokenizerError: Error, Equatable, Sendable {
    /// None of the files that could hold the vocabulary is there.
    case missingFile(folder: String, expected: [String])
    /// A file is there but cannot be read.
    case unreadableFile(path: String, reason: String)
    /// A file is larger than any vocabulary.
    case fileTooLarge(path: String, bytes: Int, limit: Int)
    /// A file holds bytes that are not UTF-8; line from 1, offset in bytes from 0.
    case invalidUTF8(path: String, line: Int, offset: Int)
    /// A file is not JSON; line from 1, offset in bytes from 0.
    case malformedJSON(path: String, line: Int, offset: Int, reason: String)
    /// A JSON value is of another type or range than its key demands.
    case wrongType(path: String, key: String, expected: String, found: String)
    /// A JSON object lacks a key.
    case missingKey(path: String, key: String)
    /// A setting asks for something that is not built.
    case unsupported(path: String, key: String, value: String, supported: String)
    /// The vocabulary holds no token.
    case emptyVocabulary(path: String)
    /// One token stands twice in the vocabulary; places are lines from 1, or ids in JSON.
    case duplicateToken(path: String, token: String, first: Int, second: Int)
    /// Two tokens claim one id.
    case duplicateID(path: String, id: Int, tokens: [String])
    /// An id is negative or far beyond the number of tokens.
    case invalidID(path: String, token: String, id: Int)
    /// Two files give one token different ids.
    case conflictingID(path: String, token: String, id: Int, vocabularyID: Int?)
    /// A token that the model needs is not in the vocabulary.
    case missingSpecialToken(path: String, role: String, token: String)
    /// A line of the merges names something that is no pair of vocabulary tokens; line from 1.
    case malformedMerge(path: String, line: Int, reason: String)
    /// A SentencePiece model breaks its format; offset in bytes from 0.
    case malformedModel(path: String, offset: Int, reason: String)
    /// The sequence cannot be cut to the length asked for.
    case sequenceTooShort(maximumLength: Int, tokensToRemove: Int, tokensAvailable: Int)
    /// The maximum length has no room for the special tokens.
    case maximumLengthTooSmall(maximumLength: Int, specialTokens: Int)
    /// Successive windows would not advance.
    case strideTooLarge(stride: Int, windowLength: Int)
    /// `onlySecond` was asked for without a second text.
    case pairMissing
}

extension TokenizerError: CustomStringConvertible {
    /// The message: what, where, and the remedy.
    public var description: String {
        switch self {
        case .missingFile, .unreadableFile, .fileTooLarge, .invalidUTF8, .malformedJSON,
            .wrongType, .missingKey, .unsupported, .malformedModel:
            return fileDescription
        case .emptyVocabulary, .duplicateToken, .duplicateID, .invalidID, .conflictingID,
            .missingSpecialToken, .malformedMerge:
            return vocabularyDescription
        case .sequenceTooShort, .maximumLengthTooSmall, .strideTooLarge, .pairMissing:
            return requestDescription
        }
    }

    private var fileDescription: String {
        switch self {
        case .missingFile(let folder, let expected):
            "\(folder): no tokenizer found. Copy one of these from the model's folder: "
                + expected.joined(separator: "; ") + "."
        case .unreadableFile(let path, let reason):
            "\(path): cannot be read (\(reason)). Check the path and its permissions."
        case .fileTooLarge(let path, let bytes, let limit):
            "\(path): \(bytes) bytes, more than the \(limit) allowed for a tokenizer file. "
                + "Check that the path names the right file."
        case .invalidUTF8(let path, let line, let offset):
            "\(path):\(line): not UTF-8 at byte \(offset). Copy the file again in binary mode."
        case .malformedJSON(let path, let line, let offset, let reason):
            "\(path):\(line): not JSON at byte \(offset): \(reason). Copy the file again."
        case .malformedModel(let path, let offset, let reason):
            "\(path): no SentencePiece model, at byte \(offset): \(reason). Copy the file again."
        case .wrongType(let path, let key, let expected, let found):
            "\(path): \(key) must be \(expected), found \(found). Correct the value."
        case .missingKey(let path, let key):
            "\(path): \(key) is missing. Add it, or save the tokenizer again."
        case .unsupported(let path, let key, let value, let supported):
            "\(path): \(key) is \(value), which is not supported. Use \(supported)."
        default: ""
        }
    }

    private var vocabularyDescription: String {
        switch self {
        case .emptyVocabulary(let path):
            "\(path): the vocabulary is empty. Copy the file again."
        case .duplicateToken(let path, let token, let first, let second):
            "\(path): token '\(token)' stands at \(first) and at \(second). Remove one of them."
        case .duplicateID(let path, let id, let tokens):
            "\(path): id \(id) belongs to " + tokens.map { "'\($0)'" }.joined(separator: " and ")
                + ". Give each token an id of its own."
        case .invalidID(let path, let token, let id):
            "\(path): token '\(token)' has id \(id). Number the tokens from 0 without large gaps."
        case .conflictingID(let path, let token, let id, let vocabularyID):
            "\(path): token '\(token)' has id \(id) here, and "
                + (vocabularyID.map { "id \($0)" } ?? "none")
                + " in the vocabulary. Copy all tokenizer files from the same model."
        case .missingSpecialToken(let path, let role, let token):
            "\(path): the \(role) token '\(token)' is not in the vocabulary. "
                + "Check that the file is whole, or name the right token in tokenizer_config.json."
        case .malformedMerge(let path, let line, let reason):
            "\(path):\(line): \(reason). Copy vocabulary and merges from the same model."
        default: ""
        }
    }

    private var requestDescription: String {
        switch self {
        case .sequenceTooShort(let maximumLength, let remove, let available):
            "cannot reach maximum length \(maximumLength): \(remove) tokens to remove from a text "
                + "of \(available). Use longest-first truncation or a larger maximum length."
        case .maximumLengthTooSmall(let maximumLength, let specialTokens):
            "maximum length \(maximumLength) has no room for \(specialTokens) special tokens. "
                + "Use a larger maximum length."
        case .strideTooLarge(let stride, let windowLength):
            "stride \(stride) does not let windows of \(windowLength) tokens advance. "
                + "Use a stride from 0 up to the window length less one."
        case .pairMissing:
            "truncation of the second text was asked for without one. Pass a second text."
        default: ""
        }
    }
}
