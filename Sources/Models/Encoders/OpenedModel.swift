import Base
import Crypto
import Foundation
import Tokenizers

/// A model folder that has been looked through: description, mapped weights, tokenizer.
struct OpenedModel: Sendable {
    let description: ModelDescription
    let checkpoint: Checkpoint
    let tokenizer: any TextTokenizer
    /// Whether the tokenizer lower-cases although its own file keeps case.
    private let lowercasesUnasked: Bool
    /// The weights of the linear layers after the pooling.
    let dense: [Checkpoint]
    /// `config.json` and the tokenizer's files that are there, in fixed order.
    private let smallFiles: [MappedFile]

    /// Bytes of a file that are hashed before their pages are let go of.
    private static let hashedAtOnce = 4 << 20

    init(
        folder: String, tower: Tower, options: EncoderOptions, rules: FolderRules = .current
    ) throws(ModelError) {
        let transformer = try SentenceModules.transformerFolder(folder)
        let parts = try EncoderFiles(transformer: transformer, policy: WeightPolicy(options))
        checkpoint = parts.checkpoint
        description = try ModelDescription(
            folder: folder, files: parts, transformerFolder: transformer, tower: tower,
            options: options, rules: rules)
        var layers: [Checkpoint] = []
        for layer in description.dense {
            layers.append(
                try Checkpoint.open(folder: layer.folder, policy: WeightPolicy(options)))
        }
        dense = layers
        var files = [
            try MappedFile(transformer + "/config.json", purpose: "the model's dimensions")
        ]
        for name in ModelFolderWriter.tokenizerFiles
        where ModelDescription.exists(parts.tokenizerFolder + "/" + name) {
            files.append(
                try MappedFile(parts.tokenizerFolder + "/" + name, purpose: "the tokenizer"))
        }
        smallFiles = files
        let pieces = try Self.tokenizer(
            parts.tokenizerFolder, rows: description.configuration.vocabularySize,
            silence: rules == .current ? .lowercases : .followsTokenizer)
        tokenizer = pieces
        lowercasesUnasked = pieces.lowercasesUnasked
        try checkSegments()
    }

    /// The tokenizer in `folder`, which must fit an embedding of `rows` rows.
    ///
    /// Embeddings may have rows beyond the vocabulary where they were padded for alignment: up to
    /// the next multiple of 128.
    static func tokenizer(
        _ folder: String, rows: Int, silence: WordPieceTokenizer.Silence = .lowercases
    ) throws(ModelError) -> WordPieceTokenizer {
        let vocabulary = folder + "/vocab.txt"
        guard
            ModelDescription.exists(vocabulary)
                || ModelDescription.exists(folder + "/tokenizer.json")
        else {
            let others = ["sentencepiece.bpe.model", "spiece.model", "tokenizer.model"]
            if let other = others.first(where: { ModelDescription.exists(folder + "/" + $0) }) {
                throw .otherForm(
                    folder: folder, holds: "\(other) (SentencePiece)",
                    wanted: "vocab.txt or tokenizer.json of WordPiece",
                    remedy: "Use a model of the BERT family")
            }
            throw .missingFile(path: vocabulary, purpose: "the tokenizer's vocabulary")
        }
        let tokenizer: WordPieceTokenizer
        do {
            tokenizer = try WordPieceTokenizer(folder: folder, silence: silence)
        } catch {
            throw .tokenizer(folder: folder, reason: "\(error)")
        }
        let pieces = tokenizer.vocabularySize
        guard pieces <= rows, rows <= (pieces + 127) / 128 * 128 else {
            throw .vocabularyMismatch(folder: folder, vocabulary: pieces, embeddingRows: rows)
        }
        return tokenizer
    }

    /// The tokenizer's template may give segments that the model has no rows for.
    private func checkSegments() throws(ModelError) {
        guard description.segmentIDs == .pair else { return }
        var ids: [Int32] = []
        var segments: [Int32] = []
        tokenizer.encodeIDs("a", pair: "a", maximumLength: 8, into: &ids, typeIDs: &segments)
        let largest = Int(segments.max() ?? 0)
        guard largest < description.configuration.segments else {
            throw .invalidConfiguration(
                path: description.transformerFolder + "/config.json", key: "type_vocab_size",
                reason: "is too small for the tokenizer's segment \(largest)")
        }
    }

    /// What beside the files decides a vector, in fixed order.
    private var settings: [String] {
        description.settings + (lowercasesUnasked ? ["lower-cased unasked"] : [])
    }

    /// See `TextEncoder.fingerprint(folder:tower:options:)`.
    ///
    /// Lets go of the pages of the weights behind it.
    func fingerprint() throws(ModelError) -> String {
        var hash = SHA256()
        func add(_ text: String) {
            add(UInt64(text.utf8.count))
            hash.update(data: Data(text.utf8))
        }
        func add(_ number: UInt64) {
            withUnsafeBytes(of: number.littleEndian) { hash.update(bufferPointer: $0) }
        }
        func add(_ file: MappedFile) throws(ModelError) {
            add(file.path.split(separator: "/").last.map(String.init) ?? "")
            add(UInt64(file.bytes.count))
            for start in stride(from: 0, to: file.bytes.count, by: Self.hashedAtOnce) {
                let part = start..<min(start + Self.hashedAtOnce, file.bytes.count)
                hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: file.bytes[part]))
                file.release(part)
            }
            try file.check()
        }
        add("sheaf encoder 1")
        for setting in settings { add(setting) }
        for file in smallFiles { try add(file) }
        for file in checkpoint.files { try add(file) }
        for layer in dense { for file in layer.files { try add(file) } }
        return Hexadecimal.text(hash.finalize())
    }
}

extension OpenedModel {
    /// Opens a folder by the rules under which it has the fingerprint `expected`; by today's where
    /// it has it under none.
    static func expecting(
        _ expected: String?, folder: String, tower: Tower, options: EncoderOptions
    ) throws(ModelError) -> OpenedModel {
        let opened = try OpenedModel(folder: folder, tower: tower, options: options)
        guard let expected else { return opened }
        for rules in FolderRules.allCases.dropFirst() {
            let other = try OpenedModel(
                folder: folder, tower: tower, options: options, rules: rules)
            if other.settings != opened.settings,
                try other.fingerprint() == expected
            {
                return other
            }
        }
        return opened
    }
}

extension ModelDescription {
    /// Whether the tokens of the tower's prompt are left out of the pooling.
    private var leavesPromptOut: Bool {
        let prompt = tower == .question ? prefixes.question : prefixes.passage
        return !pooling.includesPrompt && !prompt.isEmpty
    }

    /// What beside the files decides a vector, in fixed order.
    var settings: [String] {
        [
            kind.rawValue, tower.rawValue, pooling.name, normalises ? "normalised" : "raw",
            String(maximumLength), segmentIDs.rawValue,
            tower == .question ? prefixes.question : "",
            tower == .context ? prefixes.passage : "",
        ] + ProcessorBackend.settings(self)
            + (leavesPromptOut ? ["prompt left out"] : [])
            + (leavesPromptOut && clsFollowsPrompt && pooling.modes.contains(.firstToken)
                ? ["cls behind the prompt"] : [])
            + (lowercases ? ["lower-cased"] : [])
            + (kind == .sentence && poolerName != nil ? ["tanh pooler"] : [])
            + dense.map(\.setting)
    }
}
