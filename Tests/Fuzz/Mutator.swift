import TestSupport

extension Dice {
    mutating func byte() -> UInt8 { UInt8(truncatingIfNeeded: next()) }

    /// One of `items`, which are not empty.
    mutating func one<Element>(of items: [Element]) -> Element { items[below(items.count)] }
}

/// Damages inputs: one to eight small changes, some with words of the format, some spliced with
/// another input.
struct Mutator {
    let seeds: [[UInt8]]
    let words: [[UInt8]]
    /// Inputs do not grow beyond this.
    let limit: Int

    /// Numbers that readers tend to trip over.
    private static let numbers: [UInt64] = [
        0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF,
        0x7FFF_FFFF_FFFF_FFFF, 0x8000_0000_0000_0000, .max,
    ]

    func input(_ dice: inout Dice) -> [UInt8] {
        var bytes = dice.one(of: seeds)
        for _ in 0...dice.below(8) { change(&bytes, &dice) }
        return bytes.count > limit ? Array(bytes[..<limit]) : bytes
    }

    private func change(_ bytes: inout [UInt8], _ dice: inout Dice) {
        guard !bytes.isEmpty else {
            bytes = dice.one(of: words)
            return
        }
        let place = dice.below(bytes.count)
        let length = min(1 + dice.below(16), bytes.count - place)
        switch dice.below(10) {
        case 0: bytes[place] ^= 1 << UInt8(dice.below(8))
        case 1: bytes[place] = dice.byte()
        case 2: bytes.removeSubrange(place..<place + length)
        case 3: bytes.insert(contentsOf: bytes[place..<place + length], at: place)
        case 4: bytes.insert(contentsOf: dice.one(of: words), at: place)
        case 5: bytes.replaceSubrange(place..<place + length, with: dice.one(of: words))
        case 6:
            let number = dice.one(of: Self.numbers)
            for index in 0..<min(8, bytes.count - place) {
                bytes[place + index] = UInt8(truncatingIfNeeded: number >> UInt64(8 * index))
            }
        case 7:
            let other = dice.one(of: seeds)
            guard !other.isEmpty else { return }
            bytes.replaceSubrange(place..., with: other[dice.below(other.count)...])
        case 8: bytes.removeSubrange(place...)
        default: bytes[place] = bytes[place] &+ (dice.below(2) == 0 ? 1 : 255)
        }
    }
}
