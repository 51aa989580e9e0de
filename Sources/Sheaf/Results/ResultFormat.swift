/// The forms in which answers are written.
public enum ResultFormat: String, CaseIterable, Sendable {
    /// For people, at a terminal.
    case table
    /// One JSON object.
    case json
    /// One JSON object a line, one line a question.
    case jsonl
    /// A TREC run: question id, Q0, passage id, rank, score, tag.
    case trec
    /// DPR's result JSON: question, answers, contexts with text, score and has_answer.
    case dpr

    /// Whether titles and texts are needed.
    public var needsTexts: Bool { self != .trec }

    /// Whether it is one JSON document, of which a part is of no use.
    public var isOneDocument: Bool { self == .json || self == .dpr }
}
