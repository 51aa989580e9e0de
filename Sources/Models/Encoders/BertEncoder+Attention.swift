import Tensors

/// Attention goes head by head through all sequences of a batch: queries, keys and values of a few
/// heads are computed and used while they are still in the second-level cache.
extension BertEncoder {
    /// Heads whose queries, keys and values are computed together: as few as fill whole panels.
    static func headsPerGroup(size: Int) -> Int {
        var heads = 1
        while (heads * 3 * size) % 16 != 0 { heads += 1 }
        return heads
    }

    private var scale: Float { 1 / Float(configuration.headSize).squareRoot() }

    /// The groups of heads.
    private var groups: [Range<Int>] {
        let step = Self.headsPerGroup(size: configuration.headSize)
        return stride(from: 0, to: configuration.heads, by: step).map {
            $0..<min($0 + step, configuration.heads)
        }
    }

    /// `arena.context[tokens, hidden]` = the heads' results for all tokens.
    func attend(_ layer: Layer, _ batch: TokenBatch, _ arena: BertArena) {
        let width = configuration.hiddenSize
        let size = configuration.headSize
        for group in groups {
            let stride = group.count * 3 * size
            kernels.product(
                rows: batch.tokens, a: arena.hidden.start, stride: width,
                weights: layer.projections.weights,
                columns: group.lowerBound * 3 * size..<group.upperBound * 3 * size,
                bias: layer.projections.bias?.start, into: arena.projections.start,
                stride: stride)
            for head in group {
                let first = arena.projections.start + (head - group.lowerBound) * 3 * size
                for sequence in 0..<batch.sequences {
                    let start = batch.starts[sequence]
                    let own = first + start * stride
                    let call = EncoderKernels.AttentionHead(
                        length: batch.length(sequence), queries: batch.length(sequence),
                        size: size, q: own, qStride: stride, k: own + size, v: own + 2 * size,
                        stride: stride, scale: scale,
                        out: arena.context.start + start * width + head * size,
                        outStride: width)
                    kernels.attention(call, scratch: arena.scratch.start)
                }
            }
        }
    }

    /// `arena.context[sequences, hidden]` = the heads' results for the first tokens;
    /// `arena.hidden` is cut down to these tokens too.
    func attendFirstTokens(_ layer: Layer, _ batch: TokenBatch, _ arena: BertArena) {
        let width = configuration.hiddenSize
        let size = configuration.headSize
        let firsts = arena.middle.start
        for sequence in 0..<batch.sequences {
            (firsts + sequence * width).update(
                from: arena.hidden.start + batch.starts[sequence] * width, count: width)
        }
        // Queries of the first tokens alone, where the keys' columns begin a panel of their own.
        let isAligned = size % 16 == 0
        for group in groups {
            let stride = group.count * 3 * size
            let columns = group.lowerBound * 3 * size..<group.upperBound * 3 * size
            let queries = arena.intermediate.start
            kernels.product(
                rows: batch.sequences, a: firsts, stride: width,
                weights: layer.projections.weights,
                columns: isAligned ? columns.prefix(size) : columns,
                bias: layer.projections.bias?.start, into: queries, stride: stride)
            let skipped = isAligned ? size : 0
            kernels.product(
                rows: batch.tokens, a: arena.hidden.start, stride: width,
                weights: layer.projections.weights, columns: columns.dropFirst(skipped),
                bias: layer.projections.bias?.start, into: arena.projections.start + skipped,
                stride: stride)
            for head in group {
                let offset = (head - group.lowerBound) * 3 * size
                for sequence in 0..<batch.sequences {
                    let own =
                        arena.projections.start + offset + batch.starts[sequence] * stride
                    let call = EncoderKernels.AttentionHead(
                        length: batch.length(sequence), queries: 1, size: size,
                        q: queries + offset + sequence * stride, qStride: stride, k: own + size,
                        v: own + 2 * size, stride: stride, scale: scale,
                        out: arena.context.start + sequence * width + head * size,
                        outStride: width)
                    kernels.attention(call, scratch: arena.scratch.start)
                }
            }
        }
        arena.hidden.start.update(from: firsts, count: batch.sequences * width)
    }
}
