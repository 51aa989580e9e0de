import Formats
import Tensors

/// The numbers of a BERT encoder, as `config.json` has them.
struct BertConfiguration: Equatable, Sendable {
    var hiddenSize: Int
    var layers: Int
    var heads: Int
    var intermediateSize: Int
    var positions: Int
    var segments: Int
    var vocabularySize: Int
    var activation: Activation
    var epsilon: Float
    /// Outputs of the projection after the encoder (DPR, RetriBERT); 0 for none.
    var projectionSize: Int

    var headSize: Int { hiddenSize / heads }

    init(_ json: JSONFile) throws(ModelError) {
        hiddenSize = try json.integer("hidden_size", in: 1...65_536)
        layers = try json.integer("num_hidden_layers", in: 1...1_024)
        heads = try json.integer("num_attention_heads", in: 1...65_536)
        intermediateSize = try json.integer("intermediate_size", in: 1...1_048_576)
        positions = try json.integer("max_position_embeddings", in: 8...1_048_576)
        vocabularySize = try json.integer("vocab_size", in: 1...16_777_216)
        segments =
            json["type_vocab_size"] == nil
            ? 2 : try json.integer("type_vocab_size", in: 1...1_024)
        projectionSize =
            json["projection_dim"] == nil
            ? 0 : try json.integer("projection_dim", in: 0...65_536)
        epsilon = Float(try json.float("layer_norm_eps") ?? 1e-12)
        guard epsilon >= 0, epsilon < 1 else {
            throw json.invalid("layer_norm_eps", "is \(epsilon), outside 0 to 1")
        }
        guard hiddenSize % heads == 0 else {
            throw json.invalid(
                "num_attention_heads", "is \(heads), which does not divide \(hiddenSize)")
        }
        let name = try json.string("hidden_act") ?? "gelu"
        guard let activation = Self.activations[name] else {
            throw .unsupportedConfiguration(path: json.path, key: "hidden_act", value: name)
        }
        self.activation = activation
        let positionType = try json.string("position_embedding_type") ?? "absolute"
        guard positionType == "absolute" else {
            throw .unsupportedConfiguration(
                path: json.path, key: "position_embedding_type", value: positionType)
        }
        if try json.bool("is_decoder") == true {
            throw .unsupportedConfiguration(path: json.path, key: "is_decoder", value: "true")
        }
    }

    private static let activations: [String: Activation] = [
        "gelu": .gelu, "gelu_python": .gelu, "gelu_new": .geluTanh, "gelu_fast": .geluTanh,
        "gelu_pytorch_tanh": .geluTanh, "relu": .relu, "silu": .silu, "swish": .silu,
        "tanh": .tanh,
    ]
}
