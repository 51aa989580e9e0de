public import Tensors

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
    public var kind: TextEncoder.Kind { preconditionFailure("declared ahead of its body") }
    /// The side.
    public let tower: Tower
    /// Length of a vector.
    public let dimension: Int
    /// The parameters; towers that share an encoder share the set.
    public let parameters: ParameterSet
    /// Longest text in tokens, special tokens included.
    public let maximumLength: Int
    /// The dropout rates of `config.json`.
    public let configuredDropout: DropoutRates

    init(tower: Tower, dimension: Int, parameters: ParameterSet, maximumLength: Int) {
        self.tower = tower
        self.dimension = dimension
        self.parameters = parameters
        self.maximumLength = maximumLength
        configuredDropout = DropoutRates(hidden: 0, attention: 0)
    }

    /// Loads one tower of the model in `folder`; for RetriBERT use `TrainableTowers`.
    ///
    /// Throws: `ModelError`, as `TextEncoder.load(folder:tower:segmentIDs:prefixes:)` does.
    public static func load(
        folder: String, tower: Tower, segmentIDs: SegmentIDs? = nil
    ) throws(ModelError) -> TrainableEncoder {
        preconditionFailure("declared ahead of its body")
    }

    /// Makes one tower (a sentence or DPR encoder) with BERT's initial weights: normal with
    /// deviation 0.02, biases 0, layer normalisation 1 and 0.
    ///
    /// The tokenizer's files are taken from `tokenizerFolder`. The same seed gives the same bits.
    public static func random(
        _ shape: EncoderShape, tower: Tower, seed: UInt64, tokenizerFolder: String,
        segmentIDs: SegmentIDs = .zero
    ) throws(ModelError) -> TrainableEncoder {
        preconditionFailure("declared ahead of its body")
    }

    /// The tokens of a question, cut to `maximumLength` (at most, and by default, the model's).
    public func tokenise(question: String, maximumLength: Int? = nil) -> TokenIDs {
        preconditionFailure("declared ahead of its body")
    }

    /// The tokens of a passage, joined and cut as inference does.
    public func tokenise(title: String, text: String, maximumLength: Int? = nil) -> TokenIDs {
        preconditionFailure("declared ahead of its body")
    }

    /// Computes one vector per sequence.
    ///
    /// - Parameters:
    ///   - sequences: Token ids below the vocabulary size, at most `maximumLength` each.
    ///   - exampleNumbers: A number per sequence that is its own in this step, on all ranks.
    ///   - dropout: nil for none.
    ///   - recording: What is kept for `backward`.
    public func forward(
        _ sequences: TokenSequences, exampleNumbers: [UInt64], dropout: DropoutKey?,
        recording: Recording.Mode
    ) -> Encoded {
        preconditionFailure("declared ahead of its body")
    }

    /// Adds the gradients of ⟨rows, rowGradients⟩ to `parameters.gradients`.
    ///
    /// A recording serves once. The parameters must be those of the forward pass. `layerDone` is
    /// called with each stretch of the flat block to which this pass adds nothing more, the last
    /// layer first; together the stretches are the whole block.
    public func backward(
        _ encoded: Encoded, rowGradients: [Float], layerDone: ((Range<Int>) -> Void)? = nil
    ) {
        preconditionFailure("declared ahead of its body")
    }

    /// Writes a folder that Hugging Face's `from_pretrained` and `TextEncoder.load` open:
    /// weights, `config.json`, the tokenizer's files.
    ///
    /// Throws: `ModelError.unwritableFile`.
    public func save(to folder: String) throws(ModelError) {
        preconditionFailure("declared ahead of its body")
    }
}

/// What was recorded of an encoder's forward pass.
final class EncoderTape {}
