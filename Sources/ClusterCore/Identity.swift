/// One life of one worker process: its name and the nonce it drew when it started.
///
/// A restarted worker has the same name and another incarnation, so what its predecessor was told
/// or says late is never taken for its own.
public struct WorkerID: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The worker's name, unique in the cluster.
    public var name: String
    /// The boot nonce.
    public var incarnation: UInt64

    /// Makes the identity of one life of the worker called `name`.
    public init(name: String, incarnation: UInt64) {
        self.name = name
        self.incarnation = incarnation
    }

    /// Orders by name, then incarnation: a fixed order for whoever walks over workers.
    public static func < (left: WorkerID, right: WorkerID) -> Bool {
        (left.name, left.incarnation) < (right.name, right.incarnation)
    }

    /// The name followed by the incarnation in hexadecimal.
    public var description: String { "\(name)#\(String(incarnation, radix: 16))" }
}

/// Position of a batch in its source, counted from 0.
public struct BatchNumber: Hashable, Comparable, Sendable {
    /// The position.
    public var rawValue: Int

    /// Makes the number of the batch at `rawValue`.
    public init(_ rawValue: Int) {
        self.rawValue = rawValue
    }

    /// Orders by position in the source.
    public static func < (left: BatchNumber, right: BatchNumber) -> Bool {
        left.rawValue < right.rawValue
    }

    /// The shard that holds this batch: batch number modulo shard count, whatever worker encodes
    /// it.
    public func shard(of shardCount: Int) -> ShardNumber {
        ShardNumber(rawValue % shardCount)
    }
}

/// Number of a shard within its collection, counted from 0.
public struct ShardNumber: Hashable, Comparable, Sendable {
    /// The number.
    public var rawValue: Int

    /// Makes the shard number `rawValue`.
    public init(_ rawValue: Int) {
        self.rawValue = rawValue
    }

    /// Orders by number.
    public static func < (left: ShardNumber, right: ShardNumber) -> Bool {
        left.rawValue < right.rawValue
    }
}

/// Fencing token of a lease: grows with every grant, across restarts of the coordinator too.
public struct Attempt: Hashable, Comparable, Sendable {
    /// Coordinator epoch in the upper 32 bits, a counter within the epoch in the lower.
    public var rawValue: UInt64

    /// Takes a token as it came over the wire.
    public init(_ rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// Makes the token of the grant number `count` of `epoch`.
    public init(epoch: UInt64, count: UInt64) {
        rawValue = epoch << 32 | count
    }

    /// Orders by time of the grant.
    public static func < (left: Attempt, right: Attempt) -> Bool {
        left.rawValue < right.rawValue
    }
}
