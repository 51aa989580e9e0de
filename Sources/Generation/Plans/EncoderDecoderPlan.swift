import Models
import Tensors

/// What an encoder–decoder is made of: the names of its parameters, their sizes and the rules of
/// its layers.
///
/// BART and T5 differ in these alone. Names are those of the files, spelled here and nowhere else,
/// so that whatever runs a plan, inference or a tape, reads the same parameters.
struct EncoderDecoderPlan: Equatable, Sendable {
    var vocabularySize: Int
    /// Features of a hidden state.
    var width: Int
    /// The table of token vectors that both sides share, `[vocabulary, width]`.
    var embedding: String
    /// Factor of the token vectors.
    var embeddingScale: Float
    var encoder: Stack
    var decoder: Stack
    var head: Head

    /// The layers of one side.
    struct Stack: Equatable, Sendable {
        var layers: [Layer]
        var heads: Int
        /// Features of a head; all heads together may be wider or narrower than a hidden state.
        var headSize: Int
        /// Features between the two linear layers of the feed-forward part.
        var intermediateSize: Int
        var positions: Positions
        /// The norm of the token vectors, without ".weight".
        var embeddingNorm: String?
        /// The norm of what the last layer gives.
        var finalNorm: String?
        var rules: Rules

        /// Features of all heads.
        var inner: Int { heads * headSize }
    }

    /// How a model knows the order of its tokens.
    enum Positions: Equatable, Sendable {
        /// A vector added for each position: row `offset` + position of `table`.
        case learned(table: String, count: Int, offset: Int)
        /// A number added to attention's scores by the distance, `[buckets, heads]`, the same in
        /// all layers.
        case relative(table: String, RelativeBuckets)
    }

    /// What all layers of a side have in common.
    struct Rules: Equatable, Sendable {
        var norm: NormKind
        var epsilon: Float
        /// Whether a part's input is normalised, instead of its sum with what the part gives.
        var normsFirst: Bool
        var hasBiases: Bool
        /// Factor of attention's scores.
        var scale: Float
        var activation: Activation
    }

    enum NormKind: Equatable, Sendable {
        /// Mean 0 and variance 1, with a bias.
        case layer
        /// Mean square 1, without one.
        case rootMeanSquare
    }

    /// One layer's parts, in their order.
    struct Layer: Equatable, Sendable {
        var selfAttention: Attention
        /// Attention to the encoder's states, in decoders.
        var crossAttention: Attention?
        var feedForward: FeedForward
    }

    /// Linear layers and the norm of an attention, without ".weight".
    struct Attention: Equatable, Sendable {
        var query: String
        var key: String
        var value: String
        var output: String
        var norm: String
    }

    /// Linear layers and the norm of a feed-forward part, without ".weight".
    struct FeedForward: Equatable, Sendable {
        var up: String
        /// What the activated features are multiplied by.
        var gate: String?
        var down: String
        var norm: String
    }

    /// From hidden states to scores of tokens.
    struct Head: Equatable, Sendable {
        /// The table, `[vocabulary, width]`; the embedding where they are tied.
        var weights: String
        /// Factor of the hidden states.
        var scale: Float
        /// Added to the scores, `[1, vocabulary]`, where the file has it.
        var bias: String?
    }
}

extension EncoderDecoderPlan {
    /// Longest source in tokens; nil where the model has no such bound.
    var longestSource: Int? { encoder.positions.count }
    /// Longest output in tokens, the start token included.
    var longestTarget: Int? { decoder.positions.count }

    /// The parameters by name and shape; a head that is tied has none of its own.
    var parameters: [ParameterShape] {
        var shapes = [ParameterShape(name: embedding, shape: [vocabularySize, width])]
        for stack in [encoder, decoder] { shapes += stack.parameters(width: width) }
        if head.weights != embedding {
            shapes.append(ParameterShape(name: head.weights, shape: [vocabularySize, width]))
        }
        if let bias = head.bias {
            shapes.append(ParameterShape(name: bias, shape: [1, vocabularySize]))
        }
        return shapes
    }
}

extension EncoderDecoderPlan.Positions {
    fileprivate var count: Int? {
        if case .learned(_, let count, _) = self { count } else { nil }
    }
}

extension EncoderDecoderPlan.Stack {
    fileprivate func parameters(width: Int) -> [ParameterShape] {
        func linear(_ name: String, _ outputs: Int, _ inputs: Int) -> [ParameterShape] {
            let weight = ParameterShape(name: name + ".weight", shape: [outputs, inputs])
            guard rules.hasBiases else { return [weight] }
            return [weight, ParameterShape(name: name + ".bias", shape: [outputs])]
        }
        func norm(_ name: String?) -> [ParameterShape] {
            guard let name else { return [] }
            let kinds = rules.norm == .layer ? ["weight", "bias"] : ["weight"]
            return kinds.map { ParameterShape(name: "\(name).\($0)", shape: [width]) }
        }
        func attention(_ part: EncoderDecoderPlan.Attention) -> [ParameterShape] {
            [part.query, part.key, part.value].flatMap { linear($0, inner, width) }
                + linear(part.output, width, inner) + norm(part.norm)
        }
        var shapes: [ParameterShape] = []
        switch positions {
        case .learned(let table, let count, let offset):
            shapes.append(ParameterShape(name: table, shape: [count + offset, width]))
        case .relative(let table, let buckets):
            shapes.append(ParameterShape(name: table, shape: [buckets.count, heads]))
        }
        shapes += norm(embeddingNorm)
        for layer in layers {
            shapes += attention(layer.selfAttention)
            if let cross = layer.crossAttention { shapes += attention(cross) }
            let part = layer.feedForward
            shapes += linear(part.up, intermediateSize, width)
            if let gate = part.gate { shapes += linear(gate, intermediateSize, width) }
            shapes += linear(part.down, width, intermediateSize) + norm(part.norm)
        }
        return shapes + norm(finalNorm)
    }
}
