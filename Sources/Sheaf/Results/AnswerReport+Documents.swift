public import Evaluation
public import Formats
import Foundation

extension AnswerReport {
    /// The report for people: a row a measure, then passages by cut-off, then the notes.
    public var text: String {
        var rows = texts.map { [$0.measure.title, Self.number($0.value)] }
        for line in passages {
            let name = line.source == .ids ? "passages" : "titles"
            rows.append(["hit@\(line.cutOff), \(name)", Self.number(line.hit)])
            rows.append(["precision@\(line.cutOff), \(name)", Self.number(line.precision)])
        }
        if let area { rows.append(["area under risk and coverage", Self.number(area)]) }
        if let calibrationError {
            rows.append(["expected calibration error", Self.number(calibrationError)])
        }
        let table = TextTable([Quantity.count(questions, "question"), ""], rows, right: [1]).text
        return ([table] + notes.map { "note: \($0)" }).joined(separator: "\n") + "\n"
    }

    private static func number(_ value: Double) -> String { String(format: "%.4f", value) }

    /// The report for programs.
    public var document: JSONValue {
        let measures = texts.map { JSONValue.Member($0.measure.rawValue, .real($0.value)) }
        func values(
            _ source: AnswerQuality.Source, _ value: (Passages) -> Double
        ) -> JSONValue {
            .object(
                passages.filter { $0.source == source }.map {
                    JSONValue.Member("\($0.cutOff)", .real(value($0)))
                })
        }
        var document: JSONValue = [
            "questions": .integer(questions), "abstained": .integer(abstained),
            "measures": .object(measures),
        ]
        for source in AnswerQuality.Source.allCases
        where passages.contains(where: { $0.source == source }) {
            document = document.with(
                source == .ids ? "passages" : "titles",
                ["hit": values(source, \.hit), "precision": values(source, \.precision)])
        }
        return document.with("area", area.map { .real($0) })
            .with("calibration_error", calibrationError.map { .real($0) })
            .with("notes", .strings(notes))
    }
}
