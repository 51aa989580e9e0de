import Base
import Tensors

/// The scratch memory of one thread, or of a team of them; grows to the largest call and is used
/// again.
final class Workspace {
    /// The threads that compute in it.
    let team: ThreadTeam
    /// Hidden states `[rows, width]`: the input of a part and, at the end, its output.
    private(set) var hidden = FloatBuffer(unset: 0)
    /// What a part adds to them.
    private(set) var other = FloatBuffer(unset: 0)
    /// A part's input, normalised.
    private(set) var normal = FloatBuffer(unset: 0)
    /// Queries, keys and values head by head: `[rows, 3 · inner]` in the decoder, those of some
    /// heads for each thread in the encoder.
    private(set) var projections = FloatBuffer(unset: 0)
    /// Attention's result `[rows, inner]`.
    private(set) var context = FloatBuffer(unset: 0)
    /// Features between the layers of a feed-forward part, and what they are multiplied by.
    private(set) var wide = FloatBuffer(unset: 0)
    private(set) var gate = FloatBuffer(unset: 0)
    /// Keys, values and scores of one head, for each thread.
    private var scratches = FloatBuffer(unset: 0)
    /// Rows as whole numbers, where the network computes in them.
    let integers = IntegerRows()

    init(_ team: ThreadTeam = .alone) { self.team = team }

    /// Makes room for `rows` rows of a stack with so many projected features, and attention over
    /// `length` positions.
    func reserve(
        _ stack: EncoderDecoderPlan.Stack, width: Int, rows: Int, projected: Int, length: Int
    ) {
        grow(\.hidden, rows * width)
        grow(\.other, rows * width)
        if stack.rules.normsFirst { grow(\.normal, rows * width) }
        grow(\.projections, rows * projected)
        grow(\.context, rows * stack.inner)
        reserve(wide: rows * stack.intermediateSize)
        if stack.layers.first?.feedForward.gate != nil {
            grow(\.gate, rows * stack.intermediateSize)
        }
        let scratch = EncoderKernels.attentionScratch(length: length, size: stack.headSize)
        // Threads write to cache lines of their own.
        grow(\.scratches, (scratch + 15) / 16 * 16 * team.count)
    }

    /// Makes room for so many floats in `wide`.
    func reserve(wide count: Int) { grow(\.wide, count) }

    /// The scratch memory of one of the threads.
    func scratch(_ worker: Int) -> UnsafeMutablePointer<Float> {
        scratches.start + worker * (scratches.count / team.count / 16 * 16)
    }

    private func grow(
        _ buffer: ReferenceWritableKeyPath<Workspace, FloatBuffer>, _ count: Int
    ) {
        if self[keyPath: buffer].count < count { self[keyPath: buffer] = FloatBuffer(unset: count) }
    }

    /// Makes what `other` holds the hidden states.
    func swapHidden() { swap(&hidden, &other) }
}
