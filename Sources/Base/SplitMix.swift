/// SplitMix64: a small random generator whose numbers follow from a seed and a purpose, on every
/// machine.
///
///     var random = SplitMix(seed: 7, epoch, dataset)
///     let place = random.below(count)
///
/// Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
package struct SplitMix: RandomNumberGenerator, Sendable {
    /// What the next number is made from.
    package var state: UInt64

    /// Starts a stream of its own for each seed and each list of numbers.
    package init(seed: UInt64, _ purpose: UInt64...) {
        var state = Self.mixed(seed)
        for number in purpose { state = Self.mixed(state ^ Self.mixed(number &+ Self.step)) }
        self.state = state
    }

    /// Goes on from a state.
    package init(state: UInt64) {
        self.state = state
    }

    /// What lies between two states.
    @inlinable package static var step: UInt64 { 0x9E37_79B9_7F4A_7C15 }

    /// The next 64 bits.
    @inlinable
    package mutating func next() -> UInt64 {
        state &+= Self.step
        return Self.mixed(state)
    }

    /// Spreads every bit of a number over all bits of the result.
    @inlinable
    package static func mixed(_ number: UInt64) -> UInt64 {
        var bits = number
        bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
        return bits ^ (bits >> 31)
    }

    /// A number below `bound`, which is at least 1; by multiplication, with a bias below 2⁻³².
    @inlinable
    package mutating func below(_ bound: Int) -> Int {
        Int(next().multipliedFullWidth(by: UInt64(bound)).high)
    }

    /// Puts a list in an order of this generator's own (Fisher and Yates).
    ///
    /// Not the standard library's shuffle, whose order may change with its version.
    @inlinable
    package mutating func shuffle<Element>(_ list: inout [Element]) {
        guard list.count > 1 else { return }
        for index in stride(from: list.count - 1, to: 0, by: -1) {
            list.swapAt(index, below(index + 1))
        }
    }
}
