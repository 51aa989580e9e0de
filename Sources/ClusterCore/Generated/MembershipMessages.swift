// Written by scripts/generate-proto from proto/; not by hand.
// Joining, staying and leaving, and the answers every request may get.

/// What a process is to the coordinator.
public enum Role: Int32, CaseIterable, Sendable {
    /// Not said: refused.
    case unknown = 0
    /// A process that encodes passages and holds shards.
    case worker = 1
    /// A process that asks: a command or a library user.
    case client = 2
}

/// The first message of a worker or client on the control lane.
public struct Hello: Hashable, Sendable {
    /// What the sender is.
    public var role: Role
    /// The wanted name; empty lets the coordinator choose.
    public var name: String
    /// The sender's host name.
    public var host: String
    /// The sender's process id on its host.
    public var processID: UInt32
    /// How many compute threads the sender uses.
    public var threads: UInt32
    /// The content of `run/token` in the sender's data folder; empty where there is none.
    public var dataToken: String
    /// The sender's program version.
    public var release: String

    /// Creates the message; every field left out has its default.
    public init(
        role: Role = .unknown, name: String = "", host: String = "", processID: UInt32 = 0,
        threads: UInt32 = 0, dataToken: String = "", release: String = ""
    ) {
        self.role = role
        self.name = name
        self.host = host
        self.processID = processID
        self.threads = threads
        self.dataToken = dataToken
        self.release = release
    }
}

/// The coordinator's answer to ``Hello``: the sender is a member from here on.
public struct Welcome: Hashable, Sendable {
    /// The name the member goes by.
    public var name: String
    /// The coordinator's epoch.
    public var epoch: UInt64
    /// How often the member shall send ``Heartbeat``.
    public var heartbeatMilliseconds: UInt32
    /// Whether both sides see one data folder: the data token matched.
    public var sharesData: Bool
    /// Where to connect the query lane.
    public var queryEndpoint: String
    /// Where to connect the bulk lane.
    public var bulkEndpoint: String

    /// Creates the message; every field left out has its default.
    public init(
        name: String = "", epoch: UInt64 = 0, heartbeatMilliseconds: UInt32 = 0,
        sharesData: Bool = false, queryEndpoint: String = "", bulkEndpoint: String = ""
    ) {
        self.name = name
        self.epoch = epoch
        self.heartbeatMilliseconds = heartbeatMilliseconds
        self.sharesData = sharesData
        self.queryEndpoint = queryEndpoint
        self.bulkEndpoint = bulkEndpoint
    }
}

/// A member's sign of life, with the count that shows its compute moves.
///
/// With a request id, from anyone: answered as soon as it comes.
public struct Heartbeat: Hashable, Sendable {
    /// Grows with every unit of compute; a busy member whose count stands still is stalled.
    public var progress: UInt64
    /// Whether compute is under way.
    public var busy: Bool
    /// Passages encoded since start.
    public var passagesEncoded: UInt64
    /// Searches answered since start.
    public var searches: UInt64
    /// Resident memory of the process.
    public var residentBytes: UInt64
    /// What of the member is not as it must be, each in one sentence; none in a sound one.
    public var violations: [String]

    /// Creates the message; every field left out has its default.
    public init(
        progress: UInt64 = 0, busy: Bool = false, passagesEncoded: UInt64 = 0, searches: UInt64 = 0,
        residentBytes: UInt64 = 0, violations: [String] = []
    ) {
        self.progress = progress
        self.busy = busy
        self.passagesEncoded = passagesEncoded
        self.searches = searches
        self.residentBytes = residentBytes
        self.violations = violations
    }
}

/// The coordinator's answer to ``Heartbeat``.
public struct HeartbeatAck: Hashable, Sendable {
    /// The count of the heartbeat answered.
    public var progress: UInt64

    /// Creates the message; every field left out has its default.
    public init(progress: UInt64 = 0) {
        self.progress = progress
    }
}

/// A member leaves of its own will.
public struct Goodbye: Hashable, Sendable {
    /// Why it leaves.
    public var reason: String

    /// Creates the message; every field left out has its default.
    public init(reason: String = "") {
        self.reason = reason
    }
}

/// The coordinator asks a member to finish what it holds and leave.
public struct Drain: Hashable, Sendable {
    /// Why it shall leave.
    public var reason: String

    /// Creates the message; every field left out has its default.
    public init(reason: String = "") {
        self.reason = reason
    }
}

/// Who or what is at fault in a ``Failure``.
public enum FailureCode: Int32, CaseIterable, Sendable {
    /// Not said.
    case unknown = 0
    /// The request or its files are at fault.
    case input = 1
    /// The thing named does not exist.
    case notFound = 2
    /// The thing named exists already, or is in another state.
    case conflict = 3
    /// Workers or shards are missing, or the deadline passed.
    case unavailable = 4
    /// Disk full, unreadable or corrupt.
    case storage = 5
    /// A bug.
    case `internal` = 6
    /// Too much is under way; asking later may succeed.
    case busy = 7
    /// The role of the sender's key does not include what it asks for.
    case denied = 8
}

/// The answer to a request that did not succeed.
public struct Failure: Hashable, Sendable {
    /// Who or what is at fault.
    public var code: FailureCode
    /// What happened; ends with the remedy.
    public var message: String
    /// What did answer, for a search that lacked shards.
    public var coverage: Coverage?
    /// With ``FailureCode/busy``: when to ask again; 0 where that is unknown.
    public var retryAfterMilliseconds: UInt32

    /// Creates the message; every field left out has its default.
    public init(
        code: FailureCode = .unknown, message: String = "", coverage: Coverage? = nil,
        retryAfterMilliseconds: UInt32 = 0
    ) {
        self.code = code
        self.message = message
        self.coverage = coverage
        self.retryAfterMilliseconds = retryAfterMilliseconds
    }
}

/// Permission to send more on the bulk lane.
public struct Credit: Hashable, Sendable {
    /// Bytes granted, on top of what was granted before.
    public var bytes: UInt64

    /// Creates the message; every field left out has its default.
    public init(bytes: UInt64 = 0) {
        self.bytes = bytes
    }
}
