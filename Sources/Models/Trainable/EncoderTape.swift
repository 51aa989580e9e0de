import Tensors

/// What was recorded of a forward pass, with the memory it lies in.
final class EncoderTape {
    let arena: TapeArena
    private let tape: Tape
    private let outputs: [Tape.Value]

    init(tape: Tape, outputs: [Tape.Value], arena: TapeArena) {
        self.tape = tape
        self.outputs = outputs
        self.arena = arena
    }

    /// Goes back from the gradients of the outputs, in their order.
    func backward(
        _ gradients: [[Float]], _ bert: TrainableBert, blockEnd: Int,
        layerDone: ((Range<Int>) -> Void)?
    ) {
        tape.reached = { mark in
            if mark < bert.marks {
                layerDone?(bert.stretch(mark))
            } else {
                let start = bert.stretch(bert.marks - 1).upperBound
                if start < blockEnd { layerDone?(start..<blockEnd) }
            }
        }
        var starts: [(value: Tape.Value, gradient: FloatBuffer)] = []
        for (value, gradient) in zip(outputs, gradients) {
            precondition(
                gradient.count == value.count,
                "\(gradient.count) gradients of \(value.count) outputs")
            starts.append((value, FloatBuffer(gradient)))
        }
        withExtendedLifetime(starts) {
            tape.backward(starts.map { ($0.value, UnsafePointer($0.gradient.start)) })
        }
        tape.close()
    }
}

/// Arenas between steps; one belongs to one recording at a time.
final class TapeArenaPool {
    private var free: [TapeArena] = []

    /// The most floats that the arenas held, those in use now left out.
    var largestCapacity: Int { free.reduce(0) { $0 + $1.largestCapacity } }

    func take() -> TapeArena { free.popLast() ?? TapeArena() }

    func give(_ arena: TapeArena) {
        arena.reset()
        free.append(arena)
    }
}

extension ParameterSet {
    /// The linear layer `name`.
    func linear(
        _ name: String, _ outputs: Int, _ inputs: Int, hasBias: Bool = true
    ) -> Tape.Linear {
        Tape.Linear(
            weight: parameter(named: name + ".weight"),
            bias: hasBias ? parameter(named: name + ".bias") : nil, outputs: outputs,
            inputs: inputs)
    }

    private func parameter(named name: String) -> Tape.Parameter {
        guard let entry = entry(name) else {
            preconditionFailure("the parameter set holds no \(name)")
        }
        return parameter(entry.range.lowerBound)
    }
}

extension TokenSequences {
    /// The sequences as the tape sees them.
    func layout(_ exampleNumbers: [UInt64]) -> TapeLayout {
        TapeLayout(starts: starts, examples: exampleNumbers, attended: attended)
    }

    /// Checks what the tape relies on.
    func check(_ exampleNumbers: [UInt64], _ configuration: BertConfiguration) {
        precondition(
            exampleNumbers.count == count && count > 0,
            "\(exampleNumbers.count) example numbers for \(count) sequences")
        let longest = (0..<count).map(batch.length).max() ?? 0
        precondition(
            longest <= configuration.positions,
            "a sequence of \(longest) tokens, and \(configuration.positions) positions")
        precondition(
            batch.ids.allSatisfy { (0..<configuration.vocabularySize).contains(Int($0)) }
                && batch.segments.allSatisfy { (0..<configuration.segments).contains(Int($0)) },
            "a token lies outside the embeddings")
    }
}
