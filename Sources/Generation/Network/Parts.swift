import Models
import Tensors

/// The parameters of one side, in the numbers they compute in.
struct StackWeights<Matrix: WeightMatrix>: Sendable {
    let plan: EncoderDecoderPlan.Stack
    let layers: [LayerWeights<Matrix>]
    let positions: PositionWeights
    let embeddingNorm: NormWeights?
    let finalNorm: NormWeights?

    init(
        _ checkpoint: Checkpoint, _ plan: EncoderDecoderPlan.Stack, width: Int
    ) throws(ModelError) {
        self.plan = plan
        var layers: [LayerWeights<Matrix>] = []
        for layer in plan.layers {
            layers.append(try LayerWeights(checkpoint, layer, plan, width: width))
        }
        self.layers = layers
        positions = try PositionWeights(checkpoint, plan, width: width)
        func norm(_ name: String?) throws(ModelError) -> NormWeights? {
            guard let name else { return nil }
            return try NormWeights(checkpoint, name, plan.rules, width: width)
        }
        embeddingNorm = try norm(plan.embeddingNorm)
        finalNorm = try norm(plan.finalNorm)
    }
}

/// The parameters of one layer.
struct LayerWeights<Matrix: WeightMatrix>: Sendable {
    /// Queries, keys and values of the first head, of the second, and so on.
    let projections: LinearLayer<Matrix>
    let output: LinearLayer<Matrix>
    let norm: NormWeights
    let cross: CrossWeights<Matrix>?
    let feedForward: FeedForwardWeights<Matrix>

    init(
        _ checkpoint: Checkpoint, _ layer: EncoderDecoderPlan.Layer,
        _ plan: EncoderDecoderPlan.Stack, width: Int
    ) throws(ModelError) {
        let (own, rules) = (layer.selfAttention, plan.rules)
        projections = try LinearLayer(
            joining: [own.query, own.key, own.value], heads: plan.heads, checkpoint,
            outputs: plan.inner, inputs: width, hasBias: rules.hasBiases)
        output = try LinearLayer(
            checkpoint, own.output, outputs: width, inputs: plan.inner, hasBias: rules.hasBiases)
        norm = try NormWeights(checkpoint, own.norm, rules, width: width)
        if let part = layer.crossAttention {
            cross = try CrossWeights(checkpoint, part, plan, width: width)
        } else {
            cross = nil
        }
        feedForward = try FeedForwardWeights(checkpoint, layer.feedForward, plan, width: width)
    }
}

/// The parameters of an attention to the encoder's states.
struct CrossWeights<Matrix: WeightMatrix>: Sendable {
    let query: LinearLayer<Matrix>
    /// Keys and values of the first head, of the second, and so on.
    let keysAndValues: LinearLayer<Matrix>
    let output: LinearLayer<Matrix>
    let norm: NormWeights

    init(
        _ checkpoint: Checkpoint, _ part: EncoderDecoderPlan.Attention,
        _ plan: EncoderDecoderPlan.Stack, width: Int
    ) throws(ModelError) {
        let hasBias = plan.rules.hasBiases
        query = try LinearLayer(
            checkpoint, part.query, outputs: plan.inner, inputs: width, hasBias: hasBias)
        keysAndValues = try LinearLayer(
            joining: [part.key, part.value], heads: plan.heads, checkpoint, outputs: plan.inner,
            inputs: width, hasBias: hasBias)
        output = try LinearLayer(
            checkpoint, part.output, outputs: width, inputs: plan.inner, hasBias: hasBias)
        norm = try NormWeights(checkpoint, part.norm, plan.rules, width: width)
    }
}

/// The parameters of a feed-forward part.
struct FeedForwardWeights<Matrix: WeightMatrix>: Sendable {
    let up: LinearLayer<Matrix>
    let gate: LinearLayer<Matrix>?
    let down: LinearLayer<Matrix>
    let norm: NormWeights

