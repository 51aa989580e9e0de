import Tensors

/// The scratch memory of one thread; grows to the largest call and is used again.
final class Workspace {
    /// Hidden states `[rows, width]`: the input of a part and, at the end, its output.
    private(set) var hidden = FloatBuffer(unset: 0)
    /// What a part adds to them.
    private(set) var other = FloatBuffer(unset: 0)
    /// A part's input, normalised.
    private(set) var normal = FloatBuffer(unset: 0)
    /// Queries, keys and values `[rows, 3 · inner]`, head by head.
    private(set) var projections = FloatBuffer(unset: 0)
    /// Attention's result `[rows, inner]`.
    private(set) var context = FloatBuffer(unset: 0)
    /// Features between the layers of a feed-forward part, and what they are multiplied by.
    private(set) var wide = FloatBuffer(unset: 0)
    private(set) var gate = FloatBuffer(unset: 0)
    /// Keys, values and scores of one head.
    private(set) var scratch = FloatBuffer(unset: 0)
    /// Rows as whole numbers, where the network computes in them.
    let integers = IntegerRows()

    /// Makes room for `rows` rows of a stack, and attention over `length` positions.
    func reserve(_ stack: EncoderDecoderPlan.Stack, width: Int, rows: Int, length: Int) {
        grow(\.hidden, rows * width)
        grow(\.other, rows * width)
        if stack.rules.normsFirst { grow(\.normal, rows * width) }
        grow(\.projections, rows * 3 * stack.inner)
        grow(\.context, rows * stack.inner)
        grow(\.wide, rows * stack.intermediateSize)
        if stack.layers.first?.feedForward.gate != nil {
            grow(\.gate, rows * stack.intermediateSize)
        }
        grow(
            \.scratch, EncoderKernels.attentionScratch(length: length, size: stack.headSize))
    }

    private func grow(
        _ buffer: ReferenceWritableKeyPath<Workspace, FloatBuffer>, _ count: Int
    ) {
        if self[keyPath: buffer].count < count { self[keyPath: buffer] = FloatBuffer(unset: count) }
    }

    /// Makes what `other` holds the hidden states.
    func swapHidden() { swap(&hidden, &other) }
}
