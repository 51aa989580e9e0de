/// The TREC form of results.
public enum TRECRun {
    /// Reads a run: questions in the order they occur, entries by score, then by rank.
    ///
    /// The first line tells whether it has TREC's six columns or MS MARCO's three (`qid pid rank`),
    /// in which minus the rank is the score.
    ///
    /// - Throws: a `CorpusError` with file and line: a wrong column count, a number that is none, a
    ///   passage ranked twice for one question, or an empty file.
    public static func read(_ path: String) throws(CorpusError) -> [RankedList] {
        var order: [String: Int] = [:]
        var lists: [RankedList] = []
        var ranks: [[Int]] = []
        var places: [[String: SourcePlace]] = []
        var expected: Int?
        let lines = try TextLines(path: path)
        while let (place, columns) = try lines.nextColumns() {
            let count = expected ?? (columns.count == 3 ? 3 : 6)
            guard columns.count == count else {
                throw .malformed(
                    place: place,
                    reason: .wrongColumns(
                        got: columns.count,
                        expected: expected == nil
                            ? "\(Self.six) or \(Self.three)"
                            : count == 3 ? Self.three : Self.six))
            }
            expected = count
            let id = columns[count == 3 ? 1 : 2]
            let rankText = columns[count == 3 ? 2 : 3]
            guard let rank = Int(rankText) else {
                throw .malformed(
                    place: place, reason: .notWhole(field: "rank", value: rankText))
            }
            let scoreText = count == 3 ? rankText : columns[4]
            guard let number = Double(scoreText), number.isFinite else {
                throw .malformed(
                    place: place, reason: .badNumber(field: "score", value: scoreText))
            }
            let score = count == 3 ? -number : number
            let index = order[columns[0]] ?? lists.count
            if index == lists.count {
                order[columns[0]] = index
                lists.append(RankedList(questionID: columns[0], entries: []))
                ranks.append([])
                places.append([:])
            }
            if let first = places[index].updateValue(place, forKey: id) {
                throw .duplicateEntry(id: id, first: first, second: place)
            }
            lists[index].entries.append(RankedEntry(id: id, score: score))
            ranks[index].append(rank)
        }
        guard !lists.isEmpty else { throw .noQuestions(path: path) }
        for index in lists.indices {
            let entries = lists[index].entries
            let order = entries.indices.sorted { left, right in
                if entries[left].score != entries[right].score {
                    return entries[left].score > entries[right].score
                }
                return (ranks[index][left], left) < (ranks[index][right], right)
            }
            lists[index].entries = order.map { entries[$0] }
        }
        return lists
    }

    private static let six = "6 (question, Q0, passage, rank, score, tag)"
    private static let three = "3 (question, passage, rank)"

    /// The lines of a run for one question, each with its line end.
    ///
    /// - Throws: `CorpusError.unwritableField` where an id or the tag holds white space, or
    ///   `nonFiniteScore`.
    public static func text(
        of list: RankedList, tag: String = "sheaf"
    ) throws(CorpusError) -> String {
        try list.checkScores()
        try checkField("the tag", tag)
        try checkField("question id", list.questionID)
        var text = ""
        for (index, entry) in list.entries.enumerated() {
            try checkField("passage id", entry.id)
            text += "\(list.questionID) Q0 \(entry.id) \(index + 1) \(entry.score) \(tag)\n"
        }
        return text
    }

    /// Refuses what a format whose fields are parted by white space cannot carry.
    static func checkField(_ field: String, _ value: String) throws(CorpusError) {
        let isSound =
            !value.isEmpty
            && !value.unicodeScalars.contains { $0.properties.isWhitespace || $0.value < 0x20 }
        guard isSound else { throw .unwritableField(field: field, value: value) }
    }
}
