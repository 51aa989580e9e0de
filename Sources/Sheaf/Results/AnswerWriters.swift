import Base
public import ClusterCore
import ClusterRuntime
public import Corpus
public import Evaluation
public import Models

/// Makes the writer of a result format.
public enum AnswerWriters {
    /// The writer for `format`.
    ///
    /// - Parameters:
    ///   - match: How the answers of a question are looked for in a passage.
    ///   - width: Columns of the terminal, for tables.
    ///   - isList: Whether questions come from a list, so that each table names its own.
    public static func writer(
        _ format: ResultFormat, _ source: SearchedSource, k: Int, match: AnswerMode, width: Int,
        isList: Bool
    ) -> any AnswerWriter {
        switch format {
        case .table: TableAnswers(width: width, headsQuestions: isList)
        case .json: JSONAnswers(source, k: k)
        case .jsonl: JSONLinesAnswers()
        case .trec: TRECAnswers()
        case .dpr: DPRAnswers(match)
        }
    }
}

/// What people ought to know of a search of many questions.
public struct SearchRun: Equatable, Sendable {
    /// Answers that lack shards.
    public var incompleteAnswers = 0
    /// The least coverage seen; nil where every answer is complete.
    public var incomplete: Coverage?
    /// Lists with fewer passages than were asked for.
    public var shortLists = 0
    /// What was cut off the questions.
    public var cuts = TextCuts()
    /// Why newer generations were not searched, each reason once.
    public var outdated: [String] = []
    /// Passages that were asked for.
    var k = 0
    /// Passages of what was searched.
    var passages: UInt64 = 0

    /// All of it in sentences, each said once.
    public var notes: [String] {
        var notes = outdated
        if let incomplete {
            notes.append("partial answers: \(incompleteAnswers); \(incomplete.text) at worst")
        }
        if shortLists > 0 {
            let lists = shortLists == 1 ? "list is" : "lists are"
            notes.append(
                "\(Quantity.count(UInt64(shortLists))) \(lists) shorter than -k \(k): the "
                    + "collection has \(Quantity.count(passages, "passage"))")
        }
        if let cut = cuts.sentence(of: "question") { notes.append(cut) }
        return notes
    }

    mutating func add(_ answer: SearchAnswer) {
        passages = answer.coverage.rowsTotal
        cuts.add(TextCuts(answer.cuts))
        outdated.addNote(answer.note)
        guard answer.coverage.isComplete else {
            incompleteAnswers += 1
            if answer.coverage.rowsAnswered < incomplete?.rowsAnswered ?? .max {
                incomplete = answer.coverage
            }
            return
        }
        if answer.found.count < k { shortLists += 1 }
    }
}

extension Cluster {
    /// Answers questions and writes each answer as it comes.
    public func search(
        _ questions: [Question], _ order: SearchOrder, writing writer: any AnswerWriter,
        to sink: OutputSink
    ) async throws(SheafError) -> SearchRun {
        let state = Locked((run: SearchRun(k: order.k), index: 0))
        try await search(questions, order) { question, answer in
            let index = state.withLock { state in
                defer { state.index += 1 }
                state.run.add(answer)
                return state.index
            }
            // Where nothing can be answered, nothing is written before the error.
            if index == 0 { try sink.write(writer.opening()) }
            try sink.write(try writer.text(of: answer, to: question, index: index))
        }
        if questions.isEmpty { try sink.write(writer.opening()) }
        let run = state.withLock(\.run)
        try sink.write(writer.closing(notes: run.notes))
        try sink.finish()
        return run
    }
}
