public import Tensors

/// A passage as a reader sees it: `[CLS] question [SEP] title [SEP] text`.
public struct ReaderTokens: Equatable, Sendable {
    /// The tokens, segments 0.
    public var tokens: TokenIDs
    /// First token after the question: title and text are searched for spans.
    public var passageStart: Int
}

/// Logits of a reader's forward pass, with what its backward pass needs.
public final class ReaderOutput {
    /// One logit a token, sequences end to end: how well a span starts there.
    public let starts: [Float]
    /// One logit a token: how well a span ends there.
    public let ends: [Float]
    /// One logit a sequence: how well the passage answers the question.
    public let relevance: [Float]
    var tape: EncoderTape?

    init(starts: [Float], ends: [Float], relevance: [Float], tape: EncoderTape?) {
        self.starts = starts
        self.ends = ends
        self.relevance = relevance
        self.tape = tape
    }
}

/// DPR's reader whose parameters can be trained; logits are those of `DPRReader`.
public final class TrainableReader: @unchecked Sendable {
    /// The parameters.
    public let parameters: ParameterSet
    /// Longest sequence in tokens.
    public let maximumLength: Int
    /// The dropout rates of `config.json`.
    public let configuredDropout: DropoutRates

    init(parameters: ParameterSet, maximumLength: Int) {
        self.parameters = parameters
        self.maximumLength = maximumLength
        configuredDropout = DropoutRates(hidden: 0, attention: 0)
    }

    /// Loads the reader in `folder`.
    ///
    /// Throws: `ModelError`, as `DPRReader.load(folder:)` does.
    public static func load(folder: String) throws(ModelError) -> TrainableReader {
        preconditionFailure("declared ahead of its body")
    }

    /// Makes a reader with BERT's initial weights (`shape.kind` does not matter).
    public static func random(
        _ shape: EncoderShape, seed: UInt64, tokenizerFolder: String
    ) throws(ModelError) -> TrainableReader {
        preconditionFailure("declared ahead of its body")
    }

    /// Makes a reader on top of the encoder in `folder` (BERT or DPR), its outputs random.
    ///
    /// Throws: `ModelError`.
    public static func starting(
        fromEncoder folder: String, tower: Tower, seed: UInt64
    ) throws(ModelError) -> TrainableReader {
        preconditionFailure("declared ahead of its body")
    }

    /// The tokens of a question with a passage, cut to `maximumLength` (at most the model's).
    public func tokenise(
        question: String, title: String, text: String, maximumLength: Int? = nil
    ) -> ReaderTokens {
        preconditionFailure("declared ahead of its body")
    }

    /// Word pieces of a text without special tokens, to find answers among a passage's tokens.
    public func pieces(of text: String) -> [Int32] {
        preconditionFailure("declared ahead of its body")
    }

    /// Computes the logits; parameters as `TrainableEncoder.forward` has them.
    public func forward(
        _ sequences: TokenSequences, exampleNumbers: [UInt64], dropout: DropoutKey?,
        recording: Recording.Mode
    ) -> ReaderOutput {
        preconditionFailure("declared ahead of its body")
    }

    /// Adds the gradients of ⟨starts, startGradients⟩ + ⟨ends, endGradients⟩ +
    /// ⟨relevance, relevanceGradients⟩ to `parameters.gradients`; see `TrainableEncoder.backward`.
    public func backward(
        _ output: ReaderOutput, startGradients: [Float], endGradients: [Float],
        relevanceGradients: [Float], layerDone: ((Range<Int>) -> Void)? = nil
    ) {
        preconditionFailure("declared ahead of its body")
    }

    /// Writes a folder that `DPRReader.load` here and in Hugging Face opens.
    ///
    /// Throws: `ModelError.unwritableFile`.
    public func save(to folder: String) throws(ModelError) {
        preconditionFailure("declared ahead of its body")
    }
}
