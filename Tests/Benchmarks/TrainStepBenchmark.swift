import ArgumentParser
import Foundation
import Models
import Sheaf
import Tensors
import Training

/// Time of one optimizer step of two separate towers: forward, loss, backward, clipping, AdamW.
struct TrainStepBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train-step",
        abstract: "Measure training steps, each rank on one thread.",
        discussion: """
            8 questions of 32 random tokens and 16 passages of 128: a positive and a hard negative \
            for each question. Dropout 0.1. Several ranks share the batch, as the trainer does it.
            """)

    @Option(help: "The model folder; both towers start from it.") var model: String
    @Option(help: "Measured steps, after two that are not.") var runs = 7
    @Option(help: "What is kept of a forward pass: full or checkpointed.") var keep = "full"
    @Option(help: "How many ranks, each a process.") var ranks = 1
    @Option(help: ArgumentHelp("The rank of this process.", visibility: .hidden)) var rank: Int?
    @Option(help: ArgumentHelp("Where the ranks' files are.", visibility: .hidden))
    var scratch: String?

    func run() throws {
        guard let mode = Recording.Mode(rawValue: keep), mode != .none else {
            throw ValidationError("'\(keep)' is neither full nor checkpointed")
        }
        if ranks > 1 { return try runRanks(mode) }
        let bench = StepBench(
            towers: TrainableTowers(
                question: try TrainableEncoder.load(folder: model, tower: .question),
                context: try TrainableEncoder.load(folder: model, tower: .context)),
            mode: mode)
        let clock = ContinuousClock()
        for run in 1...runs + 2 {
            let began = clock.now
            bench.step(run)
            guard run > 2 else { continue }
            try Line(
                what: "train step", threads: 1, seconds: (clock.now - began) / .seconds(1)
            ).printLine()
        }
    }

    private func runRanks(_ mode: Recording.Mode) throws {
        let steps = RankSteps(
            model: model, ranks: ranks, runs: runs, recomputesLayers: mode == .checkpointed)
        if let rank, let scratch { return try steps.measure(rank: rank, folder: scratch) }
        try steps.start([
            "train-step", "--model", model, "--runs", "\(runs)", "--keep", keep, "--ranks",
            "\(ranks)",
        ])
    }

    private struct Line: Encodable {
        var what: String
        var threads: Int
        var seconds: Double
    }
}

/// Two towers, their moments, and one batch.
private final class StepBench {
    private let towers: TrainableTowers
    private let mode: Recording.Mode
    private let questions: TokenSequences
    private let passages: TokenSequences
    private var moments: [[[Float]]]

    init(towers: TrainableTowers, mode: Recording.Mode) {
        self.towers = towers
        self.mode = mode
        questions = Self.sequences(8, length: 32)
        passages = Self.sequences(16, length: 128)
        moments = towers.parameterSets.map { set in
            (0..<2).map { _ in [Float](repeating: 0, count: set.count) }
        }
    }

    private static func sequences(_ count: Int, length: Int) -> TokenSequences {
        TokenSequences(
            (0..<count).map { _ in
                TokenIDs(
                    ids: (0..<length).map { _ in Int32.random(in: 999..<30_000) },
                    typeIDs: [Int32](repeating: 0, count: length))
            })
    }

    func step(_ number: Int) {
        let asked = encode(towers.question, questions, number, stream: 0)
        let found = encode(towers.context, passages, number, stream: 1)
        let dimension = towers.question.dimension
        let outcome = RetrievalLoss.evaluate(
            LossBatch(
                questions: Matrix(asked.rows, columns: dimension), own: 0..<asked.count,
                passages: Matrix(found.rows, columns: dimension),
                candidates: (0..<asked.count).map { [2 * $0, 2 * $0 + 1] },
                globalQuestions: asked.count), LossSettings())
        towers.question.backward(asked, rowGradients: outcome.questions.floats)
        towers.context.backward(found, rowGradients: outcome.passages.floats)
        update(number)
    }

    private func encode(
        _ tower: TrainableEncoder, _ sequences: TokenSequences, _ step: Int, stream: UInt32
    ) -> Encoded {
        let key = DropoutKey(
            seed: 0, step: UInt64(step), stream: stream,
            rates: DropoutRates(hidden: 0.1, attention: 0.1))
        return tower.forward(
            sequences, exampleNumbers: (0..<UInt64(sequences.count)).map { $0 }, dropout: key,
            recording: mode)
    }

    private func update(_ number: Int) {
        let norm = towers.parameterSets.reduce(0.0) {
            unsafe $0 + FlatSums.squares(UnsafeBufferPointer($1.gradients))
        }.squareRoot()
        for (index, set) in towers.parameterSets.enumerated() {
            let step = AdamStep(
                form: .torch, learningRate: 2e-5, weightDecay: 0.01, step: number,
                gradientScale: Float(min(1, 2 / (norm + 1e-6))))
            var first = moments[index].removeFirst()
            var second = moments[index].removeFirst()
            unsafe first.withUnsafeMutableBufferPointer { first in
                unsafe second.withUnsafeMutableBufferPointer { second in
                    unsafe step.apply(
                        values: set.values, gradients: UnsafeBufferPointer(set.gradients),
                        firstMoments: first, secondMoments: second)
                }
            }
            moments[index] = [first, second]
            set.zeroGradients()
        }
    }
}
