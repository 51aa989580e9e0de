import Base
import Formats
import Tensors

/// A linear layer after the pooling: a folder with `config.json` and weights of its own.
struct DenseModule: Equatable, Sendable {
    /// Its folder.
    var folder: String
    var inputs: Int
    var outputs: Int
    var hasBias: Bool
    var activation: Activation

    /// Reads the settings in `folder`, which must take vectors of `inputs` components.
    init(folder: String, inputs: Int) throws(ModelError) {
        self.folder = folder
        self.inputs = inputs
        let json = try JSONFile(folder + "/config.json", purpose: "a linear layer's sizes")
        let found = try json.integer("in_features", in: 1...1_048_576)
        guard found == inputs else {
            throw json.invalid("in_features", "is \(found), and what comes in has \(inputs)")
        }
        for key in ["module_input_name", "module_output_name"] {
            if let name = try json.string(key), name != "sentence_embedding" {
                throw .unsupportedConfiguration(path: json.path, key: key, value: name)
            }
        }
        outputs = try json.integer("out_features", in: 1...1_048_576)
        hasBias = try json.bool("bias") ?? true
        activation = try Self.activation(json)
    }

    /// The names that torch gives to what is computed here.
    private static let activations: [String: Activation] = [
        "Identity": .none, "Tanh": .tanh, "ReLU": .relu, "GELU": .gelu, "SiLU": .silu,
    ]

    private static func activation(_ json: JSONFile) throws(ModelError) -> Activation {
        let key = "activation_function"
        guard let name = try json.string(key) else { return .tanh }
        guard let activation = activations[String(name.split(separator: ".").last ?? "")] else {
            throw .unsupportedConfiguration(path: json.path, key: key, value: name)
        }
        return activation
    }

    /// Weights that hold a bias are not used without it.
    private func refuseStrayBias(_ checkpoint: Checkpoint) throws(ModelError) {
        guard !hasBias, checkpoint.tensors["linear.bias"] != nil else { return }
        throw .invalidConfiguration(
            path: folder + "/config.json", key: "bias",
            reason: "is false, and the weights beside it hold linear.bias")
    }

    /// What of it is part of a fingerprint beside its files.
    var setting: String {
        "dense \(inputs) \(outputs) \(hasBias ? "bias" : "plain") \(activation)"
    }

    /// Checks that its weights are there and of its size, and computes nothing.
    func check(_ checkpoint: Checkpoint) throws(ModelError) {
        try checkpoint.verifyChecksums()
        try refuseStrayBias(checkpoint)
        let shapes =
            [("linear.weight", [outputs, inputs])] + (hasBias ? [("linear.bias", [outputs])] : [])
        for (name, shape) in shapes {
            guard checkpoint.tensors[name] != nil else {
                throw .missingTensor(path: checkpoint.files.first?.path ?? folder, name: name)
            }
            try checkpoint.check(ParameterShape(name: name, shape: shape))
        }
    }

    /// Its weights.
    func linear(_ checkpoint: Checkpoint) throws(ModelError) -> Linear {
        try refuseStrayBias(checkpoint)
        return try Linear(checkpoint, "linear", outputs: outputs, inputs: inputs, hasBias: hasBias)
    }
}
