import Models
import Tensors

/// Trains DPR's reader: answer spans of the positive, and the positive among its passages.
///
/// Each rank reads the passages of its own questions; parameter gradients are summed over all
/// ranks. As in DPR, the loss of a batch is the sum over its questions.
final class ReaderTask: TrainingTask {
    let parameterSets: [ParameterSet]
    let model: TrainableReader
    let settings: TrainingConfiguration
    private let group: any CollectiveGroup
    private let validation: ExampleStore?
    private(set) var stores: [ExampleStore]
    /// Whether a measurement ends early; in a training the trainer alone decides.
    var stop: @Sendable () -> Bool = { false }

    init(
        _ model: TrainableReader, stores: [ExampleStore], validation: ExampleStore?,
        settings: TrainingConfiguration, group: any CollectiveGroup
    ) {
        self.model = model
        self.stores = stores
        self.validation = validation
        self.settings = settings
        self.group = group
        parameterSets = [model.parameters]
    }

    var canEvaluate: Bool { validation != nil }

    func replaceData(_ stores: [ExampleStore]) {
        self.stores = stores
    }

    func save(to folder: String) throws(TrainingError) {
        try usingModel { () throws(ModelError) in try model.save(to: folder) }
    }

    func gradients(
        of batches: [[ExampleNumber]], epoch: Int, step: Int
    ) throws(TrainingError) -> StepStatistics {
        model.parameters.zeroGradients()
        let sum = GradientSum(parameterSets, over: group)
        var statistics = StepStatistics()
        for (number, batch) in batches.enumerated() {
            let share = BatchSampler.share(of: batch.count, rank: group.rank, world: group.world)
            var part = StepStatistics()
            var names: [String] = []
            for position in share {
                let isLast = number == batches.count - 1 && position == share.upperBound - 1
                let report =
                    isLast
                    ? try exchanging(step: step) { () throws(CollectiveError) in
                        try sum.reporter(of: model.parameters)
                    } : nil
                let example = try readerExample(
                    batch[position], stores, epoch: epoch, shuffles: true)
                names.append(example.id)
                part.add(
                    train(
                        example, first: UInt64(number) << 40 + UInt64(position) << 20, step: step,
                        share: 1 / Float(batches.count), report: report))
            }
            statistics.add(try part.sum(over: group, step: step, examples: names))
        }
        try exchanging(step: step) { () throws(CollectiveError) in try sum.finish() }
        statistics.loss /= Double(batches.count)
        return statistics
    }

    /// A question with the tokens of its passages, the positive first.
    struct Example {
        var id: String
        var passages: [ReaderTokens]
        /// Spans of the answers in the positive.
        var answers: [ClosedRange<Int>]
        /// Ids of each answer.
        var pieces: [[Int32]]

        /// What was cut off the question with each of its passages.
        var cuts: TextCuts {
            var cuts = TextCuts()
            for passage in passages {
                cuts.add(kept: passage.tokens.ids.count, cut: passage.tokens.cut)
            }
            return cuts
        }
    }

    private func train(
        _ example: Example, first: UInt64, step: Int, share: Float,
        report: ((Range<Int>) -> Void)?
    ) -> StepStatistics {
        let rates = settings.dropout.rates(model.configuredDropout)
        let dropout =
            rates.hidden > 0 || rates.attention > 0
            ? DropoutKey(seed: settings.seed, step: UInt64(step), stream: 0, rates: rates) : nil
        let sequences = TokenSequences(example.passages.map(\.tokens))
        let output = model.forward(
            sequences, exampleNumbers: example.passages.indices.map { first + UInt64($0) },
            dropout: dropout, recording: settings.memory.recording)
        let outcome = ReaderLoss.evaluate(passages(example, output, sequences))
        model.backward(
            output, startGradients: outcome.starts.joined().map { share * Float($0) },
            endGradients: outcome.ends.joined().map { share * Float($0) },
            relevanceGradients: outcome.relevance.map { share * Float($0) }, layerDone: report)
        var statistics = StepStatistics()
        statistics.loss = outcome.loss
        statistics.correct = outcome.isRight ? 1 : 0
        statistics.rankSum =
            1 + output.relevance.dropFirst().count { $0 >= output.relevance[0] }
        statistics.questions = 1
        statistics.passages = example.passages.count
        statistics.ownTokens = sequences.tokens
        statistics.ownCuts = example.cuts
        return statistics
    }

    private func passages(
        _ example: Example, _ output: ReaderOutput, _ sequences: TokenSequences
    ) -> [ReaderPassage] {
        example.passages.indices.map { index in
            let range = sequences.starts[index]..<sequences.starts[index + 1]
            return ReaderPassage(
                starts: output.starts[range].map(Double.init),
                ends: output.ends[range].map(Double.init),
                relevance: Double(output.relevance[index]),
                answers: index == 0 ? example.answers : [])
        }
    }

    /// Measures loss, choice of the positive, and exact match of the best span, token by token.
    func evaluate(step: Int) throws(TrainingError) -> TrainingEvaluation {
        guard let validation else { return TrainingEvaluation(questions: 0, values: [:]) }
        let limit = settings.evaluation.maximumExamples
        let count = limit > 0 ? min(limit, validation.count) : validation.count
        var record = ByteRecord()
        var cuts = TextCuts()
        for index in BatchSampler.share(of: count, rank: group.rank, world: group.world) {
            guard !stop() else { throw .interrupted(step: step, checkpoint: nil) }
            let example = try readerExample(
                ExampleNumber(dataset: 0, index: index), [validation], epoch: 0, shuffles: false)
            cuts.add(example.cuts)
            let sequences = TokenSequences(example.passages.map(\.tokens))
            let output = model.forward(
                sequences, exampleNumbers: example.passages.indices.map(UInt64.init), dropout: nil,
                recording: .none)
            let read = passages(example, output, sequences)
            let outcome = ReaderLoss.evaluate(read)
            record.append(outcome.loss.bitPattern)
            record.append(outcome.isRight ? 1 : 0)
            record.append(isExact(example, read) ? 1 : 0)
        }
        var sums = (loss: 0.0, right: 0.0, exact: 0.0)
        try exchanging(step: step) { () throws(CollectiveError) in
            for part in try group.records(record) {
                var part = part
                while !part.isAtEnd {
                    sums.loss += try part.real()
                    sums.right += Double(try part.bits())
                    sums.exact += Double(try part.bits())
                }
            }
        }
        let questions = Double(count)
        return TrainingEvaluation(
            questions: count,
            values: [
                "loss": sums.loss / questions, "accuracy": sums.right / questions,
                "exact_match": sums.exact / questions,
            ], cuts: try group.sum(cuts, step: step))
    }

    /// Whether the best span of the most relevant passage is an answer.
    private func isExact(_ example: Example, _ read: [ReaderPassage]) -> Bool {
        guard
            let best = read.indices.max(by: {
                (read[$0].relevance, $1) < (read[$1].relevance, $0)
            })
        else { return false }
        let passage = read[best]
        var span: (score: Double, range: ClosedRange<Int>)?
        for start in example.passages[best].passageStart..<passage.starts.count {
            let last = min(start + settings.reader.maximumAnswerTokens, passage.starts.count)
            for end in start..<last {
                let score = passage.starts[start] + passage.ends[end]
                if score > span?.score ?? -.infinity { span = (score, start...end) }
            }
        }
        guard let span else { return false }
        return example.pieces.contains(Array(example.passages[best].tokens.ids[span.range]))
    }
}
