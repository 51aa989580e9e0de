import ClusterCore

// What the tests of the state machines share: a hand-moved clock, short names and seeded dice.

/// The instant `seconds` after the origin.
func at(_ seconds: Int64) -> Instant { Instant(nanoseconds: seconds * 1_000_000_000) }

/// One life of the worker called `name`.
func worker(_ name: String, life: UInt64 = 1) -> WorkerID {
    WorkerID(name: name, incarnation: life)
}

/// A member as it says HELLO.
func member(_ id: WorkerID, threads: Int = 1, now: Instant = at(0)) -> Membership.Member {
    Membership.Member(
        id: id, host: "host", processID: 1, threads: threads, sharesData: true, now: now)
}

/// Shard numbers from plain ones.
func shards(_ numbers: Int...) -> Set<ShardNumber> { Set(numbers.map { ShardNumber($0) }) }

/// SplitMix64 (Steele, Lea and Flood 2014): the same numbers on every machine.
struct Dice {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// A number below `bound`.
    mutating func below(_ bound: Int) -> Int {
        Int(next().multipliedFullWidth(by: UInt64(bound)).high)
    }

    /// True once in `times` on average.
    mutating func once(in times: Int) -> Bool { below(times) == 0 }

    /// One of `choices`, nil when there is none.
    mutating func pick<Choice>(_ choices: [Choice]) -> Choice? {
        choices.isEmpty ? nil : choices[below(choices.count)]
    }
}
