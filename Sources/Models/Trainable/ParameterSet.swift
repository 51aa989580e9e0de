import Tensors

/// The parameters of a model and their gradients, each in one contiguous block.
///
/// The order of the entries follows from the architecture alone (embeddings, layers from the first
/// to the last, then what lies on top; weights before biases), so it is the same in every process.
/// One thread at a time may write.
public final class ParameterSet: @unchecked Sendable {
    /// One tensor.
    public struct Entry: Equatable, Sendable {
        /// Its name in Hugging Face's files.
        public var name: String
        /// Its dimensions.
        public var shape: [Int]
        /// Its place in the flat blocks.
        public var range: Range<Int>
        /// Whether weight decay applies: not to biases, nor to layer normalisation.
        public var decays: Bool
        /// Whether it holds a vector for each token id.
        package var isWordTable: Bool { name.hasSuffix(BertNames.words) }
    }

    /// The tensors, in the order of their ranges, which follow each other without gaps.
    public let entries: [Entry]
    /// Whether backward passes leave the gradients alone.
    public var isFrozen = false

    private let valueBlock: FloatBuffer
    private let gradientBlock: FloatBuffer

    /// Makes a set of tensors whose values and gradients are zero.
    init(_ shapes: [(name: String, shape: [Int])]) {
        var entries: [Entry] = []
        var end = 0
        for (name, shape) in shapes {
            let start = end
            end += shape.reduce(1, *)
            let decays = !name.hasSuffix(".bias") && !name.contains("LayerNorm")
            entries.append(Entry(name: name, shape: shape, range: start..<end, decays: decays))
        }
        self.entries = entries
        valueBlock = FloatBuffer(zeros: end)
        gradientBlock = FloatBuffer(zeros: end)
    }

    /// Number of floats in each block.
    public var count: Int { valueBlock.count }

    /// All values, aligned to 64 bytes; valid as long as the set lives.
    public var values: UnsafeMutableBufferPointer<Float> {
        UnsafeMutableBufferPointer(start: valueBlock.start, count: count)
    }

    /// All gradients, aligned to 64 bytes; valid as long as the set lives.
    public var gradients: UnsafeMutableBufferPointer<Float> {
        UnsafeMutableBufferPointer(start: gradientBlock.start, count: count)
    }

    /// Sets every gradient to zero.
    public func zeroGradients() {
        gradientBlock.start.update(repeating: 0, count: count)
    }

    /// The parameters that begin at `offset`, for operations of a tape.
    func parameter(_ offset: Int) -> Tape.Parameter {
        Tape.Parameter(
            values: UnsafePointer(valueBlock.start + offset),
            gradient: isFrozen ? nil : gradientBlock.start + offset)
    }

    /// The entry of `name`.
    func entry(_ name: String) -> Entry? {
        entries.first { $0.name == name }
    }
}
