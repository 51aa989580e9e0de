import Base
import Tensors
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
    let weights: Weights
    let tokenizer: WordPieceTokenizer
    let kernels: EncoderKernels
    let arenas = ArenaPool()

    init(_ opened: OpenedModel, _ weights: Weights, fingerprint: String, kernels: EncoderKernels) {
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
            unusedTensors: weights.unusedTensors, notes: description.notes,
            assumption: description.assumption)
        self.description = description
        self.weights = weights
        tokenizer = opened.tokenizer
        self.fingerprint = fingerprint
        self.kernels = kernels
    }

    /// The parameters of a tower.
    struct Weights: Sendable {
        let bert: BertEncoder
        /// BERT's tanh pooler.
        let pooler: Linear?
        let projection: Linear?
        /// Linear layers after the pooling of a sentence encoder.
        let dense: [(layer: Linear, activation: Activation)]
        /// Tensors of the checkpoint that none of these uses.
        let unusedTensors: [String]

        init(
            _ opened: OpenedModel, kernels: EncoderKernels
        ) throws(ModelError) {
            let (checkpoint, description) = (opened.checkpoint, opened.description)
            let configuration = description.configuration
            let width = configuration.hiddenSize
            var names = Set(
                BertEncoder.parameterNames(
                    prefix: description.prefix, configuration: configuration))
            bert = try BertEncoder(
                checkpoint, prefix: description.prefix, configuration: configuration,
                precision: description.precision, kernels: kernels)
            if let name = description.poolerName {
                pooler = try Linear(checkpoint, name, outputs: width, inputs: width)
                names.formUnion([name + ".weight", name + ".bias"])
            } else {
                pooler = nil
            }
            if let name = description.projectionName {
                projection = try Linear(
                    checkpoint, name, outputs: description.dimension, inputs: width,
                    hasBias: description.projectionHasBias)
                names.formUnion([name + ".weight", name + ".bias"])
            } else {
                projection = nil
            }
            var dense: [(layer: Linear, activation: Activation)] = []
            for (module, weights) in zip(description.dense, opened.dense) {
                dense.append((try module.linear(weights), module.activation))
            }
            self.dense = dense
            unusedTensors = checkpoint.tensors.keys.filter { !names.contains($0) }.sorted()
        }
    }
}
