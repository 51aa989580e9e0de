import Base
import Tensors

/// BERT's encoder stack with weights packed once, for inference alone.
///
/// The forward pass keeps the tokens of a batch side by side without padding; attention runs per
/// sequence over its own length. A token's hidden state depends on its own sequence alone, bit for
/// bit, because the kernels' results do not depend on a row's place.
///
/// Source: Devlin et al. 2019, with the post-norm layout and parameter names of Hugging Face's
/// `BertModel`.
final class BertEncoder: Sendable {
    let configuration: BertConfiguration
    private let words: Embedding
    private let positions: FloatBuffer
    private let segments: FloatBuffer
    private let embeddingNorm: LayerNorm
    let layers: Layers
    let kernels: EncoderKernels
    /// Embedding tables, and weights that are used where they lie, stay in these.
    private let files: [MappedFile]
    /// Heads whose queries, keys and values are computed together.
    let headGroups: [Range<Int>]

    /// The layers in the numbers they compute in.
    enum Layers: Sendable {
        case float32([Layer<PackedMatrix>])
        case i16([Layer<IntegerMatrix>])
    }

    struct Layer<Matrix: WeightMatrix>: Sendable {
        /// Queries, keys and values of the first head, of the second, and so on.
        let projections: LinearLayer<Matrix>
        let attentionOutput: LinearLayer<Matrix>
        let attentionNorm: LayerNorm
        let intermediate: LinearLayer<Matrix>
        let output: LinearLayer<Matrix>
        let outputNorm: LayerNorm
    }

    /// Loads the tensors that start with `prefix` ("" or ending in a point).
    init(
        _ checkpoint: Checkpoint, prefix: String, configuration: BertConfiguration,
        precision: Precision = .float32, kernels: EncoderKernels = .best
    ) throws(ModelError) {
        self.configuration = configuration
        self.kernels = kernels
        files = checkpoint.files
        headGroups = Self.headGroups(configuration)
        let width = configuration.hiddenSize
        let names = BertNames(prefix: prefix)
        words = try Embedding(
            checkpoint, names.words, count: configuration.vocabularySize, width: width)
        positions = try checkpoint.floats(
            names.positions, shape: [configuration.positions, width])
        segments = try checkpoint.floats(names.segments, shape: [configuration.segments, width])
        embeddingNorm = try LayerNorm(checkpoint, names.embeddingNorm, width: width)
        switch precision {
        case .float32: layers = .float32(try Self.layers(checkpoint, names, configuration))
        case .i16: layers = .i16(try Self.layers(checkpoint, names, configuration))
        }
    }

    private static func layers<Matrix: WeightMatrix>(
        _ checkpoint: Checkpoint, _ names: BertNames, _ configuration: BertConfiguration
    ) throws(ModelError) -> [Layer<Matrix>] {
        let width = configuration.hiddenSize
        var layers: [Layer<Matrix>] = []
        for name in (0..<configuration.layers).map(names.layer) {
            layers.append(
                Layer(
                    projections: try LinearLayer(
                        joining: name.projections, heads: configuration.heads, checkpoint,
                        outputs: width, inputs: width),
                    attentionOutput: try LinearLayer(
                        checkpoint, name.attentionOutput.dense, outputs: width, inputs: width),
                    attentionNorm: try LayerNorm(
                        checkpoint, name.attentionOutput.norm, width: width),
                    intermediate: try LinearLayer(
                        checkpoint, name.intermediate, outputs: configuration.intermediateSize,
                        inputs: width),
                    output: try LinearLayer(
                        checkpoint, name.output.dense, outputs: width,
                        inputs: configuration.intermediateSize),
                    outputNorm: try LayerNorm(checkpoint, name.output.norm, width: width)))
        }
        return layers
    }

