/// The name of an index kind, taken apart: `exact`, `Flat`, or a factory string of Faiss with
/// search options behind a colon, as in `IVF256,Flat:nprobe=32` or `HNSW32:efSearch=200`.
struct IndexKind: Equatable {
    /// What Faiss' factory or this room knows it by.
    var name: String
    /// Inverted lists that a search visits; 0 for kinds without lists.
    var probes = 0
    /// Candidates that a search of a graph keeps; 0 for kinds that are no graph.
    var candidates = 0
    /// Links of a vertex in a graph over codes; 0 for other kinds.
    var links = 0
    /// Whether vectors are stored as they are, so that Faiss' order is right but for roundings.
    var isFaithful: Bool

    /// The largest value of an option.
    static let largestOption = 1 << 20

    /// Takes a kind apart.
    ///
    /// - Throws: `IndexError.unknownOption` or `.outOfRange`.
    init(_ text: String) throws(IndexError) {
        let halves = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        name = String(halves[0])
        let parts = name.split(separator: ",")
        let hasLists = parts.contains { $0.hasPrefix("IVF") }
        let isGraph = !hasLists && parts.contains { $0.hasPrefix("HNSW") }
        isFaithful =
            (hasLists || isGraph)
            && parts.allSatisfy { part in
                part == "Flat"
                    || (part.hasPrefix("IVF") || part.hasPrefix("HNSW"))
                        && !part.contains("_")
            }
            && (isGraph || parts.last == "Flat")
        if hasLists { probes = 16 }
        if isGraph { candidates = 128 }
        // Plain graphs only: with other storage Faiss' own is what was asked for.
        if isFaithful, isGraph, let number = Int(parts[0].dropFirst(4)), 2...1024 ~= number {
            links = number
        }
        guard halves.count == 2 else { return }
        for option in halves[1].split(separator: ",", omittingEmptySubsequences: false) {
            let pair = option.split(separator: "=", maxSplits: 1).map(String.init)
            let known = hasLists ? ["nprobe"] : isGraph ? ["efSearch"] : []
            guard pair.count == 2, known.contains(pair[0]), let value = Int(pair[1]) else {
                throw .unknownOption(
                    kind: name, option: String(option), known: known.map { "\($0)=NUMBER" })
            }
            guard 1...Self.largestOption ~= value else {
                throw .outOfRange(
                    what: pair[0], value: value, minimum: 1, maximum: Self.largestOption)
            }
            if hasLists { probes = value } else { candidates = value }
        }
    }
}
