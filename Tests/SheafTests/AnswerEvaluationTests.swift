import Foundation
import TestSupport
import Testing

@testable import Sheaf

/// `sheaf evaluate` and `sheaf calibrate` over files of answers, as a user calls them.
@Suite(.enabled(if: Program.isBuilt, "the program is not built")) struct AnswerEvaluationTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func answers() throws -> String {
        try folder.write(
            "answers.jsonl",
            (1...40).map { number in
                let isRight = number % 4 != 0
                return """
                    {"id": "\(number)", "question": "q\(number)", "answer": \
                    "\(isRight ? "right" : "wrong") \(number)", "probability": \
                    \(isRight ? 0.9 : 0.3), "passages": [{"id": "p\(number)", "title": "T", \
                    "text": "it is right \(number)"}]}
                    """
            }.joined(separator: "\n"))
    }

    private func truth() throws -> String {
        try folder.write(
            "truth.jsonl",
            (1...40).map { number in
                """
                {"qid": \(number + 100), "question": "q\(number)", "answers": ["right \(number)"], \
                "positive_ctxs": [{"passage_id": "p\(number)", "title": "T"}]}
                """
            }.joined(separator: "\n"))
    }

    private func run(_ arguments: String...) throws -> Program.Outcome {
        try Program.run(arguments, data: folder.path + "/data")
    }

    @Test func `answers are measured beside the truth of a file`() throws {
        struct Report: Decodable {
            struct Passages: Decodable {
                var hit: [String: Double]
                var precision: [String: Double]
            }
            var questions: Int
            var measures: [String: Double]
            var passages: Passages
            var titles: Passages
            var area: Double
            var calibrationError: Double
            var notes: [String]
        }
        let truth = try truth()
        let picture = folder.path + "/risk.svg"
        let outcome = try run(
            "evaluate", try answers(), "--answers", truth, "--gold", truth, "--cutoffs", "1",
            "--picture", picture, "--json")
        #expect(outcome.status == 0, "\(outcome.error)")
        let report = try Program.decode(Report.self, from: outcome.output)
        #expect(report.questions == 40 && report.notes.isEmpty)
        #expect(report.measures["exact_match"] == 0.75)
        #expect(report.measures["in_cited_passage"] == 0.75)
        #expect(report.passages.hit["1"] == 1 && report.titles.precision["1"] == 1)
        #expect(abs(report.calibrationError - (0.75 * 0.1 + 0.25 * 0.3)) < 1e-9)
        #expect(abs(report.area - 0.25 * 0.25) < 1e-9)
        #expect(try String(contentsOfFile: picture, encoding: .utf8).hasPrefix("<svg"))

        let table = try run("evaluate", try answers(), "--answers", truth)
        #expect(table.status == 0 && table.output.contains("exact match"))
    }

    @Test func `a threshold is chosen on a development set`() throws {
        struct Threshold: Decodable {
            var abstainBelow: Double
            var coverage: Double
            var risk: Double
            var riskOfAll: Double
        }
        let outcome = try run(
            "calibrate", try answers(), "--answers", try truth(), "--risk", "0.1", "--json")
        #expect(outcome.status == 0, "\(outcome.error)")
        let found = try Program.decode(Threshold.self, from: outcome.output)
        #expect(found.abstainBelow == 0.9 && found.coverage == 0.75 && found.risk == 0)
        #expect(found.riskOfAll == 0.25)
        let certain = try run(
            "calibrate", try answers(), "--answers", try truth(), "--risk", "0.1", "--certainty",
            "0.95")
        #expect(certain.status == 2 && certain.error.contains("No threshold"))
    }

    @Test func `calls that say nothing of answers are refused with the remedy`() throws {
        let truth = try truth()
        let other = try folder.write("other.jsonl", #"{"qid": 5, "question": "z", "answers": []}"#)
        for (arguments, words) in [
            (["evaluate", try answers(), "--qrels", truth], "--qrels"),
            (["evaluate", try answers(), "--ties", "rank"], "--ties"),
            (["evaluate", try answers(), "--relevance-level", "2"], "--relevance-level"),
            (["evaluate", try answers(), "--negatives", "relevant"], "--negatives"),
            (["evaluate", try answers(), "--ignore-identical-ids"], "--ignore-identical-ids"),
            (["evaluate", try answers(), "--data", folder.path], "--data"),
            (["evaluate", try answers(), "--answers", other], "No question of"),
            (["evaluate", try answers(), "--gold", other], "No question of"),
            (["calibrate", try answers()], "--answers"),
            (["calibrate", try answers(), "--risk", "1"], "--risk"),
            (["calibrate", try answers(), "--certainty", "0.9"], "--certainty"),
            (["calibrate", try answers(), "--risk", "0.1", "--wrong-costs", "2"], "exclude"),
            (["calibrate", folder.path + "/none"], "none"),
        ] {
            let outcome = try Program.run(arguments, data: folder.path + "/data")
            #expect(outcome.status == 2, "\(arguments): \(outcome.output)")
            #expect(outcome.error.contains(words), "\(arguments): \(outcome.error)")
        }
    }
}
