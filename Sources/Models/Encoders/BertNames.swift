/// What BERT's parameters are called in Hugging Face's files: spelled here alone, for inference,
/// training and inspection.
struct BertNames: Sendable {
    /// What the name of the table of word vectors ends with.
    static let words = "embeddings.word_embeddings.weight"

    /// What each name starts with: "", or a text that ends in a point.
    let prefix: String

    /// Word vectors, `[vocabulary, hidden]`.
    var words: String { prefix + Self.words }
    /// Position vectors, `[positions, hidden]`.
    var positions: String { prefix + "embeddings.position_embeddings.weight" }
    /// Segment vectors, `[segments, hidden]`.
    var segments: String { prefix + "embeddings.token_type_embeddings.weight" }
    /// The norm of their sum, without ".weight".
    var embeddingNorm: String { prefix + "embeddings.LayerNorm" }
    /// The tanh pooler, without ".weight".
    var pooler: String { prefix + "pooler.dense" }

    /// The names of one layer.
    func layer(_ index: Int) -> Layer { Layer(name: "\(prefix)encoder.layer.\(index).") }

    /// Linear layers and norms of one layer, without ".weight".
    struct Layer: Sendable {
        let name: String

        /// Queries, keys and values, in the order they lie in.
        var projections: [String] { [query, key, value] }
        var query: String { name + "attention.self.query" }
        var key: String { name + "attention.self.key" }
        var value: String { name + "attention.self.value" }
        /// What a part's dense layer and norm are called.
        var attentionOutput: Output { Output(name: name + "attention.output.") }
        var intermediate: String { name + "intermediate.dense" }
        var output: Output { Output(name: name + "output.") }
    }

    /// The end of a part of a layer: a linear layer, and the norm of its sum with the part's input.
    struct Output: Sendable {
        let name: String
        var dense: String { name + "dense" }
        var norm: String { name + "LayerNorm" }
    }
}
