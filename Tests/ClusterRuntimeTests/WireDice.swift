// Random values from a seed, so that a failure can be run again.

import TestSupport

extension Dice {
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
