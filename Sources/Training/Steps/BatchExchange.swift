import Evaluation

/// What every rank tells the others of its share of a batch before anything is encoded.
struct BatchExchange {
    /// Questions of each rank.
    var questionCounts: [Int] = []
    /// Passages of each rank.
    var passageCounts: [Int] = []
    /// What tells each passage from others, over all ranks.
    var identities: [PassageIdentity] = []
    /// The row of each question's positive, over all ranks.
    var positives: [Int] = []
    /// The text of each passage, over all ranks; empty unless answers are masked.
    var texts: [String] = []

    var questions: Int { questionCounts.reduce(0, +) }
    var passages: Int { passageCounts.reduce(0, +) }

    /// Tells and hears; `rows` has each item's passages in the own batch.
    init(
        _ batch: RetrieverBatch, rows: [[Int]], withTexts: Bool, over group: any CollectiveGroup,
        step: Int
    ) throws(TrainingError) {
        let count = rows.reduce(0) { $0 + $1.count }
        let places = zip(batch.items, rows).flatMap { item, rows in
            rows.indices.map { (row: rows[$0], item: item, slot: $0) }
        }.sorted { $0.row < $1.row }
        var record = ByteRecord()
        record.append(UInt64(rows.count))
        record.append(UInt64(count))
        for row in rows { record.append(UInt64(row[0])) }
        for place in places { place.item.identities[place.slot].append(to: &record) }
        if withTexts { for place in places { record.append(place.item.passages[place.slot].text) } }
        try exchanging(step: step) { () throws(CollectiveError) in
            for part in try group.records(record) { try add(part, withTexts: withTexts) }
        }
    }

    /// Takes note of a rank's share.
    private mutating func add(_ told: RankRecord, withTexts: Bool) throws(CollectiveError) {
        var part = told
        let questions = try part.count()
        let passages = try part.count()
        let offset = identities.count
        for _ in 0..<questions { positives.append(offset + (try part.index(below: passages))) }
        for _ in 0..<passages { identities.append(try PassageIdentity(from: &part)) }
        if withTexts { for _ in 0..<passages { texts.append(try part.text()) } }
        try part.expectEnd()
        questionCounts.append(questions)
        passageCounts.append(passages)
    }

    /// Per passage the row of the first that is the same.
    var groups: [Int] {
        identities.indices.map { row in
            identities[..<row].firstIndex { $0.isSame(as: identities[row]) } ?? row
        }
    }

    /// Per item, the rows that are no negatives of it: copies of its positives, and passages that
    /// hold an answer where texts were told.
    func masked(_ batch: RetrieverBatch, own: [[Int]], duplicates: Bool) -> [[Int]] {
        let tokens = texts.map { AnswerTokens($0) }
        return zip(batch.items, own).map { item, own in
            let matcher = texts.isEmpty ? nil : AnswerMatcher(answers: item.answers)
            return identities.indices.filter { row in
                guard row != own[0] else { return false }
                if duplicates, item.positives.holds(identities[row]) { return true }
                return matcher?.matches(tokens[row]) ?? false
            }
        }
    }
}
