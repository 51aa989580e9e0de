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
        guard let validation else { return TrainingEvaluation(questions: 0, values: [:]) }
        let pool = try EvaluationPool(validation, settings)
        let passages = try encoded(towers.context, pool.references.count, step: step) {
            index throws(TrainingError) in
            tokens(try validation.passage(pool.references[index]))
        }
        let questions = try encoded(towers.question, pool.examples.count, step: step) {
            index throws(TrainingError) in
            towers.question.tokenise(
                question: pool.examples[index].question,
                maximumLength: settings.input.maximumQuestionTokens)
        }
        let blocks = (pool.examples.count + Self.blockSize - 1) / Self.blockSize
        let own = BatchSampler.share(of: blocks, rank: group.rank, world: group.world)
        var record = ByteRecord()
        for block in own {
            let range =
                block * Self.blockSize..<min((block + 1) * Self.blockSize, pool.examples.count)
            for result in score(range, questions, passages, pool) {
                record.append(UInt64(result.rank))
                record.append(result.likelihood.bitPattern)
                record.append(result.isRight ? 1 : 0)
            }
        }
        let parts = try exchanging(step: step) { () throws(CollectiveError) in
            try group.allGather(bytes: record.bytes)
        }
        var results: [QuestionResult] = []
        for part in parts {
            var part = ByteRecord(part)
            while results.count < pool.examples.count, !part.isAtEnd {
                results.append(
                    QuestionResult(
                        rank: Int(part.number()), likelihood: Double(bitPattern: part.number()),
                        isRight: part.number() == 1))
            }
        }
        return Self.measures(results)
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

    static func measures(_ results: [QuestionResult]) -> TrainingEvaluation {
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
        return TrainingEvaluation(questions: results.count, values: values)
    }

    /// Encodes this rank's share of some texts and gathers those of all.
    func encoded(
        _ tower: TrainableEncoder, _ count: Int, step: Int,
        _ tokens: (Int) throws(TrainingError) -> TokenIDs
    ) throws(TrainingError) -> [Float] {
        let share = BatchSampler.share(of: count, rank: group.rank, world: group.world)
        var rows: [Float] = []
        for start in stride(from: share.lowerBound, to: share.upperBound, by: Self.blockSize) {
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
        return try exchanging(step: step) { () throws(CollectiveError) in
            try group.allGather(rows: rows, width: tower.dimension).values
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
        let columns = pool.references.count
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

/// The validation data as one pool of different passages.
struct EvaluationPool {
    /// One question.
    struct Example {
        var question: String
        /// Column of its first positive.
        var positive: Int
        /// What tells the positives of its question from others: none of them counts against it.
        var positives: [PassageIdentity]
        /// Columns that it brings into a batch.
        var inBatch: [Int]
    }

    /// The passages; a column is an index here.
    private(set) var references: [ExampleStore.Reference] = []
    private(set) var examples: [Example] = []
    private let identities: [PassageIdentity]
    private let batchSize: Int

    init(_ store: ExampleStore, _ settings: TrainingConfiguration) throws(TrainingError) {
        let evaluation = settings.evaluation
        batchSize = evaluation.batchSize
        var known: [PassageContent: Int] = [:]
        var references: [ExampleStore.Reference] = []
        var identities: [PassageIdentity] = []
        func column(_ reference: ExampleStore.Reference) throws(TrainingError) -> Int {
            if let column = known[reference.content] { return column }
            known[reference.content] = references.count
            references.append(reference)
            identities.append(try store.passage(reference).identity)
            return references.count - 1
        }
        func columns(
            _ references: some Sequence<ExampleStore.Reference>
        ) throws(TrainingError) -> [Int] {
            var columns: [Int] = []
            for reference in references { columns.append(try column(reference)) }
            return columns
        }
        let count =
            evaluation.maximumExamples > 0
            ? min(evaluation.maximumExamples, store.count) : store.count
        for number in 0..<count {
            let outline = try store.outline(number)
            let positives = try columns(outline.positives)
            let hard = try columns(outline.hardNegatives.prefix(evaluation.hardNegatives))
            let others = try columns(outline.negatives.prefix(evaluation.otherNegatives))
            examples.append(
                Example(
                    question: outline.question, positive: positives[0],
                    positives: store.positives(of: outline.question),
                    inBatch: [positives[0]]
                        + (hard + others).prefix(settings.input.hardNegatives)))
        }
        self.references = references
        self.identities = identities
    }

    /// Whether a column is one of an example's positives.
    func isKnown(_ column: Int, _ example: Example) -> Bool {
        example.positives.holds(identities[column])
    }

    /// The columns of the batch that a question is in, each once.
    func batchColumns(of question: Int) -> [Int] {
        let first = question / batchSize * batchSize
        var seen: Set<Int> = []
        var columns: [Int] = []
        for other in first..<min(first + batchSize, examples.count) {
            for column in examples[other].inBatch where seen.insert(column).inserted {
                columns.append(column)
            }
        }
        return columns
    }
}
