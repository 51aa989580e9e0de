import ClusterCore

// What the tests of the state machines share: a hand-moved clock and short names.

/// The instant `seconds` after the origin.
func at(_ seconds: Int64) -> Instant { Instant(nanoseconds: seconds * 1_000_000_000) }

/// One life of the worker called `name`.
func worker(_ name: String, life: UInt64 = 1) -> WorkerID {
    WorkerID(name: name, incarnation: life)
}

/// A member as it says HELLO.
func member(
    _ id: WorkerID, threads: Int = 1, sharesData: Bool = true, now: Instant = at(0)
) -> Membership.Member {
    Membership.Member(
        id: id, host: "host", processID: 1, threads: threads, sharesData: sharesData, now: now)
}

/// Shard numbers from plain ones.
func shards(_ numbers: Int...) -> Set<ShardNumber> { Set(numbers.map { ShardNumber($0) }) }
