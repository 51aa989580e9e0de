import Foundation
import Testing

@testable import Training

/// Terms of the loss beside plain versions: a table of scores, and loops over it.
struct LossTermTests {
    /// Some vectors and every score of the ones with the others.
    private struct Table {
        var questions: Matrix
        var passages: Matrix
        var scores: [[Double]] = []

        init(questions: Int, passages: Int, seed: UInt64) {
            self.questions = Matrix(
                rows: questions, columns: 5, values: randomNumbers(questions * 5, seed: seed))
            self.passages = Matrix(
                rows: passages, columns: 5, values: randomNumbers(passages * 5, seed: seed + 1))
            for question in 0..<questions {
                scores.append(
                    (0..<passages).map { passage in
                        (0..<5).reduce(0) {
                            $0 + self.questions[question, $1] * self.passages[passage, $1]
                        }
                    })
            }
        }
    }

    private static func only(_ change: (inout LossSettings) -> Void) -> LossSettings {
        var settings = LossSettings()
        settings.contrastWeight = 0
        change(&settings)
        return settings
    }

    @Test func `the binary loss is the mean cross-entropy of all scores, copies being right`() {
        let table = Table(questions: 4, passages: 8, seed: 21)
        // Passage 1, the positive of question 1, is the one of question 0 too.
        let groups = [0, 0, 2, 3, 4, 5, 6, 7]
        let batch = LossBatch(
            questions: table.questions, own: 0..<4, passages: table.passages,
            candidates: (0..<4).map { [$0, 4 + $0] }, masked: [[1], [0], [], []], groups: groups,
            globalQuestions: 4)
        var expected = 0.0
        for question in 0..<4 {
            for passage in 0..<8 {
                let share = 1 / (1 + exp(-table.scores[question][passage]))
                let isRight = groups[passage] == groups[question]
                expected -= log(isRight ? share : 1 - share) / 32
            }
        }
        let loss = RetrievalLoss.evaluate(batch, Self.only { $0.binaryWeight = 1 }).loss
        #expect(abs(loss - expected) < 1e-12)
    }

    @Test func `the binary loss of a score beyond the exponential's range is finite`() {
        var table = Table(questions: 1, passages: 2, seed: 4)
        for column in 0..<5 {
            table.questions[0, column] = 1e3
            table.passages[0, column] = -1
            table.passages[1, column] = 1
        }
        let batch = LossBatch(
            questions: table.questions, own: 0..<1, passages: table.passages,
            candidates: [[0, 1]], groups: [0, 1], globalQuestions: 1)
        let outcome = RetrievalLoss.evaluate(batch, Self.only { $0.binaryWeight = 1 })
        #expect(abs(outcome.loss - 5000) < 1e-9)
        #expect(outcome.passages.values.allSatisfy { $0.isFinite })
    }

    @Test func `quartets are twice the divergence over the whole batch`() {
        // Two rows of two questions and two passages: their table has each passage once.
        let table = Table(questions: 4, passages: 4, seed: 33)
        let teacher = randomNumbers(8, seed: 5, scale: 2)
        // Rows: a0 a1 b0 b1 on either side; per question the scores of own and other passage.
        var expected = 0.0
        for question in 0..<4 {
            let other = (question + 2) % 4
            let total = log(table.scores[question].reduce(0) { $0 + exp($1) })
            let (own, their) = (teacher[2 * question], teacher[2 * question + 1])
            let sum = exp(own) + exp(their)
            for (score, passage) in [(own, question), (their, other)] {
                let wanted = exp(score) / sum
                expected +=
                    wanted * (log(wanted) - (table.scores[question][passage] - total)) / 2
            }
        }
        // Here each example brings both of its passages: all of them are there twice.
        var passages = Matrix(rows: 8, columns: 5)
        for question in 0..<4 {
            passages.add(1, table.passages, row: question, toRow: 2 * question)
            passages.add(1, table.passages, row: (question + 2) % 4, toRow: 2 * question + 1)
        }
        let batch = LossBatch(
            questions: table.questions, own: 0..<4, passages: passages,
            candidates: (0..<4).map { [2 * $0, 2 * $0 + 1] },
            masked: (0..<4).map { [2 * (($0 + 2) % 4) + 1] },
            teacher: (0..<4).map { [teacher[2 * $0], teacher[2 * $0 + 1]] },
            groups: [0, 1, 2, 3, 1, 0, 3, 2], globalQuestions: 4)
        let loss = RetrievalLoss.evaluate(batch, Self.only { $0.quartetWeight = 2 }).loss
        #expect(abs(loss - expected) < 1e-12)
    }

    @Test func `a contrast that skips hard negatives is one over the positives alone`() {
        let table = Table(questions: 3, passages: 6, seed: 8)
        let batch = LossBatch(
            questions: table.questions, own: 0..<3, passages: table.passages,
            candidates: (0..<3).map { [$0, 3 + $0] }, positives: [0, 1, 2], globalQuestions: 3)
        var settings = LossSettings()
        settings.contrastSkipsHardNegatives = true
        var expected = 0.0
        for question in 0..<3 {
            let row = table.scores[question]
            expected += (log(row[..<3].reduce(0) { $0 + exp($1) }) - row[question]) / 3
        }
        #expect(abs(RetrievalLoss.evaluate(batch, settings).loss - expected) < 1e-12)
        #expect(abs(RetrievalLoss.evaluate(batch, LossSettings()).loss - expected) > 1e-3)
    }

    @Test func `the contrast's weight goes down in a straight line after its start`() {
        var settings = LossSettings()
        settings.contrastWeight = 1
        settings.contrastWeightAtEnd = 0.2
        settings.contrastDecayStart = 10
        let weights = [0, 10, 11, 15, 19].map { settings.at(step: $0, of: 20).contrastWeight }
        for (weight, expected) in zip(weights, [1, 1, 0.92, 0.6, 0.28]) {
            #expect(abs(weight - expected) < 1e-12)
        }
        #expect(settings.at(step: 30, of: 10) == settings)
        settings.contrastDecayStart = -1
        #expect(settings.at(step: 15, of: 20) == settings)
    }
}
