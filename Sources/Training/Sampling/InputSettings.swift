/// How examples become the texts and tokens of a batch.
public struct InputSettings: Equatable, Sendable, Codable {
    /// Which of several passages is taken.
    public enum Choice: String, CaseIterable, Codable, Sendable {
        /// The first ones of the row.
        case first
        /// Others in each epoch, by the seed.
        case random
    }

    /// The order of passages in a batch, which labels follow.
    public enum Layout: String, CaseIterable, Codable, Sendable {
        /// Each positive before its own negatives, as DPR.
        case interleaved
        /// All positives, then all negatives, as Simple Transformers.
        case positivesFirst = "positives-first"
    }

    /// Longest question in tokens.
    public var maximumQuestionTokens = 256
    /// Longest passage in tokens.
    public var maximumPassageTokens = 256
    /// Negatives of a question's own; where a row has fewer hard ones, ordinary ones fill in.
    public var hardNegatives = 1
    /// Which positive is taken.
    public var positiveChoice = Choice.first
    /// Which negatives are taken.
    public var negativeChoice = Choice.random
    /// The order of passages.
    public var layout = Layout.interleaved
    /// Whether titles are part of the passages.
    public var usesTitles = true

    /// DPR's values.
    public init() {}

    func validate() throws(TrainingError) {
        for (name, value, least) in [
            ("maximumQuestionTokens", maximumQuestionTokens, 8),
            ("maximumPassageTokens", maximumPassageTokens, 8),
            ("hardNegatives", hardNegatives, 0),
        ] where value < least || value > 1 << 16 {
            throw .invalidSetting(
                name: "input.\(name)", reason: "is \(value); it must be in \(least)…65536")
        }
    }
}
