import Tensors

/// The keys and values of all tokens decoded so far, by slot.
///
/// A hypothesis is a list of slots. Hypotheses that begin alike name the same slots, so that going
/// on from another one copies nothing. Bytes: 8 · layers · inner · slots.
final class TokenStore {
    /// Distance of rows: keys and values of all heads.
    let stride: Int
    private var buffers: [FloatBuffer]
    private var capacity: Int
    private var free: [UInt32]

    init(_ stack: EncoderDecoderPlan.Stack, slots: Int) {
        let stride = 2 * stack.inner
        self.stride = stride
        capacity = slots
        buffers = stack.layers.map { _ in FloatBuffer(unset: slots * stride) }
        free = (0..<UInt32(slots)).reversed()
    }

    /// Bytes it takes.
    var bytes: Int { buffers.count * capacity * stride * MemoryLayout<Float>.stride }

    /// The rows of a layer: keys and values of the first head, of the second, and so on.
    func rows(layer: Int) -> UnsafeMutablePointer<Float> { buffers[layer].start }

    /// A slot that nobody uses; where there is none, a quarter more are made.
    func take() -> UInt32 {
        if let slot = free.popLast() { return slot }
        let grown = capacity + max(16, capacity / 4)
        for index in buffers.indices {
            let larger = FloatBuffer(unset: grown * stride)
            larger.start.update(from: buffers[index].start, count: capacity * stride)
            buffers[index] = larger
        }
        free = (UInt32(capacity + 1)..<UInt32(grown)).reversed()
        defer { capacity = grown }
        return UInt32(capacity)
    }

    /// Gives slots back.
    func give(_ slots: some Sequence<UInt32>) { free.append(contentsOf: slots) }
}
