public import Evaluation
public import Formats
import Foundation

/// The wish for a threshold below which no answer is given.
public struct CalibrationOrder: Equatable, Sendable {
    /// What the threshold is chosen for.
    public enum Aim: Equatable, Sendable {
        /// As many answers as leave at most this share of them wrong.
        case risk(Double, certainty: Double?)
        /// The most of right answers less wrong ones, a wrong one counted so many times.
        case cost(Double)
    }

    /// The answers to a development set, with their truth.
    public var answers: AnswerEvaluationOrder
    /// What the threshold is chosen for.
    public var aim: Aim

    /// Names answers and aim.
    public init(_ answers: AnswerEvaluationOrder, aim: Aim) {
        self.answers = answers
        self.aim = aim
    }

    /// Chooses the threshold.
    public func calibrate() throws(SheafError) -> Calibration {
        guard let risk = try answers.measure().risk else {
            throw .request(
                "No answer of \(answers.answers) has a true answer and tells how sure it is. "
                    + "Name true answers by --answers, and a file that sheaf answer wrote.")
        }
        let point =
            switch aim {
            case .risk(let limit, let certainty): risk.point(risk: limit, certainty: certainty)
            case .cost(let cost): risk.point(costOfWrong: cost)
            }
        guard let point else {
            let surest = risk.curve[0]
            let remedy =
                switch aim {
                case .risk: "Name another --risk, or more questions."
                case .cost: "Name lower --wrong-costs, or more questions."
                }
            throw .request(
                "No threshold reaches that: \(surest.wrong) of the surest "
                    + "\(Quantity.count(surest.given, "answer")) "
                    + "\(surest.wrong == 1 ? "is" : "are") wrong. \(remedy)")
        }
        return Calibration(point: point, all: risk)
    }
}

/// A threshold, and what comes of it on the questions it was chosen on.
public struct Calibration: Equatable, Sendable {
    /// The threshold with its coverage and risk.
    public var point: SelectiveRisk.Point
    /// All answers.
    public var all: SelectiveRisk
}

extension Calibration {
    /// The threshold for people.
    public var text: String {
        let rows = [
            ["answers", "coverage", "wrong"], row("all", all.curve.last), row("given", point),
        ]
        return "abstain below \(point.threshold)\n"
            + TextTable(rows[0], Array(rows[1...]), right: [1, 2]).text
    }

    private func row(_ name: String, _ point: SelectiveRisk.Point?) -> [String] {
        guard let point else { return [name, "", ""] }
        return [
            name, String(format: "%.4f", point.coverage),
            String(format: "%.4f (%d of %d)", point.risk, point.wrong, point.given),
        ]
    }

    /// The threshold for programs.
    public var document: JSONValue {
        [
            "abstain_below": .real(point.threshold), "coverage": .real(point.coverage),
            "risk": .real(point.risk), "answers": .integer(all.curve.last?.given ?? 0),
            "risk_of_all": all.curve.last.map { .real($0.risk) } ?? .null,
            "area": all.area.map { .real($0) } ?? .null,
        ]
    }
}
