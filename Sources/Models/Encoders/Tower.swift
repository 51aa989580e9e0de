/// The two sides of a bi-encoder.
public enum Tower: String, CaseIterable, Sendable {
    /// Encodes questions.
    case question
    /// Encodes passages.
    case context
}

/// The segment ids a DPR encoder is given for the pair (title, text).
public enum SegmentIDs: String, CaseIterable, Codable, Sendable {
    /// 0 everywhere, as DPR trains and encodes.
    case zero
    /// 0 for the title and 1 for the text, as Hugging Face's tokenizer gives.
    case pair
}

/// Texts put before each question and each passage, for models trained with them (E5, BGE).
public struct TextPrefixes: Hashable, Sendable {
    /// Put before each question.
    public var question: String
    /// Put before each passage.
    public var passage: String

    /// Names the two prefixes; empty for none.
    public init(question: String = "", passage: String = "") {
        self.question = question
        self.passage = passage
    }
}

/// What a load found besides the parameters it needed.
public struct LoadReport: Equatable, Sendable {
    /// The files that hold the weights.
    public var weightFiles: [String]
    /// Tensors in these files that the encoder does not use, by name.
    public var unusedTensors: [String]
    /// Choices made where the folder is silent, as sentences.
    public var notes: [String]
    /// What is assumed of the pooling since nothing says it; nil where nothing is.
    public var assumption: String?
}