    init(
        _ checkpoint: Checkpoint, _ part: EncoderDecoderPlan.FeedForward,
        _ plan: EncoderDecoderPlan.Stack, width: Int
    ) throws(ModelError) {
        let (wide, hasBias) = (plan.intermediateSize, plan.rules.hasBiases)
        up = try LinearLayer(
            checkpoint, part.up, outputs: wide, inputs: width, hasBias: hasBias)
        if let name = part.gate {
            gate = try LinearLayer(
                checkpoint, name, outputs: wide, inputs: width, hasBias: hasBias)
        } else {
            gate = nil
        }
        down = try LinearLayer(
            checkpoint, part.down, outputs: width, inputs: wide, hasBias: hasBias)
        norm = try NormWeights(checkpoint, part.norm, plan.rules, width: width)
    }
}

/// A norm of either kind.
struct NormWeights: Sendable {
    private let gain: FloatBuffer
    private let bias: FloatBuffer?
    private let epsilon: Float

    init(
        _ checkpoint: Checkpoint, _ name: String, _ rules: EncoderDecoderPlan.Rules, width: Int
    ) throws(ModelError) {
        gain = try checkpoint.floats(name + ".weight", shape: [width])
        bias =
            rules.norm == .layer ? try checkpoint.floats(name + ".bias", shape: [width]) : nil
        epsilon = rules.epsilon
    }

    /// Normalises `count` rows in place.
    func apply(
        _ kernels: EncoderKernels, _ rows: UnsafeMutablePointer<Float>, count: Int, width: Int
    ) {
        if let bias {
            kernels.layerNorm(
                rows, count: count, width: width, gain: gain.start, bias: bias.start,
                epsilon: epsilon)
        } else {
            kernels.rmsNorm(
                rows, count: count, width: width, gain: gain.start, epsilon: epsilon)
        }
    }
}

/// What tells a stack the order of tokens.
enum PositionWeights: Sendable {
    /// Vectors by position, those before position 0 left out.
    case learned(FloatBuffer, first: Int)
    /// Numbers by bucket and head.
    case relative(FloatBuffer, RelativeBuckets, heads: Int)

    init(
        _ checkpoint: Checkpoint, _ plan: EncoderDecoderPlan.Stack, width: Int
    ) throws(ModelError) {
        switch plan.positions {
        case .learned(let table, let count, let offset):
            self = .learned(
                try checkpoint.floats(table, shape: [count + offset, width]),
                first: offset * width)
        case .relative(let table, let buckets):
            self = .relative(
                try checkpoint.floats(table, shape: [buckets.count, plan.heads]), buckets,
                heads: plan.heads)
        }
    }

    /// The vector of a position, where there are any.
    func vector(_ position: Int, width: Int) -> UnsafePointer<Float>? {
        guard case .learned(let table, let first) = self else { return nil }
        return UnsafePointer(table.start + first + position * width)
    }

    /// What each head adds to scores by distance, for sequences of up to `length` positions;
    /// nil where nothing is added.
    func biases(length: Int) -> DistanceBiases? {
        guard case .relative(let table, let buckets, let heads) = self else { return nil }
        return DistanceBiases(table, buckets, heads: heads, length: length)
    }
}

/// Numbers added to scores by head and distance: that of distance d of head h lies at
/// `[h][length − 1 + d]`.
struct DistanceBiases: Sendable {
    private let table: FloatBuffer
    private let length: Int

    fileprivate init(
        _ weights: FloatBuffer, _ buckets: RelativeBuckets, heads: Int, length: Int
    ) {
        self.length = length
        let width = 2 * length - 1
        table = FloatBuffer(unset: heads * width)
        for place in 0..<width {
            let bucket = buckets.bucket(place - (length - 1))
            for head in 0..<heads {
                table.start[head * width + place] = weights.start[bucket * heads + head]
            }
        }
    }

    /// What a call of `head` adds whose first query is position `first` of its keys.
    func mask(head: Int, first: Int, isCausal: Bool) -> EncoderKernels.AttentionMask {
        let zero = table.start + head * (2 * length - 1) + length - 1
        return EncoderKernels.AttentionMask(
            isCausal: isCausal, bias: zero - first, biasStride: -1)
    }
}
