/// The tokenizer of a model's folder, of whatever kind it is.
///
///     let tokenizer = try FolderTokenizer.open("bart-base")
public enum FolderTokenizer {
    /// Opens it by what tokenizer.json says; where there is none, by vocab.txt (word pieces),
    /// vocab.json (byte pairs), or the model that SentencePiece trained (Unigram).
    ///
    /// Errors: any of `TokenizerError` that concerns files.
    public static func open(_ folder: String) throws(TokenizerError) -> any TextTokenizer {
        let files = try TokenizerFolder(folder)
        switch try kind(files) {
        case .wordPiece: return try WordPieceTokenizer(WordPieceFiles(files))
        case .bytePair: return try BytePairTokenizer(BytePairFiles(files))
        case .unigram: return try UnigramTokenizer(UnigramFiles(files))
        }
    }

    private enum Kind {
        case wordPiece
        case bytePair
        case unigram
    }

    private static func kind(_ files: TokenizerFolder) throws(TokenizerError) -> Kind {
        if let document = files.document { return try kind(document) }
        if files.has("vocab.txt") { return .wordPiece }
        if files.has("vocab.json") { return .bytePair }
        if UnigramFiles.modelNames.contains(where: files.has) { return .unigram }
        throw .missingFile(
            folder: files.folder,
            expected: ["tokenizer.json", "vocab.txt", "vocab.json and merges.txt"]
                + UnigramFiles.modelNames)
    }

    private static func kind(_ document: JSONNode) throws(TokenizerError) -> Kind {
        // Files of the first format version name no type: they hold word pieces.
        guard let type = try document.required("model").member("type") else { return .wordPiece }
        switch try type.string() {
        case "WordPiece": return .wordPiece
        case "BPE": return .bytePair
        case "Unigram": return .unigram
        default: throw type.unsupported("WordPiece, BPE or Unigram")
        }
    }
}
