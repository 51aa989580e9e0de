/// What encoding takes, counted instead of measured.
public struct EncodingWork: Equatable, Sendable {
    /// Tokens, special ones included.
    public var tokens: Int
    /// Multiplications and additions of all matrix products: linear layers and attention.
    ///
    /// Not counted: softmax, activations, norms and whatever a padded batch would add.
    public var operations: Double
}

extension TextEncoder {
    /// The work of encoding `passages` one by one, without anything to spare.
    public func work(passages: [(title: String, text: String)]) -> EncodingWork {
        var work = EncodingWork(tokens: 0, operations: 0)
        var batch = TokenBatch()
        for passage in passages {
            batch.removeAll()
            append(passage: passage, to: &batch)
            work.tokens += batch.tokens
            work.operations += 2 * description.multiplications(tokens: Double(batch.tokens))
        }
        return work
    }
}

extension ModelDescription {
    /// Multiplications of the products for one sequence.
    fileprivate func multiplications(tokens: Double) -> Double {
        let width = Double(configuration.hiddenSize)
        let wide = Double(configuration.intermediateSize)
        let layers = Double(configuration.layers)
        let keysAndValues = 2 * tokens * width * width
        // The last layer of an encoder that reads the first token alone computes its row alone.
        func rest(_ rows: Double) -> Double {
            let dense = rows * (2 * width * width + 2 * width * wide)
            let attention = 2 * rows * tokens * width
            return dense + attention
        }
        var total = layers * (keysAndValues + rest(tokens))
        if pooling.modes == [.firstToken] { total += rest(1) - rest(tokens) }
        if poolerName != nil { total += width * width }
        if projectionName != nil { total += width * Double(dimension) }
        for layer in dense { total += Double(layer.inputs) * Double(layer.outputs) }
        return total
    }
}
