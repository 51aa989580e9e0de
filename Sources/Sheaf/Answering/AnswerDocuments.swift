public import Formats
import Foundation
import Generation

extension QuestionAnswer {
    /// The answer for programs, in the form that `sheaf evaluate` and `sheaf calibrate` take.
    ///
    /// - Parameter tokens: Whether each token is told with its passages.
    public func document(tokens: Bool = false) -> JSONValue {
        let best = answers.first
        var document: JSONValue = [
            "id": .string(question.id), "question": .string(question.text),
            "answer": .string(abstains ? "" : best?.text ?? ""),
        ]
        if !question.answers.isEmpty {
            document = document.with("answers", .strings(question.answers))
        }
        if abstains {
            document = document.with("abstained", .bool(true))
                .with("withheld", best.map { .string($0.text) })
        }
        document = document.with("score", best.flatMap { .finite($0.score) })
            .with("probability", best.flatMap { .finite($0.probability) })
            .with("passages", .array(passages.indices.map(passage)))
        if tokens {
            document = document.with("tokens", best.map { .array($0.tokens.map(\.document)) })
        }
        if answers.count > 1 {
            document = document.with("others", .array(answers.dropFirst().map(\.document)))
        }
        return document.with("coverage", coverage.map(\.document))
            .with("tokens_cut", cuts.tokensCut > 0 ? .integer(cuts.tokensCut) : nil)
            .with("notes", notes.isEmpty ? nil : .strings(notes))
    }

    private func passage(_ place: Int) -> JSONValue {
        let source = passages[place]
        let document: JSONValue = [
            "id": .string(source.passage.id), "title": .string(source.passage.title),
            "text": .string(source.passage.text), "score": .real(source.passage.score),
            "prior": .finite(source.prior) ?? .null,
        ]
        return document.with("posterior", answers.first.flatMap { .finite($0.posteriors[place]) })
    }
}

extension QuestionAnswer.Answer {
    fileprivate var document: JSONValue {
        [
            "answer": .string(text), "score": .finite(score) ?? .null,
            "probability": .finite(probability) ?? .null, "posteriors": .finite(posteriors),
        ]
    }
}

extension QuestionAnswer.Token {
    fileprivate var document: JSONValue {
        ["token": .string(text), "posteriors": .finite(posteriors)]
    }
}

extension JSONValue {
    /// A measure; nil where JSON has no way to write it.
    static func finite(_ value: Double) -> JSONValue? { value.isFinite ? .real(value) : nil }

    /// Measures; null where JSON has no way to write one.
    static func finite(_ values: [Double]) -> JSONValue {
        .array(values.map { .finite($0) ?? .null })
    }
}

extension QuestionAnswer {
    /// The answer for people: question, answer, then a line a passage.
    ///
    /// - Parameter width: Columns of the terminal; lines are cut to it.
    public func text(width: Int, tokens: Bool = false) -> String {
        let width = max(40, width)
        var lines = [Columns.fit(question.text, to: width)]
        if let best = answers.first {
            let given = abstains ? "no answer (“\(best.text)” is too unlikely)" : best.text
            lines.append("  \(given)  (p = \(Self.number(best.probability)))")
        } else {
            lines.append("  no answer")
        }
        for other in answers.dropFirst() {
            lines.append("  or: \(other.text)  (p = \(Self.number(other.probability)))")
        }
        lines += notes.map { "  note: " + $0 }
        if !passages.isEmpty { lines += table(width) }
        if tokens, let best = answers.first {
            let rows = best.tokens.map { [$0.text] + $0.posteriors.map(Self.number) }
            let heads = ["token"] + passages.map { Columns.fit($0.passage.id, to: 12) }
            let table = TextTable(heads, rows, right: Set(1..<heads.count))
            lines += table.text.split(separator: "\n").map { "  " + $0 }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func table(_ width: Int) -> [String] {
        let ids = passages.map { Columns.fit($0.passage.id, to: 24) }
        let titles = passages.map { Columns.fit($0.passage.title, to: max(8, width / 4)) }
        let taken =
            26 + (ids.map(Columns.width).max() ?? 0) + (titles.map(Columns.width).max() ?? 0)
        let rows = passages.enumerated().map { place, source in
            [
                answers.first.map { Self.number($0.posteriors[place]) } ?? "",
                Self.number(source.prior), ids[place], titles[place],
                Columns.fit(source.passage.text, to: max(12, width - taken)),
            ]
        }
        let heads = ["cited", "found", "id", "title", "text"]
        return TextTable(heads, rows, right: [0, 1]).text.split(separator: "\n").map { "  " + $0 }
    }

    private static func number(_ value: Double) -> String { String(format: "%.4f", value) }
}
