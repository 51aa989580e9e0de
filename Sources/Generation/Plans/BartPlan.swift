import Models
import Tensors

extension EncoderDecoderPlan {
    /// The plan of a BART whose file holds the tensors `names`.
    ///
    /// Source: Lewis et al. 2020, as Hugging Face's `BartForConditionalGeneration` has it: norms
    /// behind each part, positions counted from 2.
    init(
        bart json: JSONFile, names: some Collection<String>
    ) throws(ModelError) {
        try Self.refuse(
            json,
            [
                "normalize_before", "add_final_layer_norm", "static_position_embeddings",
                "add_bias_logits",
            ])
        guard try json.bool("normalize_embedding") ?? true else {
            throw .unsupportedConfiguration(
                path: json.path, key: "normalize_embedding", value: "false")
        }
        let all = Set(names)
        let mark = "encoder.layers.0.self_attn.k_proj.weight"
        guard let found = all.first(where: { $0.hasSuffix(mark) }) else {
            throw .missingTensor(path: json.path, name: "model." + mark)
        }
        let prefix = String(found.dropLast(mark.count))
        let root = prefix.hasSuffix("model.") ? String(prefix.dropLast(6)) : prefix
        let width = try json.integer("d_model", in: 1...65_536)
        let positions = try json.integer("max_position_embeddings", in: 1...1_048_576)
        let activation = try Self.activation(json, "activation_function")
        func stack(_ side: String) throws(ModelError) -> Stack {
            let heads = try json.integer("\(side)_attention_heads", in: 1...65_536)
            guard width % heads == 0 else {
                throw json.invalid(
                    "\(side)_attention_heads", "is \(heads), which does not divide \(width)")
            }
            let own = prefix + side + "."
            let count = try json.integer("\(side)_layers", in: 1...1_024)
            return Stack(
                layers: (0..<count).map {
                    Layer(bart: "\(own)layers.\($0).", isDecoder: side == "decoder")
                },
                heads: heads, headSize: width / heads,
                intermediateSize: try json.integer("\(side)_ffn_dim", in: 1...1_048_576),
                positions: .learned(
                    table: own + "embed_positions.weight", count: positions, offset: 2),
                embeddingNorm: own + "layernorm_embedding", finalNorm: nil,
                rules: Rules(
                    norm: .layer, epsilon: 1e-5, normsFirst: false, hasBiases: true,
                    scale: 1 / Float(width / heads).squareRoot(), activation: activation))
        }
        vocabularySize = try json.integer("vocab_size", in: 1...16_777_216)
        self.width = width
        // Files hold the table under one of its names, or under several.
        let tables = [
            prefix + "shared.weight", prefix + "encoder.embed_tokens.weight",
            prefix + "decoder.embed_tokens.weight", root + "lm_head.weight",
        ]
        embedding = tables.first { all.contains($0) } ?? tables[0]
        embeddingScale =
            try json.bool("scale_embedding") ?? false ? Float(width).squareRoot() : 1
        encoder = try stack("encoder")
        decoder = try stack("decoder")
        let bias = root + "final_logits_bias"
        head = Head(weights: embedding, scale: 1, bias: all.contains(bias) ? bias : nil)
    }

    /// Refuses switches that are on.
    private static func refuse(_ json: JSONFile, _ keys: [String]) throws(ModelError) {
        for key in keys where try json.bool(key) == true {
            throw .unsupportedConfiguration(path: json.path, key: key, value: "true")
        }
    }

    /// The activation that the key names.
    static func activation(
        _ json: JSONFile, _ key: String, name: String? = nil
    ) throws(ModelError) -> Activation {
        let stored = try json.string(key)
        let found = name ?? stored ?? "gelu"
        guard let activation = activations[found] else {
            throw .unsupportedConfiguration(path: json.path, key: key, value: found)
        }
        return activation
    }

    private static let activations: [String: Activation] = [
        "gelu": .gelu, "gelu_new": .geluTanh, "gelu_fast": .geluTanh,
        "gelu_pytorch_tanh": .geluTanh, "relu": .relu, "silu": .silu, "swish": .silu,
        "tanh": .tanh,
    ]
}

extension EncoderDecoderPlan.Layer {
    fileprivate init(bart name: String, isDecoder: Bool) {
        func attention(_ part: String) -> EncoderDecoderPlan.Attention {
            EncoderDecoderPlan.Attention(
                query: "\(name)\(part).q_proj", key: "\(name)\(part).k_proj",
                value: "\(name)\(part).v_proj", output: "\(name)\(part).out_proj",
                norm: "\(name)\(part)_layer_norm")
        }
        selfAttention = attention("self_attn")
        crossAttention = isDecoder ? attention("encoder_attn") : nil
        feedForward = EncoderDecoderPlan.FeedForward(
            up: name + "fc1", gate: nil, down: name + "fc2", norm: name + "final_layer_norm")
    }
}
