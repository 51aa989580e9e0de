/// What of a shard may stay in memory between searches.
public enum ShardMemory: String, CaseIterable, Codable, Sendable {
    /// Codes or index, and whatever the system keeps of the segments' vectors.
    case vectors
    /// Codes alone, about a quarter of the vectors: those are read from the segments' files when a
    /// search needs them, and given back after it. Kind `exact` only.
    case codes
}
