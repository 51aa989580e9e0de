/// The name of an index kind, taken apart: `exact`, `Flat`, or a factory string of Faiss with
/// search options behind a colon, as in `IVF256,Flat:nprobe=32` or `HNSW32:efSearch=200`.
struct IndexKind: Equatable {
    /// What a user or this room knows it by.
    let name: String
    /// What Faiss' factory is given.
    var built: String
    /// The parts of a factory string; none for `exact` and `Flat`.
    let parts: [IndexPart]
    /// Inverted lists that a search visits; 0 for kinds without lists.
    var probes = 0
    /// Candidates that a search of a graph keeps; 0 for kinds that are no graph.
    var candidates = 0
    /// Links of a vertex in a graph that is built here; 0 for other kinds.
    var links = 0
    /// Whether vectors are stored as they are, so that Faiss' order is right but for roundings.
    var isFaithful: Bool

    /// The largest value of an option.
    static let largestOption = 1 << 20

    /// Rows that each shard of vectors of `dimension` components must have, since quantizers are
    /// trained on them.
    func trainingRows(dimension: Int) -> Int {
        var (most, left) = (0, dimension)
        for part in parts {
            let (rows, kept) = part.training(onDimension: left)
            (most, left) = (max(most, rows), kept)
        }
        return most
    }

    /// Takes a kind apart.
    ///
    /// - Throws: `IndexError.unknownKind`, `.unknownOption` or `.outOfRange`.
    init(_ text: String) throws(IndexError) {
        let halves = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        name = halves.isEmpty ? "" : String(halves[0])
        parts = ShardIndex.exactKinds.contains(name) ? [] : try Self.parts(of: name)
        built = parts.isEmpty ? name : parts.map(\.built).joined(separator: ",")
        let hasLists = parts.contains { $0.role == .lists }
        let graph = parts.first { if case .graph = $0.role { true } else { false } }
        let isGraph = !hasLists && graph != nil
        isFaithful =
            !parts.isEmpty
            && parts.allSatisfy { part in
                part.text == "Flat"
                    || [.lists, .graph(links: nil)].contains(part.role) && !part.text.contains("_")
                    || part.links != nil
            }
            && (isGraph || hasLists && parts.last?.text == "Flat")
        if hasLists { probes = 16 }
        if isGraph { candidates = 128 }
        // Plain graphs only: with other storage Faiss' own is what was asked for.
        if isFaithful, isGraph { links = graph?.links ?? 0 }
        guard halves.count == 2 else { return }
        try readOptions(halves[1], known: hasLists ? ["nprobe"] : isGraph ? ["efSearch"] : [])
    }

    private mutating func readOptions(
        _ text: Substring, known: [String]
    ) throws(IndexError) {
        for option in text.split(separator: ",", omittingEmptySubsequences: false) {
            let pair = option.split(separator: "=", maxSplits: 1).map(String.init)
            guard pair.count == 2, known.contains(pair[0]), let value = Int(pair[1]) else {
                throw .unknownOption(
                    kind: name, option: String(option), known: known.map { "\($0)=NUMBER" })
            }
            guard 1...Self.largestOption ~= value else {
                throw .outOfRange(
                    what: pair[0], value: value, minimum: 1, maximum: Self.largestOption)
            }
            if known == ["nprobe"] { probes = value } else { candidates = value }
        }
    }

    /// The parts of a factory string, which commas outside of parentheses divide.
    private static func parts(of name: String) throws(IndexError) -> [IndexPart] {
        var parts: [IndexPart] = []
        var depth = 0
        var text = ""
        for character in name + "," {
            if character == "(" { depth += 1 }
            if character == ")" { depth -= 1 }
            guard character == ",", depth <= 0 else {
                text.append(character)
                continue
            }
            if text.hasPrefix("IDMap") {
                throw .unsupported(
                    what: "part \"\(text)\"", kind: name,
                    remedy: "Leave it out: passages keep their own ids.")
            }
            do {
                parts.append(try IndexPart(text))
            } catch {
                guard case .unknownKind(_, let known) = error else { throw error }
                throw .unknownKind(name: name, known: known)
            }
            text = ""
        }
        return parts
    }
}

extension IndexPart {
    /// Links of a vertex in a plain graph.
    var links: Int? { if case .graph(let links) = role { links } else { nil } }
}
