public import Tensors
import Tokenizers

/// One tower of a bi-encoder whose parameters can be trained.
///
///     let encoder = try TrainableEncoder.load(folder: "dpr-ctx", tower: .context)
///     let encoded = encoder.forward(
///         sequences, exampleNumbers: numbers, dropout: key, recording: .full)
///     encoder.backward(encoded, rowGradients: gradients)
///
/// A vector is that of `TextEncoder` for the same parameters. One thread at a time may call it.
public final class TrainableEncoder: @unchecked Sendable {
    /// The family.
    public var kind: TextEncoder.Kind { plan.kind }
    /// The side.
    public var tower: Tower { plan.tower }
    /// Length of a vector.
    public var dimension: Int { plan.dimension }
    /// Longest text in tokens, special tokens included.
    public var maximumLength: Int { plan.maximumLength }
    /// The parameters; towers that share an encoder share the set.
    public let parameters: ParameterSet
    /// The dropout rates of `config.json`.
    public let configuredDropout: DropoutRates

    let plan: EncoderPlan
    let folder: TrainedFolder
    /// The sets of the model that `save` writes; more than one for RetriBERT with two encoders.
    let savedSets: [ParameterSet]
    private let texts: EncoderTexts
    private let bert: TrainableBert
    let arenas = TapeArenaPool()

    init(
        _ plan: EncoderPlan, _ parameters: ParameterSet, savedSets: [ParameterSet],
        _ folder: TrainedFolder, _ tokenizer: any TextTokenizer
    ) {
        self.plan = plan
        self.parameters = parameters
        self.savedSets = savedSets
        self.folder = folder
        configuredDropout = folder.dropout
        texts = plan.texts(tokenizer)
        bert = TrainableBert(
            parameters, prefix: plan.prefix, configuration: plan.configuration)
    }

    /// The tokens of a question, cut to `maximumLength` (at most, and by default, the model's).
    public func tokenise(question: String, maximumLength: Int? = nil) -> TokenIDs {
        tokens(maximumLength) { $0.append(question: question, to: &$1) }
    }

    /// The tokens of a passage, joined and cut as inference does.
    public func tokenise(title: String, text: String, maximumLength: Int? = nil) -> TokenIDs {
        tokens(maximumLength) { $0.append(passage: (title, text), to: &$1) }
    }

    private func tokens(
        _ limit: Int?, _ append: (EncoderTexts, inout TokenBatch) -> Void
    ) -> TokenIDs {
        var texts = texts
        if let limit { texts.maximumLength = max(2, min(limit, texts.maximumLength)) }
        var batch = TokenBatch()
        append(texts, &batch)
        var tokens = TokenIDs(ids: batch.ids, typeIDs: batch.segments)
        tokens.cut = batch.cut.reduce(0, +)
        return tokens
    }

    /// Computes one vector per sequence.
    ///
    /// - Parameters:
    ///   - sequences: Token ids below the vocabulary size, at most `maximumLength` each.
    ///   - exampleNumbers: A number per sequence that is its own in this step, on all ranks.
    ///   - dropout: nil for none.
    ///   - recording: What is kept for `backward`; nothing is kept for a frozen set.
    public func forward(
        _ sequences: TokenSequences, exampleNumbers: [UInt64], dropout: DropoutKey?,
        recording: Recording.Mode
    ) -> Encoded {
        sequences.check(exampleNumbers, plan.configuration)
        let mode = parameters.isFrozen ? .none : recording
        let arena = arenas.take()
        let tape = Tape(arena: arena, isRecording: mode != .none)
        let layout = sequences.layout(exampleNumbers)
        let input = TrainableBert.Input(
            batch: sequences.batch, layout: layout, dropout: dropout)
        let isFirst = plan.pooling == .first
        let hidden = bert.forward(tape, input, firstTokensOnly: isFirst, recording: mode)
        tape.mark(bert.marks)
        let pooled = isFirst ? hidden : tape.pooled(hidden, plan.pooling, layout)
        let vectors = head(tape, pooled)
        let rows = Array(UnsafeBufferPointer(start: vectors.start, count: vectors.count))
        guard mode != .none else {
            tape.close()
            arenas.give(arena)
            return Encoded(rows: rows, count: layout.count, tape: nil)
        }
        return Encoded(
            rows: rows, count: layout.count,
            tape: EncoderTape(tape: tape, outputs: [vectors], arena: arena))
    }

    /// What lies on top of the pooled hidden states.
    private func head(_ tape: Tape, _ pooled: Tape.Value) -> Tape.Value {
        let width = plan.configuration.hiddenSize
        var vectors = pooled
        if let name = plan.poolerName {
            vectors = tape.linear(vectors, parameters.linear(name, width, width))
            if plan.projectionName == nil { vectors = tape.tanh(vectors) }
        }
        if let name = plan.projectionName {
            vectors = tape.linear(
                vectors,
                parameters.linear(
                    name, plan.dimension, width, hasBias: plan.projectionHasBias),
                activation: plan.poolerName == nil ? .none : .tanh)
        }
        return plan.normalises ? tape.unitRows(vectors) : vectors
    }

    /// Adds the gradients of ⟨rows, rowGradients⟩ to `parameters.gradients`.
    ///
    /// A recording serves once. The parameters must be those of the forward pass. `layerDone` is
    /// called with each stretch of the flat block to which this pass adds nothing more, the last
    /// layer first; together the stretches are the whole block. For a frozen set nothing happens.
    public func backward(
        _ encoded: Encoded, rowGradients: [Float], layerDone: ((Range<Int>) -> Void)? = nil
    ) {
        if parameters.isFrozen { return }
        guard let recorded = encoded.tape else {
            preconditionFailure("these vectors were not recorded, or went backward before")
        }
        encoded.tape = nil
        recorded.backward(
            [rowGradients], bert, blockEnd: parameters.count, layerDone: layerDone)
        arenas.give(recorded.arena)
    }

    /// Writes a folder that Hugging Face's `from_pretrained` and `TextEncoder.load` open:
    /// weights, `config.json`, the tokenizer's files, and the lengths it was trained with.
    ///
    /// - Parameters:
    ///   - questionTokens: The most of a question that was trained with; nil: the model's own.
    ///   - passageTokens: The same of passages.
    /// - Throws: `ModelError.unwritableFile`.
    public func save(
        to folder: String, questionTokens: Int? = nil, passageTokens: Int? = nil
    ) throws(ModelError) {
        let own = plan.maximumLength
        try self.folder.write(
            savedSets, to: folder,
            record: plan.record(
                questionTokens: max(8, min(questionTokens ?? own, own)),
                passageTokens: max(8, min(passageTokens ?? own, own))))
    }

    /// What is assumed of its pooling since nothing says it.
    public var assumption: String? { plan.assumption }

    /// How it is pooled, and whether vectors are made unit length, as a run's identity has it.
    public var poolingName: String { plan.poolingName }
}