    /// Computes the last hidden state of every token: `arena.hidden[tokens, hidden]`.
    ///
    /// `observe` is called with the embedding output and each layer's output.
    func forward(
        _ batch: TokenBatch, _ arena: BertArena,
        observe: ((UnsafePointer<Float>) -> Void)? = nil
    ) {
        switch layers {
        case .float32(let layers): forward(layers, batch, arena, observe)
        case .i16(let layers): forward(layers, batch, arena, observe)
        }
        demandWholeFiles()
    }

    /// Ends the program where a file of the weights was shortened: zeros were read in its place,
    /// and no vector may come of them.
    func demandWholeFiles() {
        for file in files {
            precondition(file.isWhole, "\(file.path) was shortened while it was in use")
        }
    }

    private func forward(
        _ layers: [Layer<some WeightMatrix>], _ batch: TokenBatch, _ arena: BertArena,
        _ observe: ((UnsafePointer<Float>) -> Void)?
    ) {
        arena.reserve(configuration, batch)
        embed(batch, arena)
        observe?(arena.hidden.start)
        for layer in layers {
            attend(layer, batch, arena)
            finish(layer, rows: batch.tokens, arena)
            observe?(arena.hidden.start)
        }
    }

    /// Computes the last hidden state of each sequence's first token alone:
    /// `arena.hidden[sequences, hidden]`, the same bits as `forward` gives these tokens.
    ///
    /// The last layer then needs keys and values of all tokens, and all else of the first ones.
    func forwardFirstTokens(_ batch: TokenBatch, _ arena: BertArena) {
        switch layers {
        case .float32(let layers): forwardFirstTokens(layers, batch, arena)
        case .i16(let layers): forwardFirstTokens(layers, batch, arena)
        }
        demandWholeFiles()
    }

    private func forwardFirstTokens(
        _ layers: [Layer<some WeightMatrix>], _ batch: TokenBatch, _ arena: BertArena
    ) {
        arena.reserve(configuration, batch)
        embed(batch, arena)
        for layer in layers.dropLast() {
            attend(layer, batch, arena)
            finish(layer, rows: batch.tokens, arena)
        }
        guard let last = layers.last else { return }
        attendFirstTokens(last, batch, arena)
        finish(last, rows: batch.sequences, arena)
    }

    func embed(_ batch: TokenBatch, _ arena: BertArena) {
        let width = configuration.hiddenSize
        for sequence in 0..<batch.sequences {
            let start = batch.starts[sequence]
            for position in 0..<batch.length(sequence) {
                let token = start + position
                let out = arena.hidden.start + token * width
                kernels.add(
                    words.row(Int(batch.ids[token]), out),
                    segments.start + Int(batch.segments[token]) * width,
                    positions.start + position * width, width: width, into: out)
            }
        }
        normalise(embeddingNorm, arena.hidden.start, rows: batch.tokens)
    }

    func normalise(_ norm: LayerNorm, _ rows: UnsafeMutablePointer<Float>, rows count: Int) {
        kernels.layerNorm(
            rows, count: count, width: configuration.hiddenSize, gain: norm.gain.start,
            bias: norm.bias.start, epsilon: configuration.epsilon)
    }

    /// The rest of a layer for `rows` tokens: output projection, feed-forward, both norms.
    private func finish<Matrix: WeightMatrix>(
        _ layer: Layer<Matrix>, rows: Int, _ arena: BertArena
    ) {
        let width = configuration.hiddenSize
        let context = Matrix.rows(
            arena.context.start, count: rows, width: width, kernels, arena.integers)
        layer.attentionOutput.weights.product(
            kernels, context, count: rows, columns: nil,
            bias: layer.attentionOutput.bias?.start, activation: .none,
            residual: arena.hidden.start, into: arena.middle.start, stride: width)
        normalise(layer.attentionNorm, arena.middle.start, rows: rows)
        Matrix.feedForward(
            layer.intermediate, layer.output, kernels, input: arena.middle.start, count: rows,
            activation: configuration.activation, wide: arena.intermediate.start, arena.integers,
            into: arena.hidden.start)
        normalise(layer.outputNorm, arena.hidden.start, rows: rows)
    }
}
