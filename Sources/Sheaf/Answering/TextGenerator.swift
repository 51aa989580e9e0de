import Formats
import Foundation
public import Generation
public import Models
public import Tokenizers

/// How a generator is loaded.
public struct GeneratorLoading: Equatable, Sendable {
    /// The numbers its linear layers compute in.
    public var precision = Precision.float32
    /// How its weights are kept in memory.
    public var weights = WeightStorage.float32
    /// Whether weights that are NaN or infinite are let pass.
    public var allowsNonfinite = false

    /// As most need it.
    public init() {}
}

/// An encoder–decoder with its tokenizer: text in, text out.
///
///     let generator = try TextGenerator.open("flan-t5-small")
///     let found = try generator.generate(["translate English to German: good morning"])
///     found[0][0].text
public struct TextGenerator: Sendable {
    /// The model.
    public let generator: Generator
    /// Its tokenizer.
    public let tokenizer: any TextTokenizer
    /// The folder.
    public let folder: String
    /// How it was loaded.
    public let loading: GeneratorLoading
    /// What people ought to know of the model, as sentences.
    public let notes: [String]

    /// Opens a folder of BART or T5, or of RAG, whose generator lies in it.
    ///
    /// - Throws: where a file is missing or malformed, the model does not generate, or its
    ///   vocabulary is not the tokenizer's.
    public static func open(
        _ folder: String, _ loading: GeneratorLoading = GeneratorLoading()
    ) throws(SheafError) -> TextGenerator {
        try typed {
            let folder = try ModelFolders.existing(folder)
            // Before the weights, which may take long.
            let own = folder + "/generator_tokenizer"
            let words = FileManager.default.fileExists(atPath: own) ? own : folder
            let tokenizer = try FolderTokenizer.open(words)
            let generator = try Generator.load(
                folder: folder, precision: loading.precision, weights: loading.weights,
                allowsNonfinite: loading.allowsNonfinite)
            try VocabularyFit.check(
                tokenizer, folder: words, rows: generator.vocabularySize)
            return TextGenerator(
                generator: generator, tokenizer: tokenizer, folder: folder, loading: loading,
                notes: tokenizer.contradictions
                    + [try BaseCheckpoint.note(folder)].compactMap { $0 })
        }
    }
}

/// An output of a generator as text.
public struct GeneratedText: Equatable, Sendable {
    /// The text, without special tokens and without white space at its ends.
    public var text: String
    /// The tokens, the start token first.
    public var tokens: [Int32]
    /// See `GeneratedSequence.score`.
    public var score: Double
}

extension TextGenerator {
    /// Generates outputs for texts.
    ///
    /// - Parameters:
    ///   - limit: Tokens of a text at most, special ones included; nil: as many as the model has
    ///     positions. What does not fit is cut off from the end, and counted.
    ///   - processors: Change the scores of the next token, after all else.
    /// - Returns: For each text its outputs, the best first, drawn ones as they were drawn.
    public func generate(
        _ texts: [String], options: GenerationOptions = GenerationOptions(), limit: Int? = nil,
        processors: [ScoreProcessor] = [], threads: Int = 1, cuts: inout TextCuts
    ) throws(SheafError) -> [[GeneratedText]] {
        let sources = texts.map { source(of: $0, limit: limit, &cuts) }
        let found = try typed {
            try generator.generate(
                sources, options: options, processors: processors, threads: threads)
        }
        return found.map { outputs in
            outputs.map {
                GeneratedText(text: text(of: $0.tokens), tokens: $0.tokens, score: $0.score)
            }
        }
    }

    /// As `generate(_:options:limit:processors:threads:cuts:)`, for who does not count cuts.
    public func generate(
        _ texts: [String], options: GenerationOptions = GenerationOptions(), threads: Int = 1
    ) throws(SheafError) -> [[GeneratedText]] {
        var cuts = TextCuts()
        return try generate(texts, options: options, threads: threads, cuts: &cuts)
    }

    /// The tokens of a text, cut from the end to `limit` and to the model's positions.
    func source(of text: String, limit: Int?, _ cuts: inout TextCuts) -> [Int32] {
        let limit = min(limit ?? .max, generator.longestSource ?? .max)
        var ids: [Int32] = []
        var types: [Int32] = []
        tokenizer.encodeIDs(text, maximumLength: limit, into: &ids, typeIDs: &types)
        let whole =
            ids.count < limit
            ? ids.count : tokenizer.length(of: text, limit: Self.countedTokens)
        cuts.add(kept: ids.count, cut: max(0, whole - ids.count))
        return ids
    }

    /// Tokens of one text that are looked at to tell how much was cut.
    private static let countedTokens = 65_536

    /// The text of an output.
    func text(of tokens: [Int32]) -> String {
        tokenizer.decode(tokens, skipSpecialTokens: true)
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }
}

/// Checkpoints that were pre-trained and not fine-tuned, which copy their input.
enum BaseCheckpoint {
    /// Names under which such checkpoints are published.
    private static let names = [
        "bart-base", "bart-large", "t5-v1_1-small", "t5-v1_1-base", "t5-v1_1-large", "t5-v1_1-xl",
        "t5-v1_1-xxl", "mt5-small", "mt5-base", "mt5-large", "mt5-xl", "mt5-xxl", "byt5-small",
        "t5-small-lm-adapt", "t5-base-lm-adapt", "t5-large-lm-adapt", "t5-xl-lm-adapt",
    ]

    /// What is said of a model that looks like one; nil of any other.
    ///
    /// A model that was fine-tuned names the class with a head; only its own folder's name, not the
    /// `_name_or_path` that it came from, counts then.
    static func note(_ folder: String) throws(ModelError) -> String? {
        let json = try JSONFile(folder + "/config.json", purpose: "the model's dimensions")
        let name = folder.split(separator: "/").last.map(String.init) ?? folder
        var sign: String?
        if case .array(let classes) = json["architectures"],
            case .string(let first)? = classes.first,
            ["BartModel", "T5Model", "RagModel"].contains(first)
        {
            sign = "its class is \(first), without a head"
        }
        if names.contains(name) { sign = "of its name" }
        guard let sign else { return nil }
        return
            "“\(name)” looks like a base checkpoint that was never fine-tuned (\(sign)): it "
            + "copies its input rather than answers. Fine-tune it, or name a model that was."
    }
}
