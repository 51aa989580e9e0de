import Foundation
import TestSupport
import Testing

@testable import Evaluation

/// Risk over coverage, thresholds and calibration, beside plain countings.
struct SelectiveRiskTests {
    /// Answers whose confidences repeat, right about as often as they promise.
    private func answers(_ count: Int, seed: UInt64) -> [(confidence: Double, isRight: Bool)] {
        var dice = Dice(seed: seed)
        return (0..<count).map { _ in
            let confidence = Double(Int.random(in: 0...20, using: &dice)) / 20
            return (confidence, Double.random(in: 0..<1, using: &dice) < confidence * 0.8)
        }
    }

    @Test(arguments: [1, 2, 7, 300])
    func `each point counts the answers from its threshold up`(count: Int) throws {
        let answers = answers(count, seed: UInt64(count))
        let risk = SelectiveRisk(answers)
        #expect(risk.curve.last?.coverage == 1)
        #expect(risk.curve.count == Set(answers.map(\.confidence)).count)
        var sum = 0.0
        for point in risk.curve {
            let given = answers.filter { $0.confidence >= point.threshold }
            let wrong = given.count { !$0.isRight }
            #expect(point.given == given.count && point.wrong == wrong)
            #expect(point.risk == Double(wrong) / Double(given.count))
            #expect(point.coverage == Double(given.count) / Double(count))
            sum += point.risk * Double(answers.count { $0.confidence == point.threshold })
        }
        let area = try #require(risk.area)
        #expect(abs(area - sum / Double(count)) < 1e-12)
    }

    @Test func `the calibration error is that of its bins`() throws {
        let answers = answers(400, seed: 3)
        var sum = 0.0
        for bin in 0..<SelectiveRisk.bins {
            let low = Double(bin) / Double(SelectiveRisk.bins)
            let high = Double(bin + 1) / Double(SelectiveRisk.bins)
            let inside = answers.filter {
                ($0.confidence > low || bin == 0 && $0.confidence == 0) && $0.confidence <= high
            }
            guard !inside.isEmpty else { continue }
            let promised = inside.map(\.confidence).reduce(0, +) / Double(inside.count)
            let held = Double(inside.count { $0.isRight }) / Double(inside.count)
            sum += abs(promised - held) * Double(inside.count) / 400
        }
        let error = try #require(SelectiveRisk(answers).calibrationError)
        #expect(abs(error - sum) < 1e-12)
        #expect(SelectiveRisk([(1, true), (0, false)]).calibrationError == 0)
    }

    @Test func `a threshold keeps to its risk and gives no answer less than it could`() throws {
        let risk = SelectiveRisk(answers(500, seed: 9))
        let point = try #require(risk.point(risk: 0.3))
        #expect(point.risk <= 0.3)
        #expect(!risk.curve.contains { $0.risk <= 0.3 && $0.coverage > point.coverage })
        #expect(risk.point(risk: -1) == nil)
        let best = try #require(risk.point(costOfWrong: 2))
        func gain(_ point: SelectiveRisk.Point) -> Int { point.given - 3 * point.wrong }
        #expect(!risk.curve.contains { gain($0) > gain(best) })
        #expect(SelectiveRisk([(0.9, false)]).point(costOfWrong: 1) == nil)
    }

    @Test func `the bound on a risk is the one of the binomial tail`() {
        // None wrong of n: (1 - bound)^n is what is left.
        let bound = SelectiveRisk.upperBound(wrong: 0, given: 59, left: 0.05)
        #expect(abs(bound - (1 - pow(0.05, 1 / 59.0))) < 1e-9)
        // Clopper and Pearson's for 2 of 20 at 95 %, one side.
        let known = SelectiveRisk.upperBound(wrong: 2, given: 20, left: 0.05)
        #expect(abs(known - 0.282619) < 1e-5)
        #expect(SelectiveRisk.upperBound(wrong: 5, given: 5, left: 0.05) == 1)
    }

    @Test func `certainty asks for more than the count alone`() throws {
        let risk = SelectiveRisk(answers(2000, seed: 4))
        let plain = try #require(risk.point(risk: 0.35))
        let certain = try #require(risk.point(risk: 0.35, certainty: 0.95))
        #expect(certain.coverage < plain.coverage)
    }
}
