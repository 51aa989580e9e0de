import Base
import Models
import Tensors

/// An encoder–decoder's weights in the numbers they compute in, and the steps that BART's and T5's
/// layers are made of.
///
/// Rows lie side by side without padding. What a row becomes depends on its own sequence alone, bit
/// for bit, whatever else is in the call.
struct Network<Matrix: WeightMatrix>: Sendable {
    let plan: EncoderDecoderPlan
    let kernels: EncoderKernels
    let work: GenerationWork
    let words: Embedding
    let encoder: StackWeights<Matrix>
    let decoder: StackWeights<Matrix>
    private let head: Matrix
    private let headBias: FloatBuffer?

    init(
        _ checkpoint: Checkpoint, _ plan: EncoderDecoderPlan, _ kernels: EncoderKernels,
        _ work: GenerationWork
    ) throws(ModelError) {
        self.plan = plan
        self.kernels = kernels
        self.work = work
        words = try Embedding(
            checkpoint, plan.embedding, count: plan.vocabularySize, width: plan.width)
        encoder = try StackWeights(checkpoint, plan.encoder, width: plan.width)
        decoder = try StackWeights(checkpoint, plan.decoder, width: plan.width)
        let name = plan.head.weights
        head = try LinearLayer<Matrix>(
            checkpoint, String(name.dropLast(".weight".count)), outputs: plan.vocabularySize,
            inputs: plan.width, hasBias: false
        ).weights
        if let bias = plan.head.bias {
            headBias = try checkpoint.floats(bias, shape: [1, plan.vocabularySize])
        } else {
            headBias = nil
        }
    }

    /// Writes a token's vector, with that of its position, to `out`.
    func embed(
        _ token: Int32, position: Int, _ stack: StackWeights<Matrix>,
        into out: UnsafeMutablePointer<Float>
    ) {
        let width = plan.width
        let row = words.row(Int(token), out)
        let scale = plan.embeddingScale
        if let vector = stack.positions.vector(position, width: width) {
            for feature in 0..<width { out[feature] = row[feature] * scale + vector[feature] }
        } else {
            for feature in 0..<width { out[feature] = row[feature] * scale }
        }
    }

    /// A part's input: the hidden states, or their normalised copy where norms come first.
    func input(
        _ norm: NormWeights, _ rules: EncoderDecoderPlan.Rules, rows: Int, _ space: Workspace
    ) -> UnsafeMutablePointer<Float> {
        guard rules.normsFirst else { return space.hidden.start }
        space.normal.start.update(from: space.hidden.start, count: rows * plan.width)
        norm.apply(kernels, space.normal.start, count: rows, width: plan.width)
        return space.normal.start
    }

    /// hidden = hidden + layer(context), normalised where norms come last.
    func finish(
        _ layer: LinearLayer<Matrix>, _ norm: NormWeights, _ rules: EncoderDecoderPlan.Rules,
        rows: Int, inputs: Int, _ space: Workspace
    ) {
        let context = Matrix.rows(
            space.context.start, count: rows, width: inputs, kernels, space.integers)
        multiply(
            layer, context, count: rows, residual: space.hidden.start, into: space.other.start,
            outputs: plan.width, space)
        space.swapHidden()
        if !rules.normsFirst {
            norm.apply(kernels, space.hidden.start, count: rows, width: plan.width)
        }
    }

    /// hidden = hidden + down(activation(up(x)) · gate(x)), normalised where norms come last.
    func feedForward(
        _ part: FeedForwardWeights<Matrix>, _ stack: EncoderDecoderPlan.Stack, rows: Int,
        _ space: Workspace
    ) {
        let rules = stack.rules
        if !rules.normsFirst, part.gate == nil, space.team.count == 1 {
            Matrix.feedForward(
                part.up, part.down, kernels, input: space.hidden.start, count: rows,
                activation: rules.activation, wide: space.wide.start, space.integers,
                into: space.other.start)
        } else {
            let input = Matrix.rows(
                input(part.norm, rules, rows: rows, space), count: rows, width: plan.width,
                kernels, space.integers)
            let features = stack.intermediateSize
            multiply(
                part.up, input, count: rows, activation: rules.activation,
                into: space.wide.start, outputs: features, space)
            if let gate = part.gate {
                multiply(
                    gate, input, count: rows, into: space.gate.start, outputs: features, space)
                kernels.multiply(
                    space.wide.start, by: space.gate.start, count: rows * features)
            }
            let wide = Matrix.rows(
                space.wide.start, count: rows, width: features, kernels, space.integers)
            multiply(
                part.down, wide, count: rows, residual: space.hidden.start,
                into: space.other.start, outputs: plan.width, space)
        }
        space.swapHidden()
        if !rules.normsFirst {
            part.norm.apply(kernels, space.hidden.start, count: rows, width: plan.width)
        }
    }

    /// Scores of all tokens, `[count, vocabulary]`, from the hidden states of `rows`.
    func scores(
        _ rows: UnsafeMutablePointer<Float>, count: Int, _ space: Workspace,
        into out: UnsafeMutablePointer<Float>
    ) {
        if plan.head.scale != 1 {
            for index in 0..<count * plan.width { rows[index] *= plan.head.scale }
        }
        let input = Matrix.rows(
            rows, count: count, width: plan.width, kernels, space.integers)
        multiply(
            head, bias: headBias, input, count: count, into: out, outputs: plan.vocabularySize,
            space)
    }

    /// out = activation(layer(rows) + residual), `[count, outputs]`.
    func multiply(
        _ layer: LinearLayer<Matrix>, _ rows: Matrix.Rows, count: Int,
        activation: Activation = .none, residual: UnsafeMutablePointer<Float>? = nil,
        into out: UnsafeMutablePointer<Float>, outputs: Int, _ space: Workspace
    ) {
        multiply(
            layer.weights, bias: layer.bias, rows, count: count, activation: activation,
            residual: residual, into: out, outputs: outputs, space)
    }

    /// The same; threads share the outputs, so that each reads its part of the weights alone.
    private func multiply(
        _ weights: Matrix, bias: FloatBuffer?, _ rows: Matrix.Rows, count: Int,
        activation: Activation = .none, residual: UnsafeMutablePointer<Float>? = nil,
        into out: UnsafeMutablePointer<Float>, outputs: Int, _ space: Workspace
    ) {
        let panel = 16
        space.team.share((outputs + panel - 1) / panel) { _, part in
            let columns = part.lowerBound * panel..<min(part.upperBound * panel, outputs)
            weights.product(
                kernels, rows, count: count, columns: columns, bias: bias?.start,
                activation: activation, residual: residual.map { $0 + columns.lowerBound },
                into: out + columns.lowerBound, stride: outputs)
        }
    }
}
