/// How a user asks for token vectors to become one: `cls`, `mean`, `cls+mean`, `pooler`, ….
///
///     let choice = PoolingChoice(rawValue: "cls")
///
/// The names are those of sentence-transformers; several are joined by “+”, and their vectors
/// stand in the order given. `pooler` is BERT's own: the first token's vector through a linear
/// layer and tanh.
public struct PoolingChoice: RawRepresentable, Hashable, Codable, Sendable {
    /// The modes, or none for `pooler`.
    let modes: [Pooling]

    private static let poolerName = "pooler"

    /// The names that may be joined, and `pooler`, which stands alone.
    public static let names = Pooling.allCases.map(\.rawValue) + [poolerName]

    /// The first token's vector.
    public static let cls = PoolingChoice([.firstToken])
    /// The mean over tokens.
    public static let mean = PoolingChoice([.mean])
    /// BERT's tanh pooler over the first token's vector.
    public static let pooler = PoolingChoice([])

    init(_ modes: [Pooling]) { self.modes = modes }

    /// Reads a name; nil where it, or one of those joined, is not known or occurs twice.
    public init?(rawValue: String) {
        guard rawValue != Self.poolerName else {
            self = .pooler
            return
        }
        let parts = rawValue.split(separator: "+", omittingEmptySubsequences: false)
        let modes = parts.compactMap { Pooling(rawValue: String($0)) }
        guard modes.count == parts.count, Set(modes).count == modes.count else { return nil }
        self.init(modes)
    }

    /// The name.
    public var rawValue: String {
        // Two choices are compared by this name.
        modes.isEmpty ? Self.poolerName : modes.map(\.rawValue).joined(separator: "+")
    }
}
