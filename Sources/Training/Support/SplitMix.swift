/// A small random generator whose numbers follow from a seed and a purpose, on every machine.
///
/// Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
public struct SplitMix: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// Starts a stream of its own for each seed and each list of numbers.
    public init(seed: UInt64, _ purpose: UInt64...) {
        var state = Self.mixed(seed)
        for number in purpose { state = Self.mixed(state ^ Self.mixed(number &+ Self.step)) }
        self.state = state
    }

    private static let step: UInt64 = 0x9E37_79B9_7F4A_7C15

    /// The next 64 bits.
    public mutating func next() -> UInt64 {
        state &+= Self.step
        return Self.mixed(state)
    }

    /// Spreads every bit of a number over all bits of the result.
    static func mixed(_ number: UInt64) -> UInt64 {
        var bits = number
        bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
        return bits ^ (bits >> 31)
    }

    /// A number below `bound`, which is at least 1; by multiplication, with a bias below 2⁻³².
    mutating func below(_ bound: Int) -> Int {
        Int(next().multipliedFullWidth(by: UInt64(bound)).high)
    }

    /// Puts a list in an order of this generator's own (Fisher and Yates).
    ///
    /// Not the standard library's shuffle, whose order may change with its version.
    mutating func shuffle<Element>(_ list: inout [Element]) {
        guard list.count > 1 else { return }
        for index in stride(from: list.count - 1, to: 0, by: -1) {
            list.swapAt(index, below(index + 1))
        }
    }
}
