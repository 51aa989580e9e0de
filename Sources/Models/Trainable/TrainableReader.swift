public import Tensors
import Tokenizers

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

    init(logits: [Float], relevance: [Float], tape: EncoderTape?) {
        starts = stride(from: 0, to: logits.count, by: 2).map { logits[$0] }
        ends = stride(from: 1, to: logits.count, by: 2).map { logits[$0] }
        self.relevance = relevance
        self.tape = tape
    }
}

/// DPR's reader whose parameters can be trained; logits are those of `DPRReader`.
///
/// One thread at a time may call it.
public final class TrainableReader: @unchecked Sendable {
    /// The parameters.
    public let parameters: ParameterSet
    /// Longest sequence in tokens.
    public var maximumLength: Int { bert.configuration.positions }
    /// The dropout rates of `config.json`.
    public let configuredDropout: DropoutRates

    static let prefix = DPRReader.encoderPrefix
    private static let spans = DPRReader.headNames[0]
    private static let classifier = DPRReader.headNames[1]

    private let bert: TrainableBert
    private let folder: TrainedFolder
    private let tokenizer: any TextTokenizer
    private let arenas = TapeArenaPool()

    init(
        _ parameters: ParameterSet, _ configuration: BertConfiguration, _ folder: TrainedFolder,
        _ tokenizer: any TextTokenizer
    ) {
        self.parameters = parameters
        self.folder = folder
        self.tokenizer = tokenizer
        configuredDropout = folder.dropout
        bert = TrainableBert(parameters, prefix: Self.prefix, configuration: configuration)
    }

    /// Names and shapes of a reader's tensors.
    static func shapes(_ configuration: BertConfiguration) -> [(name: String, shape: [Int])] {
        DPRReader.parameters(configuration).map { ($0.name, $0.shape) }
    }

    /// The tokens of a question with a passage, cut to `maximumLength` (at most the model's).
    public func tokenise(
        question: String, title: String, text: String, maximumLength: Int? = nil
    ) -> ReaderTokens {
        let limit = max(2, min(maximumLength ?? .max, self.maximumLength))
        let ids = DPRReader.sequence(question, (title, text), tokenizer, maximumLength: limit)
        var tokens = TokenIDs(ids: ids, typeIDs: [Int32](repeating: 0, count: ids.count))
        tokens.cut = DPRReader.tokensCut(
            from: ids.count, question, (title, text), tokenizer, maximumLength: limit)
        return ReaderTokens(
            tokens: tokens, passageStart: DPRReader.passageStart(ids, tokenizer))
    }

    /// Word pieces of a text without special tokens, to find answers among a passage's tokens.
    public func pieces(of text: String) -> [Int32] {
        var ids: [Int32] = []
        tokenizer.appendTokens(of: text, limit: .max, to: &ids)
        return ids
    }

    /// The id that pads sequences.
    public var paddingID: Int32 { tokenizer.paddingID }

    /// Computes the logits; parameters as `TrainableEncoder.forward` has them.
    public func forward(
        _ sequences: TokenSequences, exampleNumbers: [UInt64], dropout: DropoutKey?,
        recording: Recording.Mode
    ) -> ReaderOutput {
        sequences.check(exampleNumbers, bert.configuration)
        let mode = parameters.isFrozen ? .none : recording
        let width = bert.configuration.hiddenSize
        let arena = arenas.take()
        let tape = Tape(arena: arena, isRecording: mode != .none)
        let layout = sequences.layout(exampleNumbers)
        let hidden = bert.forward(
            tape, .init(batch: sequences.batch, layout: layout, dropout: dropout),
            firstTokensOnly: false, recording: mode)
        tape.mark(bert.marks)
        let logits = tape.linear(hidden, parameters.linear(Self.spans, 2, width))
        let relevance = tape.linear(
            tape.pooled(hidden, .first, layout), parameters.linear(Self.classifier, 1, width))
        let outputs = [logits, relevance]
        let arrays = outputs.map { Array(UnsafeBufferPointer(start: $0.start, count: $0.count)) }
        guard mode != .none else {
            tape.close()
            arenas.give(arena)
            return ReaderOutput(logits: arrays[0], relevance: arrays[1], tape: nil)
        }
        return ReaderOutput(
            logits: arrays[0], relevance: arrays[1],
            tape: EncoderTape(tape: tape, outputs: outputs, arena: arena))
    }

    /// Adds the gradients of ⟨starts, startGradients⟩ + ⟨ends, endGradients⟩ +
    /// ⟨relevance, relevanceGradients⟩ to `parameters.gradients`; see `TrainableEncoder.backward`.
    public func backward(
        _ output: ReaderOutput, startGradients: [Float], endGradients: [Float],
        relevanceGradients: [Float], layerDone: ((Range<Int>) -> Void)? = nil
    ) {
        if parameters.isFrozen { return }
        guard let recorded = output.tape else {
            preconditionFailure("these logits were not recorded, or went backward before")
        }
        precondition(
            startGradients.count == output.starts.count
                && endGradients.count == output.ends.count,
            "\(startGradients.count) and \(endGradients.count) gradients of"
                + " \(output.starts.count) tokens")
        output.tape = nil
        let pairs = zip(startGradients, endGradients).flatMap { [$0, $1] }
        recorded.backward(
            [pairs, relevanceGradients], bert, blockEnd: parameters.count, layerDone: layerDone)
        arenas.give(recorded.arena)
    }

    /// Writes a folder that `DPRReader.load` here and in Hugging Face opens.
    ///
    /// Throws: `ModelError.unwritableFile`.
    public func save(to folder: String) throws(ModelError) {
        try self.folder.write([parameters], to: folder)
    }
}
