import Testing

@testable import Training

/// Losses against finite differences and against the reference.
struct LossTests {
    /// A batch with duplicates, a teacher and three own passages a question.
    private static func batch(seed: UInt64, questions: Int = 4, dimension: Int = 7) -> LossBatch {
        let candidates = (0..<questions).map { [3 * $0, 3 * $0 + 1, 3 * $0 + 2] }
        var masked = [[Int]](repeating: [], count: questions)
        masked[1] = [0, 8]
        masked[0] = [3]
        return LossBatch(
            questions: Matrix(
                rows: questions, columns: dimension,
                values: randomNumbers(questions * dimension, seed: seed)),
            own: 0..<questions,
            passages: Matrix(
                rows: 3 * questions, columns: dimension,
                values: randomNumbers(3 * questions * dimension, seed: seed + 1)),
            candidates: candidates, masked: masked,
            teacher: (0..<questions).map { randomNumbers(3, seed: seed + 2 + UInt64($0)) },
            positives: candidates.map { $0[0] },
            // Passages 0, 3 and 8 are copies of each other.
            groups: (0..<3 * questions).map { [3, 8].contains($0) ? 0 : $0 },
            globalQuestions: questions)
    }

    private static let settings: [LossSettings] = {
        var all: [LossSettings] = [LossSettings()]
        var cosine = LossSettings()
        cosine.similarity = .cosine
        cosine.temperature = 0.2
        var bidirectional = LossSettings()
        bidirectional.contrast = .bidirectional
        var triplet = LossSettings()
        triplet.contrastWeight = 0.25
        triplet.tripletWeight = 2
        triplet.tripletMargin = 3
        var margin = LossSettings()
        margin.contrastWeight = 0
        margin.marginWeight = 0.5
        var positives = LossSettings()
        positives.contrastSkipsHardNegatives = true
        positives.tripletWeight = 1
        var binary = LossSettings()
        binary.contrastWeight = 0
        binary.binaryWeight = 1.5
        var quartet = LossSettings()
        quartet.contrastWeight = 0.5
        quartet.quartetWeight = 2
        quartet.similarity = .cosine
        all += [cosine, bidirectional, triplet, margin, positives, binary, quartet]
        for direction in LossSettings.Direction.allCases {
            all.append(.distillation(alpha: 0.7, temperature: 2, direction: direction))
        }
        return all
    }()

    @Test(arguments: settings)
    func `gradients are those of finite differences`(settings: LossSettings) {
        let batch = Self.batch(seed: 3)
        let outcome = RetrievalLoss.evaluate(batch, settings)
        let step = 1e-6
        func slope(_ change: (inout LossBatch, Double) -> Void) -> Double {
            var above = batch
            var below = batch
            change(&above, step)
            change(&below, -step)
            let difference =
                RetrievalLoss.evaluate(above, settings).loss
                - RetrievalLoss.evaluate(below, settings).loss
            return difference / (2 * step)
        }
        var largest = 0.0
        var scale = 0.0
        for index in batch.questions.values.indices {
            let expected = slope { $0.questions.values[index] += $1 }
            largest = max(largest, abs(expected - outcome.questions.values[index]))
            scale = max(scale, abs(expected))
        }
        for index in batch.passages.values.indices {
            let expected = slope { $0.passages.values[index] += $1 }
            largest = max(largest, abs(expected - outcome.passages.values[index]))
            scale = max(scale, abs(expected))
        }
        #expect(scale > 1e-3)
        #expect(largest / scale <= 1e-6, "\(largest / scale)")
    }

