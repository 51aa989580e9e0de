import Base
import Models
import Tensors

/// New tokens of one hypothesis.
struct DecodingRun {
    /// What it is decoded from.
    var source: SourceState
    /// The slots of its tokens, the new ones last.
    var slots: [UInt32]
    /// The new tokens.
    var tokens: [Int32]
}

extension Network {
    /// Computes the decoder's states of all new tokens, run after run: `space.hidden[rows, width]`.
    ///
    /// Each token sees those of its run before it and itself. Their keys and values are kept in
    /// `store`. Runs of one source that follow each other are queries of one call.
    func decode(_ runs: [DecodingRun], _ store: TokenStore, _ space: Workspace) {
        let stack = decoder.plan
        var starts = [0]
        for run in runs { starts.append(starts[starts.count - 1] + run.tokens.count) }
        let rows = starts[runs.count]
        work.countDecoding(rows)
        let longest = runs.map(\.slots.count).max() ?? 0
        let widest = runs.map(\.source.length).max() ?? 0
        space.reserve(
            stack, width: plan.width, rows: rows, projected: 3 * stack.inner,
            length: max(longest, widest))
        for (index, run) in runs.enumerated() {
            let before = run.slots.count - run.tokens.count
            for (place, token) in run.tokens.enumerated() {
                embed(
                    token, position: before + place, decoder,
                    into: space.hidden.start + (starts[index] + place) * plan.width)
            }
        }
        decoder.embeddingNorm?.apply(kernels, space.hidden.start, count: rows, width: plan.width)
        let biases = decoder.positions.biases(length: longest)
        let shared = Self.sharedSources(runs, starts)
        for (index, layer) in decoder.layers.enumerated() {
            attend(layer, index, runs, starts, biases, store, space)
            finish(
                layer.output, layer.norm, stack.rules, rows: rows, inputs: stack.inner, space)
            if let cross = layer.cross {
                attend(cross, index, shared, rows: rows, space)
                finish(
                    cross.output, cross.norm, stack.rules, rows: rows, inputs: stack.inner, space)
            }
            feedForward(layer.feedForward, stack, rows: rows, space)
        }
        decoder.finalNorm?.apply(kernels, space.hidden.start, count: rows, width: plan.width)
    }

    /// Rows that follow each other and have one source.
    private static func sharedSources(
        _ runs: [DecodingRun], _ starts: [Int]
    ) -> [(source: SourceState, rows: Range<Int>)] {
        var shared: [(source: SourceState, rows: Range<Int>)] = []
        for (index, run) in runs.enumerated() {
            if let last = shared.last, last.source === run.source {
                shared[shared.count - 1].rows = last.rows.lowerBound..<starts[index + 1]
            } else {
                shared.append((run.source, starts[index]..<starts[index + 1]))
            }
        }
        return shared
    }

    /// `space.context[rows, inner]` = the heads' results, each row against its hypothesis.
    private func attend(
        _ layer: LayerWeights<Matrix>, _ index: Int, _ runs: [DecodingRun], _ starts: [Int],
        _ biases: DistanceBiases?, _ store: TokenStore, _ space: Workspace
    ) {
        let stack = decoder.plan
        let (size, inner) = (stack.headSize, stack.inner)
        let rows = starts[runs.count]
        let input = Matrix.rows(
            input(layer.norm, stack.rules, rows: rows, space), count: rows, width: plan.width,
            kernels, space.integers)
        multiply(
            layer.projections, input, count: rows, into: space.projections.start,
            outputs: 3 * inner, space)
        let kept = store.rows(layer: index)
        space.team.share(stack.heads) { worker, heads in
            for (run, start) in zip(runs, starts) {
                for (place, slot) in run.slots.suffix(run.tokens.count).enumerated() {
                    let own = space.projections.start + (start + place) * 3 * inner
                    let row = kept + Int(slot) * store.stride
                    for head in heads {
                        (row + head * 2 * size).update(
                            from: own + head * 3 * size + size, count: 2 * size)
                    }
                }
            }
            for (run, start) in zip(runs, starts) {
                let isCausal = run.tokens.count > 1
                for head in heads {
                    let mask =
                        biases?.mask(
                            head: head, first: run.slots.count - run.tokens.count,
                            isCausal: isCausal)
                        ?? EncoderKernels.AttentionMask(isCausal: isCausal)
                    let call = EncoderKernels.AttentionHead(
                        length: run.slots.count, queries: run.tokens.count, size: size,
                        q: space.projections.start + start * 3 * inner + head * 3 * size,
                        qStride: 3 * inner, k: kept + head * 2 * size,
                        v: kept + head * 2 * size + size, stride: store.stride,
                        scale: stack.rules.scale,
                        out: space.context.start + start * inner + head * size, outStride: inner)
                    kernels.attention(
                        call, mask: mask, rows: run.slots, scratch: space.scratch(worker))
                }
            }
        }
    }

    /// `space.context[rows, inner]` = the heads' results, each row against its source.
    private func attend(
        _ cross: CrossWeights<Matrix>, _ index: Int,
        _ shared: [(source: SourceState, rows: Range<Int>)], rows: Int, _ space: Workspace
    ) {
        let stack = decoder.plan
        let (size, inner) = (stack.headSize, stack.inner)
        let input = Matrix.rows(
            input(cross.norm, stack.rules, rows: rows, space), count: rows, width: plan.width,
            kernels, space.integers)
        let queries = space.projections.start
        multiply(cross.query, input, count: rows, into: queries, outputs: inner, space)
        space.team.share(stack.heads) { worker, heads in
            for (source, rows) in shared {
                for head in heads {
                    let first = rows.lowerBound * inner + head * size
                    let keys = UnsafePointer(source.keys(layer: index, head: head))
                    let values = UnsafePointer(source.values(layer: index, head: head))
                    let call = EncoderKernels.AttentionHead(
                        length: source.length, queries: rows.count, size: size,
                        q: queries + first, qStride: inner, k: keys, v: values, stride: 0,
                        scale: stack.rules.scale, out: space.context.start + first,
                        outStride: inner)
                    kernels.attention(
                        call, keys: keys, values: values, scratch: space.scratch(worker))
                }
            }
        }
    }
}
