import TestSupport

extension Dice {
    /// Dice of their own for one part of the simulation: a change there leaves others alone.
    mutating func fork() -> Dice { Dice(seed: next()) }

    /// A duration within a range of milliseconds, in steps of microseconds.
    mutating func milliseconds(_ range: ClosedRange<Int>) -> Duration {
        .microseconds(number(range.lowerBound * 1000...range.upperBound * 1000))
    }
}
