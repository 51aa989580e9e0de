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
            let passage = columns[count - 2]
            let before = judgements.set(question: columns[0], passage: passage, relevance: value)
            if let before, before != value {
                let earlier = places[columns[0]]?[passage] ?? place
                throw .duplicateEntry(
                    id: "\(columns[0]) \(passage)", first: earlier, second: place)
            }
            if before == nil { places[columns[0], default: [:]][passage] = place }
        }
        guard !judgements.questionIDs.isEmpty else { throw .noQuestions(path: path) }
        return judgements
    }
}
