import Base
import Formats
import Foundation
import Tensors
import Tokenizers

/// BERT's initial weights: normal with deviation 0.02, biases 0, layer normalisation 1 and 0, the
/// row of the padding token 0.
enum RandomWeights {
    private static let deviation = 0.02

    /// Fills `parameters`; each tensor's numbers depend on the seed and its name alone.
    static func fill(_ parameters: ParameterSet, seed: UInt64, paddingID: Int) {
        for entry in parameters.entries {
            let values = parameters.values[entry.range]
            let isNorm = entry.name.contains("LayerNorm")
            if isNorm || entry.name.hasSuffix(".bias") {
                let value: Float = isNorm && entry.name.hasSuffix(".weight") ? 1 : 0
                for index in values.indices { parameters.values[index] = value }
                continue
            }
            var generator = Generator(seed: seed, name: entry.name)
            for index in values.indices {
                parameters.values[index] = Float(generator.normal() * deviation)
            }
            if entry.isWordTable {
                let width = entry.shape[1]
                let row = entry.range.lowerBound + paddingID * width
                for index in row..<row + width { parameters.values[index] = 0 }
            }
        }
    }

    /// Two numbers of a generator make two normal ones by the method of Box and Muller.
    private struct Generator {
        private var random: SplitMix
        private var spare: Double?

        init(seed: UInt64, name: String) {
            random = SplitMix(state: seed)
            var hash = FNV()
            hash.add(name.utf8)
            random.state = random.next() ^ hash.value
        }

        /// In (0, 1].
        private mutating func unit() -> Double {
            Double((random.next() >> 11) + 1) * 0x1p-53
        }

        mutating func normal() -> Double {
            if let spare {
                self.spare = nil
                return spare
            }
            let radius = (-2 * log(unit())).squareRoot()
            let angle = 2 * Double.pi * unit()
            spare = radius * sin(angle)
            return radius * cos(angle)
        }
    }
}

extension EncoderShape {
    /// `config.json` of a model with this shape.
    func settings(className: String, modelType: String, vocabulary: Int, isShared: Bool?)
        -> [String: any Sendable]
    {
        var settings: [String: any Sendable] = [
            "architectures": [className], "model_type": modelType, "vocab_size": vocabulary,
            "hidden_size": hiddenSize, "num_hidden_layers": layers, "num_attention_heads": heads,
            "intermediate_size": intermediateSize, "max_position_embeddings": positions,
            "type_vocab_size": 2, "hidden_act": "gelu", "layer_norm_eps": 1e-12,
            "hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.1,
            "initializer_range": 0.02, "pad_token_id": 0, "position_embedding_type": "absolute",
            "torch_dtype": "float32",
        ]
        if modelType != "bert" { settings["projection_dim"] = projectionSize }
        if let isShared { settings["share_encoders"] = isShared }
        return settings
    }

    /// The configuration that `settings` describe, checked as a file's is.
    static func configuration(
        _ settings: [String: any Sendable]
    ) throws(ModelError) -> BertConfiguration {
        let path = "config.json of the new model"
        do {
            let data = try JSONSerialization.data(withJSONObject: settings)
            let root = try JSONValue(Array(data), .model)
            return try BertConfiguration(JSONFile(path: path, root: root))
        } catch let error as ModelError {
            throw error
        } catch {
            throw .invalidConfiguration(path: path, key: "the shape", reason: "is \(error)")
        }
    }
}
