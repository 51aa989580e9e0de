/// What can go wrong when results are measured.
public enum EvaluationError: Error, Hashable, Sendable {
    /// There is no question to measure.
    case noQuestions
    /// An entry does not say whether it holds an answer; `rank` counts from 1.
    case missingFlag(questionID: String, rank: Int)
    /// No result carries text in which an answer could be looked up.
    case noTexts
    /// Two lists are for one question.
    case duplicateList(questionID: String)
    /// A cut-off is below 1.
    case badCutOff(Int)
    /// A relevance level is below 1.
    case badRelevanceLevel(Int)
}

extension EvaluationError: CustomStringConvertible {
    /// The fault and its remedy in one message.
    public var description: String {
        switch self {
        case .noQuestions:
            "no question has a relevant passage, so nothing can be measured; "
                + "check that results and judgements use the same question ids"
        case .missingFlag(let questionID, let rank):
            "the passage at rank \(rank) of question \(questionID) does not say whether it holds "
                + "an answer; look the answers up in the texts instead"
        case .noTexts:
            "the results carry no passage texts, so answers cannot be looked up; "
                + "measure DPR JSON results, or use judgements"
        case .duplicateList(let questionID):
            "question \(questionID) has two lists of results; remove one of them"
        case .badCutOff(let cutOff):
            "a cut-off of \(cutOff) holds no passage; use 1 or more"
        case .badRelevanceLevel(let level):
            "a relevance level of \(level) makes every passage relevant; use 1 or more"
        }
    }
}
