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
    private let positions: Embedding
    private let segments: Embedding
    private let embeddingNorm: LayerNorm
    private let layers: [Layer]
    let kernels: EncoderKernels

    struct Layer: Sendable {
        /// Queries, keys and values of the first head, of the second, and so on.
        let projections: Linear
        let attentionOutput: Linear
        let attentionNorm: LayerNorm
        let intermediate: Linear
        let output: Linear
        let outputNorm: LayerNorm
    }

    /// Loads the tensors that start with `prefix` ("" or ending in a point).
    init(
        _ checkpoint: Checkpoint, prefix: String, configuration: BertConfiguration,
        kernels: EncoderKernels = .best
    ) throws(ModelError) {
        self.configuration = configuration
        self.kernels = kernels
        let width = configuration.hiddenSize
        let embeddings = prefix + "embeddings."
        words = try Embedding(
            checkpoint, embeddings + "word_embeddings.weight",
            count: configuration.vocabularySize, width: width)
        positions = try Embedding(
            checkpoint, embeddings + "position_embeddings.weight",
            count: configuration.positions, width: width)
        segments = try Embedding(
            checkpoint, embeddings + "token_type_embeddings.weight",
            count: configuration.segments, width: width)
        embeddingNorm = try LayerNorm(checkpoint, embeddings + "LayerNorm", width: width)
        var layers: [Layer] = []
        for index in 0..<configuration.layers {
            let name = "\(prefix)encoder.layer.\(index)."
            let own = name + "attention.self."
            layers.append(
                Layer(
                    projections: try Linear(
                        joining: [own + "query", own + "key", own + "value"],
                        heads: configuration.heads, checkpoint, outputs: width, inputs: width),
                    attentionOutput: try Linear(
                        checkpoint, name + "attention.output.dense", outputs: width,
                        inputs: width),
                    attentionNorm: try LayerNorm(
                        checkpoint, name + "attention.output.LayerNorm", width: width),
                    intermediate: try Linear(
                        checkpoint, name + "intermediate.dense",
                        outputs: configuration.intermediateSize, inputs: width),
                    output: try Linear(
                        checkpoint, name + "output.dense", outputs: width,
                        inputs: configuration.intermediateSize),
                    outputNorm: try LayerNorm(
                        checkpoint, name + "output.LayerNorm", width: width)))
        }
        self.layers = layers
    }

    /// The names of the tensors the encoder consumes.
    static func parameterNames(prefix: String, configuration: BertConfiguration) -> [String] {
        var names = [
            "word_embeddings.weight", "position_embeddings.weight",
            "token_type_embeddings.weight", "LayerNorm.weight", "LayerNorm.bias",
        ].map { prefix + "embeddings." + $0 }
        let parts = [
            "attention.self.query", "attention.self.key", "attention.self.value",
            "attention.output.dense", "attention.output.LayerNorm", "intermediate.dense",
            "output.dense", "output.LayerNorm",
        ]
        for layer in 0..<configuration.layers {
            for part in parts {
                names.append("\(prefix)encoder.layer.\(layer).\(part).weight")
                names.append("\(prefix)encoder.layer.\(layer).\(part).bias")
            }
        }
        return names
    }

    /// Computes the last hidden state of every token: `arena.hidden[tokens, hidden]`.
    ///
    /// `observe` is called with the embedding output and each layer's output.
    func forward(
        _ batch: TokenBatch, _ arena: BertArena,
        observe: ((UnsafePointer<Float>) -> Void)? = nil
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

    private func embed(_ batch: TokenBatch, _ arena: BertArena) {
        let width = configuration.hiddenSize
        for sequence in 0..<batch.sequences {
            let start = batch.starts[sequence]
            for position in 0..<batch.length(sequence) {
                let token = start + position
                kernels.add(
                    words.row(Int(batch.ids[token])), segments.row(Int(batch.segments[token])),
                    positions.row(position), width: width,
                    into: arena.hidden.start + token * width)
            }
        }
        normalise(embeddingNorm, arena.hidden.start, rows: batch.tokens)
    }

    private func normalise(_ norm: LayerNorm, _ rows: UnsafeMutablePointer<Float>, rows count: Int)
    {
        kernels.layerNorm(
            rows, count: count, width: configuration.hiddenSize, gain: norm.gain.start,
            bias: norm.bias.start, epsilon: configuration.epsilon)
    }

    /// The rest of a layer for `rows` tokens: output projection, feed-forward, both norms.
    private func finish(_ layer: Layer, rows: Int, _ arena: BertArena) {
        let width = configuration.hiddenSize
        let wide = configuration.intermediateSize
        kernels.product(
            rows: rows, a: arena.context.start, stride: width,
            weights: layer.attentionOutput.weights, bias: layer.attentionOutput.bias?.start,
            residual: arena.hidden.start, residualStride: width, into: arena.middle.start,
            stride: width)
        normalise(layer.attentionNorm, arena.middle.start, rows: rows)
        kernels.product(
            rows: rows, a: arena.middle.start, stride: width,
            weights: layer.intermediate.weights, bias: layer.intermediate.bias?.start,
            activation: configuration.activation, into: arena.intermediate.start, stride: wide)
        kernels.product(
            rows: rows, a: arena.intermediate.start, stride: wide, weights: layer.output.weights,
            bias: layer.output.bias?.start, residual: arena.middle.start, residualStride: width,
            into: arena.hidden.start, stride: width)
        normalise(layer.outputNorm, arena.hidden.start, rows: rows)
    }
}
