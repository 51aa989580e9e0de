import CKernels

/// A recording of operations, to be gone through backwards for the gradients.
///
/// Each operation is an extension in a file of its own: what it computes, and beside it what its
/// backward pass adds to the gradients of its inputs. Operations work on whole matrices, so a tape
/// has few steps and the loops are in the kernels.
///
/// A tape that does not record computes the same bits.
public final class Tape {
    /// A matrix on a tape: `[rows, width]`, row-major, without gaps.
    public struct Value {
        let index: Int
        /// Number of rows.
        public let rows: Int
        /// Floats of a row.
        public let width: Int
        /// The first float; valid as long as the tape.
        public let start: UnsafeMutablePointer<Float>
        /// Number of floats.
        public var count: Int { rows * width }
    }

    /// A tensor of parameters, and where its gradient is added up; nil leaves it out.
    public struct Parameter {
        /// The values.
        public var values: UnsafePointer<Float>
        /// The gradient, as many floats.
        public var gradient: UnsafeMutablePointer<Float>?

        /// Names values and gradient.
        public init(values: UnsafePointer<Float>, gradient: UnsafeMutablePointer<Float>?) {
            self.values = values
            self.gradient = gradient
        }
    }

    /// The inner loops.
    public let kernels: TrainingKernels
    /// Whether a backward pass can follow.
    public let isRecording: Bool
    /// Called with the numbers that `mark` was given, as the backward pass comes by.
    public var reached: ((Int) -> Void)?

    let arena: TapeArena
    private var steps: [(Tape) -> Void] = []
    private var gradients: [TapeArena.Block?] = []

    /// Makes an empty tape on `arena`, which serves one tape at a time.
    public init(arena: TapeArena, isRecording: Bool, kernels: TrainingKernels = .best) {
        self.arena = arena
        self.isRecording = isRecording
        self.kernels = kernels
    }

    /// A matrix of any value, to be written by the caller.
    public func make(rows: Int, width: Int) -> Value {
        gradients.append(nil)
        return Value(
            index: gradients.count - 1, rows: rows, width: width,
            start: arena.allocate(rows * width))
    }

    /// A matrix that holds a copy of `floats`.
    public func make(rows: Int, width: Int, copying floats: UnsafePointer<Float>) -> Value {
        let value = make(rows: rows, width: width)
        value.start.update(from: floats, count: value.count)
        return value
    }

    /// Adds a backward step, unless the tape does not record.
    func record(_ step: @escaping (Tape) -> Void) {
        if isRecording { steps.append(step) }
    }

    /// Has `reached` called with `number` when the backward pass has done all that comes later.
    public func mark(_ number: Int) {
        record { tape in tape.reached?(number) }
    }

    /// Goes back through the recording, starting from gradients of some values.
    ///
    /// Serves once: the steps are dropped as they are done.
    public func backward(_ starts: [(value: Value, gradient: UnsafePointer<Float>)]) {
        for (value, gradient) in starts {
            let block = arena.take(value.count)
            block.start.update(from: gradient, count: value.count)
            add(block, to: value)
        }
        while let step = steps.popLast() { step(self) }
    }

    /// The gradient of a value after the backward pass, nil where none reached it.
    public func gradient(of value: Value) -> [Float]? {
        gradients[value.index].map {
            Array(UnsafeBufferPointer(start: $0.start, count: value.count))
        }
    }

    /// Gives the gradients' blocks back to the arena.
    public func close() {
        for case let block? in gradients { arena.give(block) }
        gradients = []
        steps = []
    }

    // MARK: What operations ask of the tape

    /// Takes the complete gradient of an operation's output, nil where none reached it.
    func take(_ value: Value) -> TapeArena.Block? {
        defer { gradients[value.index] = nil }
        return gradients[value.index]
    }

    /// The gradient so far, nil where there is none.
    func present(_ value: Value) -> UnsafeMutablePointer<Float>? {
        gradients[value.index]?.start
    }

    /// Makes room for the first part of a gradient, to be written by the caller.
    func begin(_ value: Value) -> UnsafeMutablePointer<Float> {
        let block = arena.take(value.count)
        gradients[value.index] = block
        return block.start
    }

    /// The gradient so far, zero where there was none.
    func accumulated(_ value: Value) -> UnsafeMutablePointer<Float> {
        if let present = present(value) { return present }
        let fresh = begin(value)
        fresh.update(repeating: 0, count: value.count)
        return fresh
    }

    /// Adds a whole gradient, which the tape takes over.
    func add(_ block: TapeArena.Block, to value: Value) {
        guard let present = gradients[value.index] else {
            gradients[value.index] = block
            return
        }
        kernels.table.pointee.add_scaled(block.start, value.count, 1, present.start)
        arena.give(block)
    }
}
