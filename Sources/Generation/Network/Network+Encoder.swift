import Base
import Models
import Tensors

/// Sequences of token ids, end to end.
struct SourceBatch {
    var ids: [Int32] = []
    var starts: [Int] = [0]

    var count: Int { starts.count - 1 }
    func length(_ sequence: Int) -> Int { starts[sequence + 1] - starts[sequence] }

    mutating func append(_ sequence: [Int32]) {
        ids += sequence
        starts.append(ids.count)
    }
}

extension Network {
    /// Computes the encoder's states of all tokens: `space.hidden[tokens, width]`.
    func encode(_ batch: SourceBatch, _ space: Workspace) {
        let stack = encoder.plan
        work.countEncoding(batch)
        let rows = batch.ids.count
        let longest = (0..<batch.count).map(batch.length).max() ?? 0
        space.reserve(
            stack, width: plan.width, rows: rows,
            projected: (stack.headGroups.first?.count ?? 0) * 3 * stack.headSize
                * space.team.count, length: longest)
        for sequence in 0..<batch.count {
            for position in 0..<batch.length(sequence) {
                let row = batch.starts[sequence] + position
                embed(
                    batch.ids[row], position: position, encoder,
                    into: space.hidden.start + row * plan.width)
            }
        }
        encoder.embeddingNorm?.apply(kernels, space.hidden.start, count: rows, width: plan.width)
        let biases = encoder.positions.biases(length: longest)
        for layer in encoder.layers {
            attend(layer, batch, biases, space)
            finish(
                layer.output, layer.norm, stack.rules, rows: rows, inputs: stack.inner, space)
            feedForward(layer.feedForward, stack, rows: rows, space)
        }
        encoder.finalNorm?.apply(kernels, space.hidden.start, count: rows, width: plan.width)
    }

    /// `space.context[tokens, inner]` = the heads' results, each token against its own sequence.
    private func attend(
        _ layer: LayerWeights<Matrix>, _ batch: SourceBatch, _ biases: DistanceBiases?,
        _ space: Workspace
    ) {
        let stack = encoder.plan
        let (size, inner) = (stack.headSize, stack.inner)
        let rows = batch.ids.count
        let input = Matrix.rows(
            input(layer.norm, stack.rules, rows: rows, space), count: rows, width: plan.width,
            kernels, space.integers)
        let groups = stack.headGroups
        let room = space.projections.count / space.team.count
        space.team.share(groups.count) { worker, part in
            let projected = space.projections.start + worker * room
            for group in groups[part] {
                let stride = group.count * 3 * size
                layer.projections.weights.product(
                    kernels, input, count: rows,
                    columns: group.lowerBound * 3 * size..<group.upperBound * 3 * size,
                    bias: layer.projections.bias?.start, activation: .none, residual: nil,
                    into: projected, stride: stride)
                for head in group {
                    let first = projected + (head - group.lowerBound) * 3 * size
                    let mask =
                        biases?.mask(head: head, first: 0, isCausal: false)
                        ?? EncoderKernels.AttentionMask()
                    for sequence in 0..<batch.count {
                        let start = batch.starts[sequence]
                        let own = first + start * stride
                        let call = EncoderKernels.AttentionHead(
                            length: batch.length(sequence), queries: batch.length(sequence),
                            size: size, q: own, qStride: stride, k: own + size,
                            v: own + 2 * size, stride: stride, scale: stack.rules.scale,
                            out: space.context.start + start * inner + head * size,
                            outStride: inner)
                        kernels.attention(call, mask: mask, scratch: space.scratch(worker))
                    }
                }
            }
        }
    }

    /// The keys and values that the decoder's layers have of the encoder's states in
    /// `space.hidden`, one state for each sequence of `batch`.
    func sourceStates(_ batch: SourceBatch, _ space: Workspace) -> [SourceState] {
        let stack = decoder.plan
        let states = (0..<batch.count).map {
            SourceState(length: batch.length($0), stack)
        }
        states.forEach(work.count)
        let rows = batch.ids.count
        let stride = 2 * stack.inner
        space.reserve(wide: rows * stride)
        let joined = space.wide.start
        let input = Matrix.rows(
            space.hidden.start, count: rows, width: plan.width, kernels, space.integers)
        for (index, layer) in decoder.layers.enumerated() {
            guard let cross = layer.cross else { continue }
            multiply(
                cross.keysAndValues, input, count: rows, into: joined, outputs: stride, space)
            space.team.share(stack.heads) { _, heads in
                for (sequence, state) in states.enumerated() {
                    let first = joined + batch.starts[sequence] * stride
                    pack(first, stride: stride, layer: index, heads: heads, into: state)
                }
            }
        }
        return states
    }

    /// Packs keys and values of one source, which lie head by head from `rows` on.
    private func pack(
        _ rows: UnsafePointer<Float>, stride: Int, layer: Int, heads: Range<Int>,
        into state: SourceState
    ) {
        let size = decoder.plan.headSize
        for head in heads {
            let own = rows + head * 2 * size
            kernels.packAttention(
                k: own, v: own + size, stride: stride, length: state.length, size: size,
                keys: state.keys(layer: layer, head: head),
                values: state.values(layer: layer, head: head))
        }
    }
}

extension EncoderDecoderPlan.Stack {
    /// Heads whose queries, keys and values are computed together: as few as fill whole panels.
    var headGroups: [Range<Int>] {
        var step = 1
        while (step * 3 * headSize) % 16 != 0 { step += 1 }
        return stride(from: 0, to: heads, by: step).map { $0..<min($0 + step, heads) }
    }
}
