/// A parameter by its name in the checkpoint, and its shape.
package struct ParameterShape: Equatable, Sendable {
    package var name: String
    package var shape: [Int]

    package init(name: String, shape: [Int]) {
        self.name = name
        self.shape = shape
    }
}

extension BertConfiguration {
    /// What a BERT whose tensor names start with `prefix` is made of, in the order of training's
    /// flat blocks: queries, keys and values of a layer follow each other, so that they are one
    /// layer three times as wide.
    func parameters(prefix: String) -> [ParameterShape] {
        let names = BertNames(prefix: prefix)
        var shapes = [
            ParameterShape(name: names.words, shape: [vocabularySize, hiddenSize]),
            ParameterShape(name: names.positions, shape: [positions, hiddenSize]),
            ParameterShape(name: names.segments, shape: [segments, hiddenSize]),
        ]
        shapes += norm(names.embeddingNorm)
        for layer in (0..<layers).map(names.layer) {
            let projections = layer.projections.map { linear($0, hiddenSize, hiddenSize) }
            shapes += projections.map { $0[0] } + projections.map { $0[1] }
            shapes += linear(layer.attentionOutput.dense, hiddenSize, hiddenSize)
            shapes += norm(layer.attentionOutput.norm)
            shapes += linear(layer.intermediate, intermediateSize, hiddenSize)
            shapes += linear(layer.output.dense, hiddenSize, intermediateSize)
            shapes += norm(layer.output.norm)
        }
        return shapes
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
