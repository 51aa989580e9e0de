import Tensors

/// The scratch memory of one thread's forward pass; grows to the largest batch and is used again.
final class BertArena {
    /// Hidden states `[tokens, hidden]`: the input of a layer and, at the end, its output.
    private(set) var hidden = FloatBuffer(zeros: 0)
    /// Queries, keys and values of a group of heads `[tokens, 3 · heads · head size]`.
    private(set) var projections = FloatBuffer(zeros: 0)
    /// Attention's result `[tokens, hidden]`.
    private(set) var context = FloatBuffer(zeros: 0)
    /// Hidden states between attention and feed-forward `[tokens, hidden]`.
    private(set) var middle = FloatBuffer(zeros: 0)
    /// Activations of the feed-forward part `[tokens, intermediate]`.
    private(set) var intermediate = FloatBuffer(zeros: 0)
    /// Keys, values and scores of one head.
    private(set) var scratch = FloatBuffer(zeros: 0)

    /// A layer's input as whole numbers, where the encoder computes in them.
    let integers = IntegerRows()
    /// The same of the first tokens.
    let firstIntegers = IntegerRows()

    /// One vector per sequence, before and after a layer on top of the encoder.
    private(set) var vectors = FloatBuffer(zeros: 0)
    private(set) var otherVectors = FloatBuffer(zeros: 0)

    func reserveVectors(_ count: Int) {
        grow(\.vectors, count)
        grow(\.otherVectors, count)
    }

    /// - Parameter heads: Those whose queries, keys and values are computed together; nil: as many
    ///   as make a group.
    func reserve(_ configuration: BertConfiguration, _ batch: TokenBatch, heads: Int? = nil) {
        let tokens = batch.tokens
        let size = configuration.headSize
        let together = heads ?? BertEncoder.headsPerGroup(size: size)
        let group = min(together, configuration.heads) * 3 * size
        grow(\.projections, tokens * group)
        grow(\.hidden, tokens * configuration.hiddenSize)
        grow(\.context, tokens * configuration.hiddenSize)
        grow(\.middle, tokens * configuration.hiddenSize)
        grow(\.intermediate, max(tokens * configuration.intermediateSize, batch.sequences * group))
        let longest = (0..<batch.sequences).map(batch.length).max() ?? 0
        grow(
            \.scratch,
            EncoderKernels.attentionScratch(length: longest, size: size))
    }

    private func grow(
        _ buffer: ReferenceWritableKeyPath<BertArena, FloatBuffer>, _ count: Int
    ) {
        if self[keyPath: buffer].count < count { self[keyPath: buffer] = FloatBuffer(unset: count) }
    }
}
