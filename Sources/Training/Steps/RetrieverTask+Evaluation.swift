import Models
import Tensors

extension RetrieverTask {
    /// Cut-offs of top-k accuracy in the pool.
    static let cutOffs = [1, 5, 20, 50, 100]

    /// Questions that are scored together: always the same ones, so that their scores have the
    /// same bits whatever the number of ranks.
    private static let blockSize = 64

    /// Measures likelihood in batches, and the positive's rank in the pool of all passages.
    ///
    /// Ranks share the encoding and the scoring; each knows the result, which does not depend on
    /// how many they are.
    func evaluate(step: Int) throws(TrainingError) -> TrainingEvaluation {
        guard validation != nil else { return TrainingEvaluation(questions: 0, values: [:]) }
        let found = try evaluateEach(step: step)
        return Self.measures(found.results.map(\.result), cuts: found.cuts)
    }

    /// The same for each question, in the order of the data.
    func evaluateEach(
        step: Int
    ) throws(TrainingError) -> (
        results: [(example: EvaluationPool.Example, result: QuestionResult)], cuts: TextCuts
    ) {
        guard let validation else { return ([], TextCuts()) }
        let pool = try EvaluationPool(validation, settings)
        var cuts = TextCuts()
        func counted(_ tokens: TokenIDs) -> TokenIDs {
            cuts.add(kept: tokens.ids.count, cut: tokens.cut)
            return tokens
        }
        let passages = try encoded(towers.context, pool.count, step: step) {
            index throws(TrainingError) in
            counted(tokens(try pool.passage(index, in: validation)))
        }
        let questions = try encoded(towers.question, pool.examples.count, step: step) {
            index throws(TrainingError) in
            counted(
                towers.question.tokenise(
                    question: pool.examples[index].question,
                    maximumLength: settings.input.maximumQuestionTokens))
        }
        let blocks = (pool.examples.count + Self.blockSize - 1) / Self.blockSize
        let own = BatchSampler.share(of: blocks, rank: group.rank, world: group.world)
        var record = ByteRecord()
        for block in own {
            guard !stop() else { throw .interrupted(step: step, checkpoint: nil) }
            let range =
                block * Self.blockSize..<min((block + 1) * Self.blockSize, pool.examples.count)
            for result in score(range, questions, passages, pool) {
                record.append(UInt64(result.rank))
                record.append(result.likelihood.bitPattern)
                record.append(result.isRight ? 1 : 0)
            }
        }
        var results: [QuestionResult] = []
        try exchanging(step: step) { () throws(CollectiveError) in
            for part in try group.records(record) {
                var part = part
                while results.count < pool.examples.count, !part.isAtEnd {
                    let rank = try part.count()
                    results.append(
                        QuestionResult(
                            rank: rank, likelihood: try part.real(), isRight: try part.bits() == 1))
                }
            }
        }
        return (
            zip(pool.examples, results).map { ($0, $1) }, try group.sum(cuts, step: step)
        )
    }

    /// What was found for one question.
    struct QuestionResult: Equatable {
        /// The positive's rank in the pool, from 1.
        var rank: Int
        /// Its negative log likelihood among the passages of its batch.
        var likelihood: Double
        /// Whether it is the best of its batch.
        var isRight: Bool
    }

    static func measures(
        _ results: [QuestionResult], cuts: TextCuts = TextCuts()
    ) -> TrainingEvaluation {
        let count = Double(max(1, results.count))
        var values = [
            "nll": results.reduce(0) { $0 + $1.likelihood } / count,
            "accuracy": Double(results.count { $0.isRight }) / count,
            "average_rank": Double(results.reduce(0) { $0 + $1.rank }) / count,
            "mrr": results.reduce(0) { $0 + 1 / Double($1.rank) } / count,
        ]
        for cutOff in cutOffs {
            values["top_\(cutOff)"] = Double(results.count { $0.rank <= cutOff }) / count
        }
        return TrainingEvaluation(questions: results.count, values: values, cuts: cuts)
    }

    /// Encodes this rank's share of some texts and gathers those of all.
    func encoded(
        _ tower: TrainableEncoder, _ count: Int, step: Int,
        _ tokens: (Int) throws(TrainingError) -> TokenIDs
    ) throws(TrainingError) -> [Float] {
        let share = BatchSampler.share(of: count, rank: group.rank, world: group.world)
        var rows: [Float] = []
        for start in stride(from: share.lowerBound, to: share.upperBound, by: Self.blockSize) {
            guard !stop() else { throw .interrupted(step: step, checkpoint: nil) }
            let chunk = start..<min(start + Self.blockSize, share.upperBound)
            var sequences = TokenSequences()
            for index in chunk { sequences.append(try tokens(index)) }
            rows +=
                tower.forward(
                    sequences, exampleNumbers: chunk.map(UInt64.init), dropout: nil,
                    recording: .none
                ).rows
        }
        if settings.loss.similarity == .cosine { Self.normalise(&rows, tower.dimension) }
        let counts = (0..<group.world).map {
            BatchSampler.share(of: count, rank: $0, world: group.world).count
        }
        return try exchanging(step: step) { () throws(CollectiveError) in
            try group.allGather(rows: rows, width: tower.dimension, expecting: counts)
        }
    }

    private static func normalise(_ rows: inout [Float], _ width: Int) {
        for start in stride(from: 0, to: rows.count, by: width) {
            var sum = 0.0
            for index in start..<start + width { sum += Double(rows[index]) * Double(rows[index]) }
            let factor = Float(1 / max(sum.squareRoot(), 1e-8))
            for index in start..<start + width { rows[index] *= factor }
        }
    }

    /// Scores a block of questions against the pool.
    private func score(
        _ range: Range<Int>, _ questions: [Float], _ passages: [Float], _ pool: EvaluationPool
    ) -> [QuestionResult] {
        let width = towers.context.dimension
        let columns = pool.count
        var scores = [Float](repeating: 0, count: range.count * columns)
        passages.withUnsafeBufferPointer {
            OpenBLAS.products(
                of: range, in: questions, with: $0, width: width,
                alpha: Float(1 / settings.loss.temperature), into: &scores)
        }
        return range.map { question in
            let row = scores[
                (question - range.lowerBound) * columns..<(question - range.lowerBound + 1)
                    * columns]
            let example = pool.examples[question]
            let own = row[row.startIndex + example.positive]
            var rank = 1
            for (column, score) in row.enumerated()
            where score >= own && column != example.positive && !pool.isKnown(column, example) {
                rank += 1
            }
            let batch = pool.batchColumns(of: question)
            let rivals = batch.filter { $0 == example.positive || !pool.isKnown($0, example) }
            let numbers = rivals.map { Double(row[row.startIndex + $0]) }
            let isRight = rivals.allSatisfy {
                $0 == example.positive || row[row.startIndex + $0] < own
            }
            return QuestionResult(
                rank: rank, likelihood: LogSumExp.value(numbers) - Double(own), isRight: isRight)
        }
    }
}
