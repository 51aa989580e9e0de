/// A parameter by its name in the checkpoint, and its shape.
struct ParameterShape: Equatable, Sendable {
    var name: String
    var shape: [Int]
}

extension BertConfiguration {
    /// What a BERT whose tensor names start with `prefix` is made of.
    func parameters(prefix: String) -> [ParameterShape] {
        var shapes = [
            ParameterShape(
                name: "embeddings.word_embeddings.weight", shape: [vocabularySize, hiddenSize]),
            ParameterShape(
                name: "embeddings.position_embeddings.weight", shape: [positions, hiddenSize]),
            ParameterShape(
                name: "embeddings.token_type_embeddings.weight", shape: [segments, hiddenSize]),
        ]
        shapes += norm("embeddings.LayerNorm")
        for layer in 0..<layers {
            let name = "encoder.layer.\(layer)."
            for part in ["query", "key", "value"] {
                shapes += linear(name + "attention.self." + part, hiddenSize, hiddenSize)
            }
            shapes += linear(name + "attention.output.dense", hiddenSize, hiddenSize)
            shapes += norm(name + "attention.output.LayerNorm")
            shapes += linear(name + "intermediate.dense", intermediateSize, hiddenSize)
            shapes += linear(name + "output.dense", hiddenSize, intermediateSize)
            shapes += norm(name + "output.LayerNorm")
        }
        return shapes.map { ParameterShape(name: prefix + $0.name, shape: $0.shape) }
    }

    private func norm(_ name: String) -> [ParameterShape] {
        ["weight", "bias"].map { ParameterShape(name: "\(name).\($0)", shape: [hiddenSize]) }
    }

    private func linear(_ name: String, _ outputs: Int, _ inputs: Int) -> [ParameterShape] {
        [
            ParameterShape(name: name + ".weight", shape: [outputs, inputs]),
            ParameterShape(name: name + ".bias", shape: [outputs]),
        ]
    }
}

extension ModelDescription {
    /// What this tower is made of.
    var parameters: [ParameterShape] {
        let width = configuration.hiddenSize
        var shapes = configuration.parameters(prefix: prefix)
        if let name = poolerName {
            shapes.append(ParameterShape(name: name + ".weight", shape: [width, width]))
            shapes.append(ParameterShape(name: name + ".bias", shape: [width]))
        }
        if let name = projectionName {
            shapes.append(ParameterShape(name: name + ".weight", shape: [dimension, width]))
            if projectionHasBias {
                shapes.append(ParameterShape(name: name + ".bias", shape: [dimension]))
            }
        }
        return shapes
    }
}

extension DPRReader {
    /// What a reader's encoder is called in its checkpoint.
    static let encoderPrefix = "span_predictor.encoder.bert_model."
    /// The layers that give a start and an end logit a token, and a relevance logit a passage.
    static let headNames = ["span_predictor.qa_outputs", "span_predictor.qa_classifier"]

    /// What a reader is made of.
    static func parameters(_ configuration: BertConfiguration) -> [ParameterShape] {
        var shapes = configuration.parameters(prefix: encoderPrefix)
        for (name, outputs) in zip(headNames, [2, 1]) {
            let width = configuration.hiddenSize
            shapes.append(ParameterShape(name: name + ".weight", shape: [outputs, width]))
            shapes.append(ParameterShape(name: name + ".bias", shape: [outputs]))
        }
        return shapes
    }
}
