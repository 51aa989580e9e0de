import Models
import Tensors

/// One side of a step: some sequences go forward through a tower, their gradients back.
///
/// With one chunk the recording is kept in between. With several, nothing is: each chunk goes
/// forward again, under the same dropout, when its gradients are there.
struct TowerPass {
    /// One vector per sequence: `[count, dimension]`.
    private(set) var rows: [Float] = []

    /// Tokens of all sequences.
    var tokens: Int { sequences.reduce(0) { $0 + $1.ids.count } }

    private let tower: TrainableEncoder
    /// The tokens.
    let sequences: [TokenIDs]
    private let numbers: [UInt64]
    private let dropout: DropoutKey?
    private let memory: MemorySettings
    private let chunks: [Range<Int>]
    private var kept: Encoded?

    /// Goes forward.
    ///
    /// - Parameters:
    ///   - numbers: A number per sequence that no other sequence of this side has in this step.
    ///   - isTrained: Whether gradients will come back.
    init(
        _ tower: TrainableEncoder, _ sequences: [TokenIDs], numbers: [UInt64],
        dropout: DropoutKey?, memory: MemorySettings, isTrained: Bool
    ) {
        self.tower = tower
        self.sequences = sequences
        self.numbers = numbers
        self.dropout = dropout
        self.memory = memory
        chunks = memory.chunks(sequences.count)
        rows.reserveCapacity(sequences.count * tower.dimension)
        for chunk in chunks {
            let keeps = isTrained && chunks.count == 1
            let encoded = forward(chunk, keeps ? memory.recording : .none)
            rows += encoded.rows
            if keeps { kept = encoded }
        }
    }

    private func forward(_ chunk: Range<Int>, _ recording: Recording.Mode) -> Encoded {
        tower.forward(
            TokenSequences(sequences[chunk]), exampleNumbers: Array(numbers[chunk]),
            dropout: dropout, recording: recording)
    }

    /// Goes back; `report` hears of stretches of the gradient that are done, in the last chunk.
    mutating func backward(_ gradients: [Float], report: ((Range<Int>) -> Void)?) {
        let width = tower.dimension
        for (index, chunk) in chunks.enumerated() {
            let encoded = kept ?? forward(chunk, memory.recording)
            kept = nil
            tower.backward(
                encoded,
                rowGradients: Array(gradients[chunk.lowerBound * width..<chunk.upperBound * width]),
                layerDone: index == chunks.count - 1 ? report : nil)
        }
    }
}
