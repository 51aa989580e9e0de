import ClusterRuntime
public import Corpus
import Foundation

/// Writes a table for people: rank, score, id, title and the start of the text, one hit a line.
public struct TableAnswers: AnswerWriter {
    private let width: Int
    private let heads: Bool

    /// Makes a writer.
    ///
    /// - Parameters:
    ///   - width: Columns of the terminal; lines are cut to it.
    ///   - headsQuestions: Whether each table begins with its question.
    public init(width: Int, headsQuestions: Bool) {
        self.width = max(40, width)
        heads = headsQuestions
    }

    /// One table.
    public func text(of answer: FoundPassages, to question: Question, index: Int) -> String {
        var lines: [String] = []
        if heads { lines.append((index == 0 ? "" : "\n") + Columns.fit(question.text, to: width)) }
        guard !answer.found.isEmpty else {
            return (lines + ["no passage found"]).joined(separator: "\n") + "\n"
        }
        let scores = answer.found.map { String(format: "%.4f", $0.score) }
        let ids = answer.found.map { Columns.fit($0.passage.id, to: 24) }
        let rankWidth = max(4, String(answer.found.count).count)
        let scoreWidth = max(5, scores.map(\.count).max() ?? 0)
        let idWidth = max(2, ids.map(Columns.width).max() ?? 0)
        let rest = max(12, width - rankWidth - scoreWidth - idWidth - 8)
        let titles = answer.found.map { Columns.fit($0.passage.title, to: max(8, rest * 2 / 5)) }
        let titleWidth = max(5, titles.map(Columns.width).max() ?? 0)
        let textWidth = max(4, rest - titleWidth)
        func line(_ rank: String, _ score: String, _ id: String, _ title: String, _ text: String) {
            let cells = [
                Columns.padLeft(rank, to: rankWidth), Columns.padLeft(score, to: scoreWidth),
                Columns.pad(id, to: idWidth), Columns.pad(title, to: titleWidth),
                Columns.fit(text, to: textWidth),
            ]
            var line = cells.joined(separator: "  ")
            while line.last == " " { line.removeLast() }
            lines.append(line)
        }
        line("rank", "score", "id", "title", "text")
        for (rank, hit) in answer.found.enumerated() {
            line("\(rank + 1)", scores[rank], ids[rank], titles[rank], hit.passage.text)
        }
        return lines.joined(separator: "\n") + "\n"
    }
}

/// Text in terminal columns.
enum Columns {
    /// The columns that text takes.
    static func width(_ text: String) -> Int {
        text.unicodeScalars.reduce(0) { $0 + width($1) }
    }

    /// The text on one line in at most `columns`: white space is one space, what a terminal would
    /// obey is left out, and a cut is marked by “…”.
    static func fit(_ text: String, to columns: Int) -> String {
        var result = String.UnicodeScalarView()
        var used = 0
        var isSpaced = true
        var cut = result
        for scalar in text.unicodeScalars {
            let isSpace = scalar.properties.isWhitespace
            if isSpace && isSpaced { continue }
            if !isSpace && !isPrintable(scalar) { continue }
            isSpaced = isSpace
            let scalarWidth = isSpace ? 1 : width(scalar)
            guard used + scalarWidth <= columns else {
                return String(cut) + "…"
            }
            used += scalarWidth
            result.append(isSpace ? " " : scalar)
            if used < columns { cut = result }
        }
        return String(result)
    }

    /// Text with spaces behind it.
    static func pad(_ text: String, to columns: Int) -> String {
        text + String(repeating: " ", count: max(0, columns - width(text)))
    }

    /// Text with spaces before it.
    static func padLeft(_ text: String, to columns: Int) -> String {
        String(repeating: " ", count: max(0, columns - width(text))) + text
    }

    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator,
            .paragraphSeparator:
            false
        default: true
        }
    }

    private static func width(_ scalar: Unicode.Scalar) -> Int {
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format, .control: 0
        default: isWide(scalar.value) ? 2 : 1
        }
    }

    /// East Asian wide and fullwidth characters, and emoji, by block.
    private static func isWide(_ value: UInt32) -> Bool {
        switch value {
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF,
            0xA000...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE4F, 0xFF00...0xFF60,
            0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F900...0x1F9FF, 0x20000...0x3FFFD:
            true
        default: false
        }
    }
}
