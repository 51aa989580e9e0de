import Foundation
import TestSupport

@testable import Generation

/// A golden case of RAG: the contexts of some questions, given as token ids with their scores.
struct RagCase {
    let golden: GoldenCase
    let contexts: [RetrievedContexts]

    /// - Parameter found: How many of each question's passages there are; nil: all.
    init(_ name: String, found: String? = nil) throws {
        golden = try GoldenCase(name)
        let counts = found.flatMap { [golden] in golden.json[$0] as? [Int] }
        let ids = try golden.integers("context_input_ids")
        let mask = try golden.integers("context_attention_mask")
        let width = golden.shape("context_input_ids")[1]
        let scores = try golden.floats("doc_scores").map(Double.init)
        let passages = golden.shape("doc_scores")[1]
        contexts = (0..<golden.shape("doc_scores")[0]).map { question in
            let kept = counts?[question] ?? passages
            let rows = question * passages..<question * passages + kept
            return RetrievedContexts(
                sources: rows.map { row in
                    (row * width..<(row + 1) * width).filter { mask[$0] == 1 }
                        .map { Int32(ids[$0]) }
                }, scores: Array(scores[rows]))
        }
    }

    /// Rows of token ids.
    func rows(_ name: String) throws -> [[Int32]] {
        let ids = try golden.integers(name).map { Int32($0) }
        let width = golden.shape(name)[1]
        return stride(from: 0, to: ids.count, by: width).map { Array(ids[$0..<$0 + width]) }
    }

    /// The searches of the case whose passages it holds, with what came of them.
    var searches: [(name: String, search: Search)] {
        let all = golden.json["generate"] as? [String: [String: Any]] ?? [:]
        return all.sorted { $0.key < $1.key }.map { ($0.key, Search($0.value)) }
            .filter { $0.1.arguments["n_docs"] == nil }
    }
}

/// The loss of each question's target, from the scores that a generator gives it.
func losses(
    _ generator: Generator, _ contexts: [RetrievedContexts], _ tokens: [[Int32]], _ loss: RagLoss
) throws -> [Double] {
    try zip(contexts, tokens).map { context, tokens in
        let scores = try context.sources.map {
            try generator.scores(source: $0, output: tokens)
        }
        return loss.value(
            scores: scores, priors: context.priors, tokens: tokens,
            vocabulary: generator.vocabularySize)
    }
}

/// Whether values are a reference's to a part of their size.
func agree(_ values: [Double], _ reference: [Double], _ tolerance: Double) -> Bool {
    values.count == reference.count
        && zip(values, reference).allSatisfy { abs($0 - $1) <= tolerance * max(1, abs($1)) }
}

/// Token ids without the padding behind them.
func trimmed(_ ids: [Int], padding: Int) -> [Int32] {
    var ids = ids
    while ids.last == padding { ids.removeLast() }
    return ids.map { Int32($0) }
}