    @Test(arguments: settings)
    func `the parts of several ranks add up to the loss of one`(settings: LossSettings) {
        let whole = Self.batch(seed: 11)
        let expected = RetrievalLoss.evaluate(whole, settings)
        let isBidirectional = settings.contrast == .bidirectional
        for cuts in [[0, 2, 4], [0, 1, 4], [0, 0, 3, 4], [0, 1, 2, 3, 4]] {
            var loss = 0.0
            var ranks: [Int] = []
            var questions = Matrix(rows: 4, columns: 7)
            var passages = Matrix(rows: 12, columns: 7)
            for (from, to) in zip(cuts, cuts.dropFirst()) {
                let range = from..<to
                var part = whole
                part.own = isBidirectional ? range : 0..<range.count
                if !isBidirectional { part.questions = whole.questions.rows(range) }
                part.candidates = Array(whole.candidates[range])
                part.masked = Array(whole.masked[range])
                part.teacher = Array(whole.teacher[range])
                let outcome = RetrievalLoss.evaluate(part, settings)
                loss += outcome.loss
                ranks += outcome.ranks
                for row in 0..<outcome.questions.rows {
                    questions.add(
                        1, outcome.questions, row: row, toRow: isBidirectional ? row : from + row)
                }
                for row in 0..<12 { passages.add(1, outcome.passages, row: row, toRow: row) }
            }
            #expect(relativeDifference(loss, expected.loss) < 1e-12)
            #expect(ranks == expected.ranks)
            let pairs = zip(questions.values, expected.questions.values)
            #expect(pairs.allSatisfy { abs($0 - $1) < 1e-12 })
            #expect(
                zip(passages.values, expected.passages.values).allSatisfy { abs($0 - $1) < 1e-12 })
        }
    }

    @Test func `a masked passage has no part in loss, rank or gradient`() {
        var batch = Self.batch(seed: 5)
        let outcome = RetrievalLoss.evaluate(batch, LossSettings())
        // Passages 0 and 8 are hidden from question 1 alone: were they its own copy, nothing
        // about question 1 would change.
        for column in 0..<7 {
            batch.passages[0, column] = 100 * batch.questions[1, column]
        }
        let own = RetrievalLoss.evaluate(batch, LossSettings())
        #expect(own.ranks[1] == outcome.ranks[1])
        for column in 0..<7 {
            #expect(abs(own.questions[1, column] - outcome.questions[1, column]) < 1e-12)
        }
    }

    @Test func `a model that gives one vector to all is of the worst rank`() {
        let batch = LossBatch(
            questions: Matrix(rows: 2, columns: 3, values: [1, 1, 1, 1, 1, 1]), own: 0..<2,
            passages: Matrix(rows: 4, columns: 3, values: [Double](repeating: 1, count: 12)),
            candidates: [[0, 2], [1, 3]], globalQuestions: 2)
        let outcome = RetrievalLoss.evaluate(batch, LossSettings())
        #expect(outcome.ranks == [4, 4])
        #expect(abs(outcome.loss - 1.386_294_361_119_890_6) < 1e-12)
    }

    @Test func `the reader's gradients are those of finite differences`() {
        func passages(_ numbers: [Double]) -> [ReaderPassage] {
            (0..<3).map { passage in
                let at = passage * 13
                return ReaderPassage(
                    starts: Array(numbers[at..<at + 6]), ends: Array(numbers[at + 6..<at + 12]),
                    relevance: numbers[at + 12],
                    answers: passage == 0 ? [1...2, 3...3, 1...4] : [])
            }
        }
        let numbers = randomNumbers(39, seed: 9, scale: 2)
        let outcome = ReaderLoss.evaluate(passages(numbers))
        let slopes = (0..<3).flatMap {
            outcome.starts[$0] + outcome.ends[$0] + [outcome.relevance[$0]]
        }
        let step = 1e-6
        for index in numbers.indices {
            var above = numbers
            var below = numbers
            above[index] += step
            below[index] -= step
            let expected =
                (ReaderLoss.evaluate(passages(above)).loss
                    - ReaderLoss.evaluate(passages(below)).loss) / (2 * step)
            #expect(abs(expected - slopes[index]) < 1e-8)
        }
    }
}
