// Written by scripts/generate-proto from proto/; not by hand.
// What the coordinator of a training run and its ranks say to each other.

/// The first message of a rank: it wants to know what to train.
public struct TrainerHello: Hashable, Sendable {
    /// The sender's host name.
    public var host: String
    /// The sender's process id on its host.
    public var processID: UInt32
    /// The sender's program version.
    public var release: String

    /// Creates the message; every field left out has its default.
    public init(host: String = "", processID: UInt32 = 0, release: String = "") {
        self.host = host
        self.processID = processID
        self.release = release
    }
}

/// The answer to ``TrainerHello``: what is trained.
///
/// One raw frame: the configuration file, the same for every rank. The header carries the run's id
/// as the cluster's.
public struct TrainerPlan: Hashable, Sendable {
    /// How often the rank shall send ``TrainerBeat``.
    public var heartbeatMilliseconds: UInt32

    /// Creates the message; every field left out has its default.
    public init(heartbeatMilliseconds: UInt32 = 0) {
        self.heartbeatMilliseconds = heartbeatMilliseconds
    }
}

/// Something that must be the same on every rank.
public struct TrainerFact: Hashable, Sendable {
    /// What it is, such as `model` or `element type`.
    public var name: String
    /// What it is on the sender.
    public var value: String

    /// Creates the message; every field left out has its default.
    public init(name: String = "", value: String = "") {
        self.name = name
        self.value = value
    }
}

/// Where the rank before can reach a rank's ring socket.
public struct RingAddress: Hashable, Sendable {
    /// The host name: ipc endpoints are for ranks of the same host.
    public var host: String
    /// The endpoints of the socket.
    public var endpoints: [String]
    /// The CURVE key of the socket; empty where it has none.
    public var publicKey: String

    /// Creates the message; every field left out has its default.
    public init(host: String = "", endpoints: [String] = [], publicKey: String = "") {
        self.host = host
        self.endpoints = endpoints
        self.publicKey = publicKey
    }
}

/// A rank is ready for a world; repeated until ``TrainerForm`` or ``Failure`` answers.
public struct TrainerJoin: Hashable, Sendable {
    /// Grows with every new readiness of this process.
    public var attempt: UInt64
    /// What must be the same on every rank.
    public var facts: [TrainerFact]
    /// Where its ring socket can be reached.
    public var ring: RingAddress

    /// Creates the message; every field left out has its default.
    public init(attempt: UInt64 = 0, facts: [TrainerFact] = [], ring: RingAddress = RingAddress()) {
        self.attempt = attempt
        self.facts = facts
        self.ring = ring
    }
}

/// A world is formed.
public struct TrainerForm: Hashable, Sendable {
    /// That of the join that is answered.
    public var attempt: UInt64
    /// How often the world has been formed.
    public var generation: UInt64
    /// The receiver's rank.
    public var rank: UInt32
    /// The names of all ranks, in their order.
    public var names: [String]
    /// Where the rank that follows can be reached.
    public var next: RingAddress

    /// Creates the message; every field left out has its default.
    public init(
        attempt: UInt64 = 0, generation: UInt64 = 0, rank: UInt32 = 0, names: [String] = [],
        next: RingAddress = RingAddress()
    ) {
        self.attempt = attempt
        self.generation = generation
        self.rank = rank
        self.names = names
        self.next = next
    }
}

/// A rank's sign of life.
///
/// Raw frame of rank 0, where something is new: how far training is, as its log says it.
public struct TrainerBeat: Hashable, Sendable {
    /// That of its last join; 0 before the first.
    public var attempt: UInt64
    /// The generation it is in; 0 outside a world.
    public var generation: UInt64
    /// The step that training has reached.
    public var step: UInt64

    /// Creates the message; every field left out has its default.
    public init(attempt: UInt64 = 0, generation: UInt64 = 0, step: UInt64 = 0) {
        self.attempt = attempt
        self.generation = generation
        self.step = step
    }
}

/// A generation has ended: from a rank that saw it fail, and to every rank of it.
public struct TrainerAbort: Hashable, Sendable {
    /// Which one.
    public var generation: UInt64
    /// Who ended it.
    public var by: String
    /// Why.
    public var reason: String

    /// Creates the message; every field left out has its default.
    public init(generation: UInt64 = 0, by: String = "", reason: String = "") {
        self.generation = generation
        self.by = by
        self.reason = reason
    }
}

/// A rank has done all there was to do; repeated until an answer comes.
///
/// Raw frame of rank 0: what came out, as the command prints it.
public struct TrainerFinish: Hashable, Sendable {
    /// The generation it did it in.
    public var generation: UInt64
    /// Whether it stopped early, as it was asked to.
    public var interrupted: Bool
    /// What a new generation cannot help; empty where all is well.
    public var failure: String

    /// Creates the message; every field left out has its default.
    public init(generation: UInt64 = 0, interrupted: Bool = false, failure: String = "") {
        self.generation = generation
        self.interrupted = interrupted
        self.failure = failure
    }
}

/// Opens every message along a ring: what both sides must agree on, and which bytes follow.
package struct RingHeader: Hashable, Sendable {
    /// The id of the training run.
    package var run: String
    /// How often the world has been formed.
    package var generation: UInt64
    /// The operation's number within the generation.
    package var sequence: UInt64
    /// What is done; may be of another release.
    package var kind: UInt32
    /// What it is done with; may be of another release.
    package var element: UInt32
    /// Elements of the operation.
    package var count: UInt64
    /// Elements of a row.
    package var width: UInt64
    /// The rank of the sender.
    package var rank: UInt32
    /// The step of the operation.
    package var step: UInt32
    /// Where the bytes lie in the step's.
    package var offset: UInt64

    /// Creates the message; every field left out has its default.
    package init(
        run: String = "", generation: UInt64 = 0, sequence: UInt64 = 0, kind: UInt32 = 0,
        element: UInt32 = 0, count: UInt64 = 0, width: UInt64 = 0, rank: UInt32 = 0,
        step: UInt32 = 0, offset: UInt64 = 0
    ) {
        self.run = run
        self.generation = generation
        self.sequence = sequence
        self.kind = kind
        self.element = element
        self.count = count
        self.width = width
        self.rank = rank
        self.step = step
        self.offset = offset
    }
}
