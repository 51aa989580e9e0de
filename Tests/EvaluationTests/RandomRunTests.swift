import Corpus
import Formats
import TestSupport
import Testing

@testable import Evaluation

/// A thousand random runs with ties, graded, negative and missing judgements, beside trec_eval.
struct RandomRunTests {
    @Test func `measures of random runs are those of trec_eval`() throws {
        let elements = try JSONElements(path: fixtures + "/random.jsonl.gz")
        var rows = 0
        while let (_, row) = try elements.next() {
            rows += 1
            let lists = try Self.tables(row["run"]).map { question, entries in
                RankedList(
                    questionID: question,
                    entries: entries.map { RankedEntry(id: $0.id, score: $0.value) })
            }
            var judgements = RelevanceJudgements()
            for (question, entries) in try Self.tables(row["qrels"]) {
                for (id, value) in entries {
                    judgements.set(question: question, passage: id, relevance: Int(value))
                }
            }
            let options = MeasureOptions(
                cutOffs: [1, 2, 3, 5, 10, 100], relevanceLevel: Int(try Self.number(row["level"])),
                ties: .trec)
            guard let expected = row["expected"] else {
                #expect(throws: EvaluationError.noQuestions) {
                    try Evaluation.byJudgements(lists, judgements, options)
                }
                continue
            }
            let report = try Evaluation.byJudgements(lists, judgements, options)
            func check(_ name: String, _ measure: Measure, _ cutOff: Int? = nil) throws {
                let wanted = try Self.number(expected[name])
                let value = try #require(report.value(measure, at: cutOff))
                #expect(abs(value - wanted) < 1e-9, "run \(rows): \(name)")
            }
            try check("map", .meanAveragePrecision)
            try check("recip_rank", .reciprocalRank)
            for cutOff in options.cutOffs {
                try check("recall_\(cutOff)", .recall, cutOff)
                try check("ndcg_cut_\(cutOff)", .ndcg, cutOff)
                try check("success_\(cutOff)", .accuracy, cutOff)
            }
        }
        #expect(rows == 1000)
    }

    /// The members of an object of lists of pairs.
    private static func tables(
        _ value: JSONValue?
    ) throws -> [(name: String, entries: [(id: String, value: Double)])] {
        guard case .object(let members)? = value else { return [] }
        return try members.map { member in
            let pairs = try member.value.array(field: member.name)
            return (
                member.name,
                try pairs.map { pair in
                    let pair = try pair.array(field: "pair")
                    return (try pair[0].string(field: "id"), try number(pair[1]))
                }
            )
        }
    }

    private static func number(_ value: JSONValue?) throws -> Double {
        let text = try #require(value).identifier(field: "number")
        return try #require(Double(text))
    }
}
