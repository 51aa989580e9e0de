public import Models

/// What one optimizer step saw, over all ranks.
public struct StepStatistics: Equatable, Sendable {
    /// The loss, mean over accumulated batches.
    public var loss = 0.0
    /// Questions whose positive was the best of its batch.
    public var correct = 0
    /// Sum over questions of the positive's rank in its batch.
    public var rankSum = 0
    /// Questions.
    public var questions = 0
    /// Passages.
    public var passages = 0
    /// Tokens, of this rank.
    public var ownTokens = 0
    /// What was cut off this rank's texts.
    public var ownCuts = TextCuts()

    /// Nothing seen.
    public init() {}

    mutating func add(_ other: StepStatistics) {
        loss += other.loss
        correct += other.correct
        rankSum += other.rankSum
        questions += other.questions
        passages += other.passages
        ownTokens += other.ownTokens
        ownCuts.add(other.ownCuts)
    }
}

extension CollectiveGroup {
    /// What was cut off the texts of all ranks.
    func sum(_ cuts: TextCuts, step: Int) throws(TrainingError) -> TextCuts {
        var record = ByteRecord()
        for number in [cuts.texts, cuts.textsCut, cuts.tokens, cuts.tokensCut] {
            record.append(UInt64(number))
        }
        var sum = TextCuts()
        let parts = try exchanging(step: step) { () throws(CollectiveError) in
            try allGather(bytes: record.bytes)
        }
        for bytes in parts {
            var part = ByteRecord(bytes)
            sum.texts += Int(part.number())
            sum.textsCut += Int(part.number())
            sum.tokens += Int(part.number())
            sum.tokensCut += Int(part.number())
        }
        return sum
    }
}

extension StepStatistics {
    /// Adds up the parts of all ranks in their order, so that each has the same sum, and finds out
    /// whose loss is not finite.
    ///
    /// - Throws: `TrainingError.notFinite` on every rank where one has such a loss.
    func sum(
        over group: any CollectiveGroup, step: Int, examples: [String]
    ) throws(TrainingError) -> StepStatistics {
        var record = ByteRecord()
        record.append(loss.bitPattern)
        for number in [correct, rankSum, questions, passages] { record.append(UInt64(number)) }
        record.append(UInt64(loss.isFinite ? 0 : examples.count))
        if !loss.isFinite { for example in examples { record.append(example) } }
        let parts = try exchanging(step: step) { () throws(CollectiveError) in
            try group.allGather(bytes: record.bytes)
        }
        var sum = StepStatistics()
        sum.ownTokens = ownTokens
        sum.ownCuts = ownCuts
        for (rank, bytes) in parts.enumerated() {
            var part = ByteRecord(bytes)
            let loss = Double(bitPattern: part.number())
            sum.loss += loss
            sum.correct += Int(part.number())
            sum.rankSum += Int(part.number())
            sum.questions += Int(part.number())
            sum.passages += Int(part.number())
            let names = (0..<part.number()).map { _ in part.text() }
            if !loss.isFinite {
                throw .notFinite(
                    what: "The loss", step: step, rank: rank, examples: names, checkpoint: nil)
            }
        }
        return sum
    }
}
