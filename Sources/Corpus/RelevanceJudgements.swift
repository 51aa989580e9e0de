/// Which passages are relevant to which questions, and how much.
public struct RelevanceJudgements: Hashable, Sendable {
    /// The questions in the order of the file.
    public private(set) var questionIDs: [String] = []
    /// Relevance by question id and passage id, as the file gives it, negative values too.
    public private(set) var relevance: [String: [String: Int]] = [:]

    private static let four = "4 (question, 0, passage, relevance)"
    private static let three = "3 (question, passage, relevance)"

    /// Makes empty judgements.
    public init() {}

    /// Notes one judgement; the relevance noted before, if any, is returned and replaced.
    @discardableResult
    public mutating func set(question: String, passage: String, relevance value: Int) -> Int? {
        if relevance[question] == nil { questionIDs.append(question) }
        return relevance[question, default: [:]].updateValue(value, forKey: passage)
    }

    /// Reads TREC qrels (`qid 0 docid relevance`) or BEIR's three columns with or without header.
    ///
    /// Columns are parted by any white space. The first line that is no header decides which of
    /// the two it is. A judgement given twice alike is taken once.
    ///
    /// - Throws: a `CorpusError` with file and line: a wrong column count, a relevance that is no
    ///   integer, two judgements that differ, or an empty file.
    public static func read(_ path: String) throws(CorpusError) -> RelevanceJudgements {
        var judgements = RelevanceJudgements()
        var places: [String: [String: SourcePlace]] = [:]
        try rows(of: path) { row throws(CorpusError) in
            let before = judgements.set(
                question: row.question, passage: row.passage, relevance: row.relevance)
            if let before, before != row.relevance {
                let earlier = places[row.question]?[row.passage] ?? row.place
                throw .duplicateEntry(
                    id: "\(row.question) \(row.passage)", first: earlier, second: row.place)
            }
            if before == nil { places[row.question, default: [:]][row.passage] = row.place }
        }
        guard !judgements.questionIDs.isEmpty else { throw .noQuestions(path: path) }
        return judgements
    }

    /// Where a file first judges a passage, or any, for a question; nil where it does not.
    ///
    /// The file is read again: for messages, so that none else pays for places.
    package static func place(
        of question: String, passage: String? = nil, in path: String
    ) throws(CorpusError) -> SourcePlace? {
        var place: SourcePlace?
        try rows(of: path) { row throws(CorpusError) in
            guard place == nil, row.question == question, row.passage == passage ?? row.passage
            else { return }
            place = row.place
        }
        return place
    }

    private struct Row {
        var place: SourcePlace
        var question: String
        var passage: String
        var relevance: Int
    }

    private static func rows(
        of path: String, _ body: (Row) throws(CorpusError) -> Void
    ) throws(CorpusError) {
        var expected: Int?
        let lines = try TextLines(path: path)
        while let (place, columns) = try lines.nextColumns() {
            if expected == nil, columns.count == 3 || columns.count == 4,
                ["query-id", "query_id", "qid", "topic"].contains(columns[0].lowercased())
            {
                continue
            }
            let first = expected == nil
            let count = expected ?? (columns.count == 3 ? 3 : 4)
            expected = count
            guard columns.count == count else {
                throw .malformed(
                    place: place,
                    reason: .wrongColumns(
                        got: columns.count,
                        expected: expected == 3
                            ? Self.three
                            : first ? "\(Self.four) or \(Self.three)" : Self.four))
            }
            guard let value = Int(columns[count - 1]) else {
                throw .malformed(
                    place: place, reason: .notWhole(field: "relevance", value: columns[count - 1]))
            }
            try body(
                Row(
                    place: place, question: columns[0], passage: columns[count - 2],
                    relevance: value))
        }
    }
}
