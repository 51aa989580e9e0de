import Tensors

/// BERT's encoder stack over a parameter set, as operations on a tape.
///
/// The same arithmetic as `BertEncoder`, which is for inference alone: the forward pass gives its
/// bits where nothing is dropped.
final class TrainableBert {
    let configuration: BertConfiguration
    private let parameters: ParameterSet
    private let names: BertNames
    private let entries: [String: ParameterSet.Entry]

    /// Takes the parameters whose names start with `prefix`.
    init(_ parameters: ParameterSet, prefix: String, configuration: BertConfiguration) {
        self.parameters = parameters
        names = BertNames(prefix: prefix)
        self.configuration = configuration
        entries = Dictionary(uniqueKeysWithValues: parameters.entries.map { ($0.name, $0) })
    }

    /// The places of a layer where elements are dropped.
    private enum Place: Int {
        case weights, attention, output
    }

    /// Sequences as the tape sees them.
    struct Input {
        var batch: TokenBatch
        var layout: TapeLayout
        var dropout: DropoutKey?
    }

    /// The names and shapes of the tensors, in the order of the flat blocks.
    static func shapes(
        prefix: String, configuration: BertConfiguration
    ) -> [(name: String, shape: [Int])] {
        configuration.parameters(prefix: prefix).map { ($0.name, $0.shape) }
    }

    /// Number of marks the forward pass leaves on the tape: one a layer, one for the embeddings.
    var marks: Int { configuration.layers + 1 }

    /// The stretch of the flat blocks that mark `number` completes.
    func stretch(_ number: Int) -> Range<Int> {
        let name =
            number == 0 ? names.prefix + "embeddings." : names.layer(number - 1).name
        let own = parameters.entries.filter { $0.name.hasPrefix(name) }
        return (own.first?.range.lowerBound ?? 0)..<(own.last?.range.upperBound ?? 0)
    }

    /// The last hidden states of all tokens, or of each sequence's first token alone.
    ///
    /// The last layer then needs keys and values of all tokens, and all else of the first ones.
    func forward(
        _ tape: Tape, _ input: Input, firstTokensOnly: Bool, recording: Recording.Mode
    ) -> Tape.Value {
        tape.mark(0)
        var hidden = embed(tape, input)
        for layer in 0..<configuration.layers {
            tape.mark(layer + 1)
            let isFirstOnly = firstTokensOnly && layer == configuration.layers - 1
            if recording == .full {
                hidden = self.layer(layer, tape, input, hidden, isFirstOnly)
            } else {
                let rows = isFirstOnly ? input.layout.count : hidden.rows
                hidden = tape.checkpointed(hidden, rows: rows, width: hidden.width) {
                    self.layer(layer, $0, input, $1, isFirstOnly)
                }
            }
        }
        return hidden
    }

    private func embed(_ tape: Tape, _ input: Input) -> Tape.Value {
        let tables = Tape.Embeddings(
            words: parameter(names.words), positions: parameter(names.positions),
            segments: parameter(names.segments), width: configuration.hiddenSize)
        let sum = tape.embedded(
            ids: input.batch.ids, segments: input.batch.segments, tables, input.layout)
        let normal = tape.normalised(sum, norm(names.embeddingNorm), input.layout)
        let site = input.dropout.flatMap {
            DropoutSite($0, layer: 0, place: 0, rate: $0.rates.hidden)
        }
        return tape.dropout(normal, at: site, input.layout)
    }

    private func layer(
        _ index: Int, _ tape: Tape, _ input: Input, _ hidden: Tape.Value, _ firstOnly: Bool
    ) -> Tape.Value {
        let name = names.layer(index)
        let layout = firstOnly ? input.layout.firstRows : input.layout
        let own = firstOnly ? tape.pooled(hidden, .first, input.layout) : hidden
        let context = tape.attended(
            attentionInputs(tape, name, hidden: hidden, own: own, firstOnly), queryLayout: layout,
            input.layout, dropout: site(input, index, .weights))
        let middle = added(
            tape, context, name.attentionOutput, residual: own, layout,
            site(input, index, .attention))
        let wide = tape.linear(
            middle,
            linear(
                name.intermediate, configuration.intermediateSize,
                configuration.hiddenSize))
        return added(
            tape, wide, name.output, activation: configuration.activation, residual: middle,
            layout, site(input, index, .output))
    }

    private func attentionInputs(
        _ tape: Tape, _ name: BertNames.Layer, hidden: Tape.Value, own: Tape.Value,
        _ firstOnly: Bool
    ) -> Tape.AttentionInputs {
        let width = configuration.hiddenSize
        let heads = configuration.heads
        guard firstOnly else {
            let all = tape.linear(hidden, linear(name.query, 3 * width, width))
            return Tape.AttentionInputs(
                queries: all, keysAndValues: nil, width: width, heads: heads)
        }
        let queries = tape.linear(own, linear(name.query, width, width))
        let others = tape.linear(
            hidden, linear(name.key, 2 * width, width))
        return Tape.AttentionInputs(
            queries: queries, keysAndValues: others, width: width, heads: heads)
    }

    /// norm(dropout(dense(activation(x))) + residual).
    private func added(
        _ tape: Tape, _ x: Tape.Value, _ name: BertNames.Output, activation: Activation = .none,
        residual: Tape.Value, _ layout: TapeLayout, _ site: DropoutSite?
    ) -> Tape.Value {
        let dense = linear(name.dense, configuration.hiddenSize, x.width)
        // Without dropout the sum starts from the residual, as in inference.
        let sum = tape.linear(
            x, dense, activation: activation, residual: site == nil ? residual : nil)
        return tape.normalised(
            sum, norm(name.norm), dropout: site, residual: site == nil ? nil : residual,
            layout)
    }

    private func site(_ input: Input, _ layer: Int, _ place: Place) -> DropoutSite? {
        input.dropout.flatMap {
            DropoutSite(
                $0, layer: layer + 1, place: place.rawValue,
                rate: place == .weights ? $0.rates.attention : $0.rates.hidden)
        }
    }

    // MARK: Parameters

    private func parameter(_ name: String) -> Tape.Parameter {
        parameters.parameter(entry(name).range.lowerBound)
    }

    private func entry(_ name: String) -> ParameterSet.Entry {
        guard let entry = entries[name] else {
            preconditionFailure("the parameter set holds no \(name)")
        }
        return entry
    }

    /// A layer whose weights and biases begin at those of `name`.
    private func linear(_ name: String, _ outputs: Int, _ inputs: Int) -> Tape.Linear {
        Tape.Linear(
            weight: parameter(name + ".weight"), bias: parameter(name + ".bias"),
            outputs: outputs, inputs: inputs)
    }

    private func norm(_ name: String) -> Tape.Norm {
        Tape.Norm(
            gain: parameter(name + ".weight"), bias: parameter(name + ".bias"),
            epsilon: configuration.epsilon)
    }
}
