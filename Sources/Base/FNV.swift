/// FNV-1a of 64 bits: numbers for texts that are the same on every machine, for tables and for
/// telling contents apart, not for secrets.
///
///     var hash = FNV()
///     hash.add("title".utf8)
///
/// Source: Fowler, Noll, Vo, Eastlake, "The FNV Non-Cryptographic Hash Algorithm".
package struct FNV: Equatable, Sendable {
    /// The number of no byte at all.
    @inlinable package static var offset: UInt64 { 0xCBF2_9CE4_8422_2325 }
    /// What each step multiplies by.
    @inlinable package static var prime: UInt64 { 0x100_0000_01B3 }

    /// The number of what was added.
    package var value: UInt64

    /// Starts from nothing, or from a number of one's own.
    @inlinable
    package init(_ value: UInt64 = FNV.offset) {
        self.value = value
    }

    /// The number after one more step.
    @inlinable
    @inline(__always)
    package static func step(_ value: UInt64, _ number: UInt64) -> UInt64 {
        (value ^ number) &* prime
    }

    /// Adds a byte, or a number of one's own.
    @inlinable
    @inline(__always)
    package mutating func add(_ number: UInt64) {
        value = Self.step(value, number)
    }

    /// Adds bytes one by one.
    @inlinable
    package mutating func add(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { add(UInt64(byte)) }
    }
}
