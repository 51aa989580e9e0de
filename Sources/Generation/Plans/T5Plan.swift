import Models
import Tensors

extension EncoderDecoderPlan {
    /// The plan of a T5 or FLAN-T5 whose file holds the tensors `names`.
    ///
    /// Source: Raffel et al. 2020, as Hugging Face's `T5ForConditionalGeneration` has it: root mean
    /// square norms before each part, no biases, unscaled attention with a bias by distance.
    init(t5 json: JSONFile, names: some Collection<String>) throws(ModelError) {
        let all = Set(names)
        let mark = "encoder.block.0.layer.0.SelfAttention.k.weight"
        guard let found = all.first(where: { $0.hasSuffix(mark) }) else {
            throw .missingTensor(path: json.path, name: mark)
        }
        let prefix = String(found.dropLast(mark.count))
        let width = try json.integer("d_model", in: 1...65_536)
        let heads = try json.integer("num_heads", in: 1...65_536)
        let headSize = try json.integer("d_kv", in: 1...65_536)
        let wide = try json.integer("d_ff", in: 1...1_048_576)
        let buckets =
            json["relative_attention_num_buckets"] == nil
            ? 32 : try json.integer("relative_attention_num_buckets", in: 4...65_536)
        let farthest =
            json["relative_attention_max_distance"] == nil
            ? 128 : try json.integer("relative_attention_max_distance", in: buckets...1_048_576)
        let epsilon = Float(try json.float("layer_norm_epsilon") ?? 1e-6)
        guard epsilon >= 0, epsilon < 1 else {
            throw json.invalid("layer_norm_epsilon", "is \(epsilon), outside 0 to 1")
        }
        let (activation, isGated) = try Self.feedForward(json)
        let count = try json.integer("num_layers", in: 1...1_024)
        let decoderCount =
            json["num_decoder_layers"] == nil
            ? count : try json.integer("num_decoder_layers", in: 1...1_024)
        func stack(_ side: String, _ count: Int) -> Stack {
            let own = prefix + side + "."
            let isDecoder = side == "decoder"
            return Stack(
                layers: (0..<count).map {
                    Layer(t5: "\(own)block.\($0).", isDecoder: isDecoder, isGated: isGated)
                },
                heads: heads, headSize: headSize, intermediateSize: wide,
                positions: .relative(
                    table: own + "block.0.layer.0.SelfAttention.relative_attention_bias.weight",
                    RelativeBuckets(
                        count: buckets, farthest: farthest, isBidirectional: !isDecoder)),
                embeddingNorm: nil, finalNorm: own + "final_layer_norm",
                rules: Rules(
                    norm: .rootMeanSquare, epsilon: epsilon, normsFirst: true, hasBiases: false,
                    scale: 1, activation: activation))
        }
        vocabularySize = try json.integer("vocab_size", in: 1...16_777_216)
        self.width = width
        let tables = [
            prefix + "shared.weight", prefix + "encoder.embed_tokens.weight",
            prefix + "decoder.embed_tokens.weight",
        ]
        embedding = tables.first { all.contains($0) } ?? tables[0]
        embeddingScale = 1
        encoder = stack("encoder", count)
        decoder = stack("decoder", decoderCount)
        let isTied = try json.bool("tie_word_embeddings") ?? true
        head =
            isTied
            ? Head(weights: embedding, scale: 1 / Float(width).squareRoot(), bias: nil)
            : Head(weights: prefix + "lm_head.weight", scale: 1, bias: nil)
    }

    /// What `feed_forward_proj` says: an activation, or one behind "gated-".
    private static func feedForward(
        _ json: JSONFile
    ) throws(ModelError) -> (activation: Activation, isGated: Bool) {
        let key = "feed_forward_proj"
        let value = try json.string(key) ?? "relu"
        let isGated = value.hasPrefix("gated-")
        var name = isGated ? String(value.dropFirst(6)) : value
        // The reference takes the approximation for this one name.
        if value == "gated-gelu" { name = "gelu_new" }
        return (try activation(json, key, name: name), isGated)
    }
}

extension EncoderDecoderPlan.Layer {
    fileprivate init(t5 name: String, isDecoder: Bool, isGated: Bool) {
        func attention(_ place: Int, _ part: String) -> EncoderDecoderPlan.Attention {
            let own = "\(name)layer.\(place)."
            return EncoderDecoderPlan.Attention(
                query: "\(own)\(part).q", key: "\(own)\(part).k", value: "\(own)\(part).v",
                output: "\(own)\(part).o", norm: own + "layer_norm")
        }
        selfAttention = attention(0, "SelfAttention")
        crossAttention = isDecoder ? attention(1, "EncDecAttention") : nil
        let own = "\(name)layer.\(isDecoder ? 2 : 1)."
        let dense = own + "DenseReluDense."
        feedForward = EncoderDecoderPlan.FeedForward(
            up: dense + (isGated ? "wi_0" : "wi"), gate: isGated ? dense + "wi_1" : nil,
            down: dense + "wo", norm: own + "layer_norm")
    }
}
