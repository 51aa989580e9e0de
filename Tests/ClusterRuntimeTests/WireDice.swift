// Random values from a seed, so that a failure can be run again.

/// SplitMix64 (Steele, Lea and Flood 2014): small, and the same on every machine.
struct Dice: RandomNumberGenerator {
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

    /// A number below a bound.
    mutating func below(_ bound: Int) -> Int {
        Int.random(in: 0..<bound, using: &self)
    }

    /// Random bytes.
    mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &self) }
    }

    mutating func callAsFunction() -> Bool { Bool.random(using: &self) }

    /// Small and large numbers alike, since protocol buffers write them with different lengths.
    mutating func callAsFunction() -> UInt32 { UInt32(truncatingIfNeeded: self() as UInt64) }

    mutating func callAsFunction() -> UInt64 { next() >> UInt64(below(65)) }

    mutating func callAsFunction() -> String {
        let alphabet = Array("abcXYZ019 -_/.\u{1}\u{7f}äß€漢字😀\u{301}")
        return String((0..<below(12)).map { _ in alphabet[below(alphabet.count)] })
    }

    mutating func callAsFunction() -> String? { self() ? Optional(self() as String) : nil }

    mutating func callAsFunction() -> [String] { (0..<below(4)).map { _ in self() } }

    mutating func callAsFunction() -> [UInt32] { (0..<below(4)).map { _ in self() } }

    mutating func callAsFunction<Choice: CaseIterable>() -> Choice
    where Choice.AllCases == [Choice] {
        Choice.allCases[below(Choice.allCases.count)]
    }

    mutating func callAsFunction<Value: RandomValue>() -> Value { Value(from: &self) }

    mutating func callAsFunction<Value: RandomValue>() -> Value? {
        self() ? Value(from: &self) : nil
    }

    mutating func callAsFunction<Value: RandomValue>() -> [Value] {
        (0..<below(4)).map { _ in self() }
    }
}

/// A message that can be made at random.
protocol RandomValue {
    init(from random: inout Dice)
}
