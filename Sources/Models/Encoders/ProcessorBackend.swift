import Base
import Tensors

/// Computes vectors on the processor, in 32-bit floats or 16-bit whole numbers.
final class ProcessorBackend: EncoderBackend {
    let description: ModelDescription
    let weights: Weights
    let kernels: EncoderKernels
    private let arenas = ArenaPool()

    init(_ opened: OpenedModel, kernels: EncoderKernels) throws(ModelError) {
        description = opened.description
        weights = try Weights(opened, kernels: kernels)
        self.kernels = kernels
    }

    static func settings(_ description: ModelDescription) -> [String] {
        let stored = description.weights == .float16 ? "float16 weights" : "float32"
        return description.precision == .i16
            ? [stored, description.precision.description] : [stored]
    }

    var unusedTensors: [String] { weights.unusedTensors }

    func encode(
        _ batch: TokenBatch, leftOut: Int, rows: [Int], into out: UnsafeMutablePointer<Float>,
        _ team: ThreadTeam
    ) {
        let members = (0..<team.count).map { _ in arenas.take() }
        defer { for arena in members { arenas.give(arena) } }
        let arena = members[0]
        let width = description.configuration.hiddenSize
        let dimension = description.dimension
        arena.reserveVectors(batch.sequences * description.widestVector)
        // Pooled vectors, and after a layer the other of the two buffers.
        var vectors = arena.vectors.start
        let takesFirstTokens =
            description.pooling.modes == [.firstToken]
            && (leftOut == 0 || !description.clsFollowsPrompt)
        if team.count > 1 {
            weights.bert.forward(batch, members, team)
        } else if takesFirstTokens {
            weights.bert.forwardFirstTokens(batch, arena)
        } else {
            weights.bert.forward(batch, arena)
        }
        if takesFirstTokens, team.count > 1 {
            for sequence in 0..<batch.sequences {
                (vectors + sequence * width).update(
                    from: arena.hidden.start + batch.starts[sequence] * width, count: width)
            }
        } else if takesFirstTokens {
            vectors.update(from: arena.hidden.start, count: batch.sequences * width)
        } else {
            for sequence in 0..<batch.sequences {
                pool(
                    arena.hidden.start + batch.starts[sequence] * width,
                    length: batch.length(sequence), leftOut: leftOut,
                    into: vectors + sequence * description.pooledWidth)
            }
        }
        var other = arena.otherVectors.start
        let layers =
            [(weights.pooler, Activation.tanh), (weights.projection, .none)]
            + weights.dense.map { ($0.layer, $0.activation) }
        for case (let layer?, let activation) in layers {
            kernels.product(
                rows: batch.sequences, a: vectors, stride: layer.weights.depth,
                weights: layer.weights, bias: layer.bias?.start, activation: activation,
                into: other, stride: layer.weights.columns)
            swap(&vectors, &other)
        }
        for (sequence, row) in rows.enumerated() {
            let vector = vectors + sequence * dimension
            if description.normalises { kernels.normalise(vector, width: dimension) }
            (out + row * dimension).update(from: vector, count: dimension)
        }
    }

    /// The parameters of a tower.
    struct Weights: Sendable {
        let bert: BertEncoder
        /// BERT's tanh pooler.
        let pooler: Linear?
        let projection: Linear?
        /// Linear layers after the pooling of a sentence encoder.
        let dense: [(layer: Linear, activation: Activation)]
        /// Tensors of the checkpoint that none of these uses.
        let unusedTensors: [String]

        init(
            _ opened: OpenedModel, kernels: EncoderKernels
        ) throws(ModelError) {
            let (checkpoint, description) = (opened.checkpoint, opened.description)
            let configuration = description.configuration
            let width = configuration.hiddenSize
            let names = Set(description.parameters.map(\.name))
            bert = try BertEncoder(
                checkpoint, prefix: description.prefix, configuration: configuration,
                precision: description.precision, kernels: kernels)
            if let name = description.poolerName {
                pooler = try Linear(checkpoint, name, outputs: width, inputs: width)
            } else {
                pooler = nil
            }
            if let name = description.projectionName {
                projection = try Linear(
                    checkpoint, name, outputs: description.dimension, inputs: width,
                    hasBias: description.projectionHasBias)
            } else {
                projection = nil
            }
            var dense: [(layer: Linear, activation: Activation)] = []
            for (module, weights) in zip(description.dense, opened.dense) {
                dense.append((try module.linear(weights), module.activation))
            }
            self.dense = dense
            unusedTensors = checkpoint.tensors.keys.filter { !names.contains($0) }.sorted()
        }
    }
}
