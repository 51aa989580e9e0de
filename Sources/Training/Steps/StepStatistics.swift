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
        try exchanging(step: step) { () throws(CollectiveError) in
            for part in try records(record) {
                var part = part
                sum.texts += try part.count()
                sum.textsCut += try part.count()
                sum.tokens += try part.count()
                sum.tokensCut += try part.count()
            }
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
        var sum = StepStatistics()
        sum.ownTokens = ownTokens
        sum.ownCuts = ownCuts
        var faulty: (rank: Int, examples: [String])?
        try exchanging(step: step) { () throws(CollectiveError) in
            for (rank, part) in try group.records(record).enumerated() {
                var part = part
                let loss = try part.real()
                sum.loss += loss
                sum.correct += try part.count()
                sum.rankSum += try part.count()
                sum.questions += try part.count()
                sum.passages += try part.count()
                var names: [String] = []
                for _ in 0..<(try part.count()) { names.append(try part.text()) }
                if !loss.isFinite, faulty == nil { faulty = (rank, names) }
            }
        }
        if let faulty {
            throw .notFinite(
                what: "The loss", step: step, rank: faulty.rank, examples: faulty.examples,
                checkpoint: nil)
        }
        return sum
    }
}
