import Base
import Tensors

/// The forward pass over few tokens, each step of which the threads of a team share.
///
/// A step is cut by heads, features or tokens, never within a sum: the bits are those of one
/// thread. Few tokens take about as long as reading the weights, which each thread does for its
/// part alone.
extension BertEncoder {
    /// Computes the last hidden state of every token: `arenas[0].hidden[tokens, hidden]`.
    ///
    /// - Parameter arenas: One for each thread of the team; what threads share is in the first.
    func forward(_ batch: TokenBatch, _ arenas: [BertArena], _ team: ThreadTeam) {
        switch layers {
        case .float32(let layers): forward(layers, batch, arenas, team)
        case .i16(let layers): forward(layers, batch, arenas, team)
        }
        demandWholeFiles()
    }

    private func forward<Matrix: WeightMatrix>(
        _ layers: [Layer<Matrix>], _ batch: TokenBatch, _ arenas: [BertArena], _ team: ThreadTeam
    ) {
        for arena in arenas { arena.reserve(configuration, batch, heads: configuration.heads) }
        let shared = arenas[0]
        let width = configuration.hiddenSize
        embed(batch, shared)
        for layer in layers {
            team.share(headGroups.count) { worker, groups in
                let own = arenas[worker]
                let hidden = Matrix.rows(
                    shared.hidden.start, count: batch.tokens, width: width, kernels, own.integers)
                let first = headGroups[groups.lowerBound].lowerBound
                attend(
                    layer, first..<headGroups[groups.upperBound - 1].upperBound, hidden, batch,
                    own, into: shared.context.start)
            }
            finish(layer, rows: batch.tokens, arenas, team)
        }
    }

    /// The rest of a layer: output projection, feed-forward, both norms.
    private func finish<Matrix: WeightMatrix>(
        _ layer: Layer<Matrix>, rows: Int, _ arenas: [BertArena], _ team: ThreadTeam
    ) {
        let shared = arenas[0]
        let (hidden, middle) = (shared.hidden.start, shared.middle.start)
        let (wide, width) = (shared.intermediate.start, configuration.hiddenSize)
        let features = configuration.intermediateSize
        func product(
            of input: UnsafeMutablePointer<Float>, width depth: Int, by linear: LinearLayer<Matrix>,
            _ activation: Activation = .none, plus residual: UnsafeMutablePointer<Float>? = nil,
            into out: UnsafeMutablePointer<Float>
        ) {
            let outputs = linear.weights.columns
            // Whole panels, as many as the widest tile takes.
            let step = 64
            team.share((outputs + step - 1) / step) { worker, part in
                let columns = part.lowerBound * step..<min(part.upperBound * step, outputs)
                let input = Matrix.rows(
                    input, count: rows, width: depth, kernels, arenas[worker].integers)
                linear.weights.product(
                    kernels, input, count: rows, columns: columns, bias: linear.bias?.start,
                    activation: activation, residual: residual.map { $0 + columns.lowerBound },
                    into: out + columns.lowerBound, stride: outputs)
            }
        }
        func normalise(_ values: UnsafeMutablePointer<Float>, _ norm: LayerNorm) {
            team.share(rows) { _, part in
                self.normalise(norm, values + part.lowerBound * width, rows: part.count)
            }
        }
        product(
            of: shared.context.start, width: width, by: layer.attentionOutput, plus: hidden,
            into: middle)
        normalise(middle, layer.attentionNorm)
        product(
            of: middle, width: width, by: layer.intermediate, configuration.activation, into: wide)
        product(of: wide, width: features, by: layer.output, plus: middle, into: hidden)
        normalise(hidden, layer.outputNorm)
    }
}
