import Corpus
import Foundation

extension EvaluationReport {
    /// The report as plain text: a row a measure, a column a cut-off, then the notes.
    public var table: String {
        var cutOffs: [Int] = []
        for case let cutOff? in values.map(\.cutOff) where !cutOffs.contains(cutOff) {
            cutOffs.append(cutOff)
        }
        cutOffs.sort()
        var rows: [[String]] = []
        if !cutOffs.isEmpty { rows.append([""] + cutOffs.map { "@\($0)" }) }
        for measure in Measure.allCases where values.contains(where: { $0.measure == measure }) {
            var row = [measure.title]
            if let whole = value(measure) {
                row.append(Self.number(whole, measure))
            } else {
                row += cutOffs.map { value(measure, at: $0).map { Self.number($0, measure) } ?? "" }
            }
            rows.append(row)
        }
        var text = counted(questions, "question") + ", "
        text += "lists of up to \(counted(depth, "passage"))\n"
        text += Self.aligned(rows)
        for note in notes { text += "note: \(note)\n" }
        return text
    }

    private static func number(_ value: Double, _ measure: Measure) -> String {
        String(format: measure == .averageRank ? "%.2f" : "%.4f", value)
    }

    private static func aligned(_ rows: [[String]]) -> String {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in
            rows.compactMap { column < $0.count ? $0[column].count : nil }.max() ?? 0
        }
        var text = ""
        for row in rows {
            var line = ""
            for (column, cell) in row.enumerated() {
                let blank = String(repeating: " ", count: widths[column] - cell.count)
                line += column == 0 ? cell + blank : "  " + blank + cell
            }
            while line.last == " " { line.removeLast() }
            text += line + "\n"
        }
        return text
    }
}
