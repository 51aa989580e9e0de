/// A rank's place in one generation of a run.
public struct RingPlace: Equatable, Sendable {
    /// The run's id.
    public var run: String
    /// How often the world has been formed.
    public var generation: UInt64
    /// This rank.
    public var rank: Int
    /// The names of all ranks, in their order.
    public var names: [String]

    /// Creates a place.
    public init(run: String, generation: UInt64, rank: Int, names: [String]) {
        precondition(names.indices.contains(rank), "rank \(rank) of \(names.count)")
        self.run = run
        self.generation = generation
        self.rank = rank
        self.names = names
    }

    /// How many ranks there are.
    public var world: Int { names.count }

    /// The rank that sends to this one.
    var beforeRank: Int { (rank + world - 1) % world }
    /// The rank that this one sends to.
    var nextRank: Int { (rank + 1) % world }
    /// This rank in words.
    var name: String { name(of: rank) }
    /// The rank before in words.
    var before: String { name(of: beforeRank) }
    /// The rank that follows in words.
    var next: String { name(of: nextRank) }

    private func name(of rank: Int) -> String { "rank \(rank) (\(names[rank]))" }
}

/// How a ring works.
public struct RingSettings: Equatable, Sendable {
    /// The longest message along the ring, in bytes; a multiple of 64.
    public var chunkBytes = 1 << 20
    /// Up to how many bytes floats travel whole, for the shortest time, instead of in parts.
    public var smallBytes = 64 << 10
    /// How long an operation may stand still.
    public var deadline: Duration = .seconds(300)

    /// Settings as they are where nobody asks for others.
    public init() {}
}

/// How ring sockets are guarded beyond this host.
public enum RingSecurity: Equatable, Sendable {
    /// Nothing but ipc and loopback.
    case localOnly
    /// Plain.
    case insecure
    /// Each socket over tcp has a key of its own, which the coordinator passes on.
    case keys
}
