import ClusterCore

/// SplitMix64 (Steele, Lea and Flood 2014), in whole numbers alone: the same on every machine.
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

    /// Dice of their own for one part of the simulation: a change there leaves others alone.
    mutating func fork() -> Dice { Dice(seed: next()) }

    /// A number within `range`.
    mutating func number(_ range: ClosedRange<Int>) -> Int {
        let width = UInt64(range.upperBound - range.lowerBound) + 1
        return range.lowerBound + Int(next().multipliedFullWidth(by: width).high)
    }

    /// True once in `times` on average.
    mutating func once(in times: Int) -> Bool { number(1...times) == 1 }

    /// One of `choices`, nil when there is none.
    mutating func pick<Choice>(_ choices: [Choice]) -> Choice? {
        choices.isEmpty ? nil : choices[number(0...choices.count - 1)]
    }

    /// A duration within a range of milliseconds, in steps of microseconds.
    mutating func milliseconds(_ range: ClosedRange<Int>) -> Duration {
        .microseconds(number(range.lowerBound * 1000...range.upperBound * 1000))
    }
}
