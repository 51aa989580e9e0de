public import Models

/// Something that finds passages for questions: a BM25 index, or a live cluster.
public protocol CandidateSource: AnyObject {
    /// The best passages of each question with their scores, best first, at most `count` each.
    func candidates(
        for questions: [String], count: Int
    ) throws(TrainingError) -> [[TrainingPassage]]

    /// What was cut off the texts that were encoded so far.
    var cuts: TextCuts { get }

    /// What people ought to know of what was searched so far, as sentences.
    var notes: [String] { get }
}

extension CandidateSource {
    /// Nothing: no text is encoded.
    public var cuts: TextCuts { TextCuts() }
    /// None.
    public var notes: [String] { [] }
}

/// Which of the found passages become hard negatives.
public struct MiningSettings: Equatable, Sendable, Codable {
    /// The best rank that is taken, from 1.
    public var firstRank = 1
    /// The worst rank that is taken.
    public var lastRank = 100
    /// Negatives of a question at most.
    public var perQuestion = 1
    /// By how much a negative's score must be below the positive's; 0: it need not.
    public var absoluteMargin = 0.0
    /// The share of the positive's score that a negative's must be below 1 of: 0.05 keeps scores
    /// below 95 %; 0: it need not.
    public var relativeMargin = 0.0
    /// Whether passages that hold an answer are left out.
    public var skipsAnswers = true
    /// Whether the best that are left are taken; else a seeded choice among them.
    public var takesBest = true
    /// Decides the choice.
    public var seed: UInt64 = 12345

    /// The best passage of the first 100 without an answer.
    public init() {}

    /// Whether the positive's score counts.
    var hasMargin: Bool { absoluteMargin > 0 || relativeMargin > 0 }

    func validate() throws(TrainingError) {
        guard firstRank >= 1, lastRank >= firstRank, lastRank <= 100_000 else {
            throw .invalidSetting(
                name: "ranks",
                reason: "are \(firstRank)…\(lastRank); they start at 1 and end later")
        }
        try WholeNumbers.check([("perQuestion", perQuestion, 1...100_000)])
        guard absoluteMargin >= 0, (0..<1).contains(relativeMargin) else {
            throw .invalidSetting(
                name: "margin",
                reason: "is \(absoluteMargin) or \(relativeMargin); neither is below 0, the"
                    + " relative one is below 1")
        }
    }
}
