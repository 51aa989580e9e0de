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

    static func headGroups(_ configuration: BertConfiguration) -> [Range<Int>] {
        let step = headsPerGroup(size: configuration.headSize)
        return stride(from: 0, to: configuration.heads, by: step).map {
            $0..<min($0 + step, configuration.heads)
        }
    }

    /// `arena.context[tokens, hidden]` = the heads' results for all tokens.
    func attend<Matrix: WeightMatrix>(
        _ layer: Layer<Matrix>, _ batch: TokenBatch, _ arena: BertArena
    ) {
        let hidden = Matrix.rows(
            arena.hidden.start, count: batch.tokens, width: configuration.hiddenSize, kernels,
            arena.integers)
        for group in headGroups {
            attend(layer, group, hidden, batch, arena, into: arena.context.start)
        }
    }

    /// The results of some heads for all tokens, into their columns of `context[tokens, hidden]`.
    ///
    /// `arena` has room for the projections of so many heads.
    func attend<Matrix: WeightMatrix>(
        _ layer: Layer<Matrix>, _ heads: Range<Int>, _ hidden: Matrix.Rows, _ batch: TokenBatch,
        _ arena: BertArena, into context: UnsafeMutablePointer<Float>
    ) {
        let width = configuration.hiddenSize
        let size = configuration.headSize
        let stride = heads.count * 3 * size
        layer.projections.weights.product(
            kernels, hidden, count: batch.tokens,
            columns: heads.lowerBound * 3 * size..<heads.upperBound * 3 * size,
            bias: layer.projections.bias?.start, activation: .none, residual: nil,
            into: arena.projections.start, stride: stride)
        for head in heads {
            let first = arena.projections.start + (head - heads.lowerBound) * 3 * size
            for sequence in 0..<batch.sequences {
                let start = batch.starts[sequence]
                let own = first + start * stride
                let call = EncoderKernels.AttentionHead(
                    length: batch.length(sequence), queries: batch.length(sequence),
                    size: size, q: own, qStride: stride, k: own + size, v: own + 2 * size,
                    stride: stride, scale: scale,
                    out: context + start * width + head * size, outStride: width)
                kernels.attention(call, scratch: arena.scratch.start)
            }
        }
    }

    /// `arena.context[sequences, hidden]` = the heads' results for the first tokens;
    /// `arena.hidden` is cut down to these tokens too.
    func attendFirstTokens<Matrix: WeightMatrix>(
        _ layer: Layer<Matrix>, _ batch: TokenBatch, _ arena: BertArena
    ) {
        let width = configuration.hiddenSize
        let size = configuration.headSize
        let firsts = arena.middle.start
        for sequence in 0..<batch.sequences {
            (firsts + sequence * width).update(
                from: arena.hidden.start + batch.starts[sequence] * width, count: width)
        }
        let allRows = Matrix.rows(
            arena.hidden.start, count: batch.tokens, width: width, kernels, arena.integers)
        let firstRows = Matrix.rows(
            firsts, count: batch.sequences, width: width, kernels, arena.firstIntegers)
        // Queries of the first tokens alone, where the keys' columns begin a panel of their own.
        let isAligned = size % 16 == 0
        for group in headGroups {
            let stride = group.count * 3 * size
            let columns = group.lowerBound * 3 * size..<group.upperBound * 3 * size
            let queries = arena.intermediate.start
            layer.projections.weights.product(
                kernels, firstRows, count: batch.sequences,
                columns: isAligned ? columns.prefix(size) : columns,
                bias: layer.projections.bias?.start, activation: .none, residual: nil,
                into: queries, stride: stride)
            let skipped = isAligned ? size : 0
            layer.projections.weights.product(
                kernels, allRows, count: batch.tokens, columns: columns.dropFirst(skipped),
                bias: layer.projections.bias?.start, activation: .none, residual: nil,
                into: arena.projections.start + skipped, stride: stride)
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
