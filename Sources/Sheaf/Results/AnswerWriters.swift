import Base
public import ClusterCore
import ClusterRuntime
public import Corpus
public import Evaluation

/// Makes the writer of a result format.
public enum AnswerWriters {
    /// The writer for `format`.
    ///
    /// - Parameters:
    ///   - match: How the answers of a question are looked for in a passage.
    ///   - width: Columns of the terminal, for tables.
    ///   - isList: Whether questions come from a list, so that each table names its own.
    public static func writer(
        _ format: ResultFormat, _ order: SearchOrder, match: AnswerMode, width: Int,
        isList: Bool
    ) -> any AnswerWriter {
        switch format {
        case .table: TableAnswers(width: width, headsQuestions: isList)
        case .json: JSONAnswers(collection: order.collection, k: order.k)
        case .jsonl: JSONLinesAnswers()
        case .trec: TRECAnswers()
        case .dpr: DPRAnswers(match)
        }
    }
}

/// What a search of many questions left out.
public struct SearchRun: Equatable, Sendable {
    /// Answers that lack shards.
    public var incompleteAnswers = 0
    /// The least coverage seen; nil where every answer is complete.
    public var incomplete: Coverage?
}

extension Cluster {
    /// Answers questions and writes each answer as it comes.
    public func search(
        _ questions: [Question], _ order: SearchOrder, writing writer: any AnswerWriter,
        to sink: OutputSink
    ) async throws(SheafError) -> SearchRun {
        let state = Locked((run: SearchRun(), index: 0))
        try await search(questions, order) { question, answer in
            let index = state.withLock { state in
                defer { state.index += 1 }
                if !answer.coverage.isComplete {
                    state.run.incompleteAnswers += 1
                    let least = state.run.incomplete?.rowsAnswered ?? .max
                    if answer.coverage.rowsAnswered < least {
                        state.run.incomplete = answer.coverage
                    }
                }
                return state.index
            }
            // Where nothing can be answered, nothing is written before the error.
            if index == 0 { try sink.write(writer.opening()) }
            try sink.write(try writer.text(of: answer, to: question, index: index))
        }
        if questions.isEmpty { try sink.write(writer.opening()) }
        try sink.write(writer.closing())
        try sink.finish()
        return state.withLock(\.run)
    }
}
