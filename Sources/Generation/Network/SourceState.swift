import Tensors

/// What the decoder keeps of one encoded source: the keys and values of each layer's attention to
/// it, packed once, however many hypotheses are decoded from it.
///
/// Written by the thread that makes it and then only read. Bytes: 8 · layers · inner · length, with
/// the keys' positions and the values' features of a head counted to the next multiple of 16.
final class SourceState: @unchecked Sendable {
    /// Tokens of the source.
    let length: Int
    private let heads: Int
    private let sizes: (keys: Int, values: Int)
    private let buffer: FloatBuffer

    init(length: Int, _ stack: EncoderDecoderPlan.Stack) {
        self.length = length
        heads = stack.heads
        sizes = EncoderKernels.packedAttention(length: length, size: stack.headSize)
        buffer = FloatBuffer(
            unset: stack.layers.count * stack.heads * (sizes.keys + sizes.values))
    }

    /// Bytes it takes.
    var bytes: Int { buffer.count * MemoryLayout<Float>.stride }

    func keys(layer: Int, head: Int) -> UnsafeMutablePointer<Float> {
        buffer.start + (layer * heads + head) * (sizes.keys + sizes.values)
    }

    func values(layer: Int, head: Int) -> UnsafeMutablePointer<Float> {
        keys(layer: layer, head: head) + sizes.keys
    }
}
