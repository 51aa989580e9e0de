import Base
import Tokenizers

/// One tower of a bi-encoder: text in, vectors out.
///
///     let encoder = try TextEncoder.load(folder: "all-MiniLM-L6-v2", tower: .context)
///     let vectors = encoder.encode(passages: [("Paris", "Paris is in France.")])
///
/// A text's vector is the same, bit for bit, whatever else is encoded with it, on any number of
/// threads and on any instruction set.
///
/// How texts are joined (`kind`):
/// - sentence: `title + " " + text`, the text alone without a title.
/// - dpr: the pair (title, stripped text), the text alone without a title; in questions ’ becomes
///   an apostrophe. The vector is the first token's hidden state, projected if the model says so.
/// - retribert: as sentence; first token, tanh pooler, projection of the tower.
public final class TextEncoder: Sendable {
    /// The families of encoders.
    public enum Kind: String, Sendable {
        /// A BERT sentence encoder.
        case sentence
        /// A DPR question or context encoder.
        case dpr
        /// A RetriBERT tower.
        case retribert
    }

    /// The family.
    public let kind: Kind
    /// The side.
    public let tower: Tower
    /// Length of a vector.
    public let dimension: Int
    /// SHA-256 (hex) of configuration, tokenizer, weights and settings; see `fingerprint(folder:)`.
    public let fingerprint: String
    /// Longest text in tokens, special tokens included; longer ones are cut.
    public let maximumLength: Int
    /// The segment ids of pairs.
    public let segmentIDs: SegmentIDs
    /// Put before each text.
    public let prefixes: TextPrefixes
    /// The numbers its linear layers compute in.
    public let precision: Precision
    /// What the load found besides the parameters.
    public let report: LoadReport

    /// The options that give the same vectors, whatever the folder comes to say.
    public var resolved: EncoderOptions { description.resolved }

    let description: ModelDescription
    let tokenizer: any TextTokenizer
    let backend: any EncoderBackend
    /// Threads between calls.
    let teams = ThreadTeams()

    init(_ opened: OpenedModel, _ backend: any EncoderBackend, fingerprint: String) {
        let description = opened.description
        kind = description.kind
        tower = description.tower
        dimension = description.dimension
        maximumLength = description.maximumLength
        segmentIDs = description.segmentIDs
        prefixes = description.prefixes
        precision = description.precision
        report = LoadReport(
            weightFiles: opened.checkpoint.files.map(\.path),
            unusedTensors: backend.unusedTensors, notes: description.notes,
            assumption: description.assumption)
        self.description = description
        tokenizer = opened.tokenizer
        self.fingerprint = fingerprint
        self.backend = backend
    }
}
