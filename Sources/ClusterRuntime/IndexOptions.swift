public import ClusterCore
public import VectorIndex

/// How the vectors of a collection are stored, compared and searched; nil: the collection's own
/// choice, or for a new one the default.
public struct IndexOptions: Codable, Equatable, Sendable {
    /// The metric; inner product by default.
    public var metric: Metric?
    /// The index kind: `exact` (the default), `Flat`, or a factory string of Faiss.
    public var kind: String?
    /// The numbers that segments hold; 32-bit floats by default.
    public var vectors: VectorPrecision?
    /// What of a shard may stay in memory; vectors by default.
    public var memory: ShardMemory?

    /// Names the options.
    public init(
        metric: Metric? = nil, kind: String? = nil, vectors: VectorPrecision? = nil,
        memory: ShardMemory? = nil
    ) {
        self.metric = metric
        self.kind = kind
        self.vectors = vectors
        self.memory = memory
    }
}

extension IndexOptions {
    /// The index kind where nobody names one.
    public static let defaultKind = "exact"

    /// What a new collection is made with.
    var complete: IndexOptions {
        IndexOptions(
            metric: metric ?? .innerProduct, kind: kind ?? IndexOptions.defaultKind,
            vectors: vectors ?? .float32, memory: memory ?? .vectors)
    }

    /// Each choice by name: the collection's, and what is asked for now.
    func choices(over collection: IndexOptions) -> [(String, String, String)] {
        let (own, asked) = (collection.complete.settings, settings)
        return [
            ("metric", own.metric, asked.metric), ("index kind", own.kind, asked.kind),
            ("vectors", own.vectors, asked.vectors), ("memory", own.memory, asked.memory),
        ].map { name, own, asked in (name, own, asked.isEmpty ? own : asked) }
    }

    /// Makes the searchable form of a shard.
    func shard(of segments: [Segment]) throws(IndexError) -> ShardIndex {
        let choice = complete
        return try ShardIndex(
            segments: segments, metric: choice.metric ?? .innerProduct,
            kind: choice.kind ?? IndexOptions.defaultKind, memory: choice.memory ?? .vectors)
    }
}

extension IndexOptions {
    /// The options as they travel.
    public var settings: IndexSettings {
        IndexSettings(
            metric: metric?.rawValue ?? "", kind: kind ?? "", vectors: vectors?.rawValue ?? "",
            memory: memory?.rawValue ?? "")
    }

    /// Reads options that came over the wire.
    ///
    /// - Throws: `ClusterError.input` where a value is not known.
    init(_ settings: IndexSettings) throws(ClusterError) {
        self.init(
            metric: try choice(settings.metric, "metric"),
            kind: settings.kind.isEmpty ? nil : settings.kind,
            vectors: try choice(settings.vectors, "precision of vectors"),
            memory: try choice(settings.memory, "choice of memory"))
    }
}

/// The choice called `text`, nil where it is empty.
func choice<Value: CaseIterable & RawRepresentable<String>>(
    _ text: String, _ what: String
) throws(ClusterError) -> Value? {
    guard !text.isEmpty else { return nil }
    guard let value = Value(rawValue: text) else {
        let known = Value.allCases.map(\.rawValue).joined(separator: ", ")
        throw .input("Unknown \(what) “\(text)”. Name one of: \(known).")
    }
    return value
}
