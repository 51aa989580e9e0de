/// The pairs of tokens that merge, each with its rank and what it becomes.
struct MergeTable: Sendable {
    /// What a pair becomes, and how early it does so.
    struct Merge {
        var rank: Int32
        var id: Int32
    }

    /// Slots of first << 32 | second, in an open-addressing table; no pair is all ones.
    private var keys: [UInt64]
    private var merges: [Merge]
    private let shift: UInt64

    private static let empty = UInt64.max

    /// Room for `count` pairs, so that at most half of the slots are taken.
    init(capacity count: Int) {
        var bits = 4
        while (1 << bits) < 2 * count { bits += 1 }
        keys = [UInt64](repeating: Self.empty, count: 1 << bits)
        merges = [Merge](repeating: Merge(rank: 0, id: 0), count: 1 << bits)
        shift = UInt64(64 - bits)
    }

    /// Adds a pair; false where it is there already.
    mutating func insert(_ first: Int32, _ second: Int32, _ merge: Merge) -> Bool {
        let key = Self.key(first, second)
        var slot = home(key)
        while keys[slot] != Self.empty {
            if keys[slot] == key { return false }
            slot = (slot + 1) & (keys.count - 1)
        }
        keys[slot] = key
        merges[slot] = merge
        return true
    }

    /// What the pair becomes, or nil.
    @inline(__always)
    func merge(_ first: Int32, _ second: Int32) -> Merge? {
        let key = Self.key(first, second)
        let keys = self.keys.span
        var slot = home(key)
        while true {
            let found = keys[slot]
            if found == key { return merges[slot] }
            if found == Self.empty { return nil }
            slot = (slot + 1) & (keys.count - 1)
        }
    }

    @inline(__always)
    private static func key(_ first: Int32, _ second: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: first)) << 32 | UInt64(UInt32(bitPattern: second))
    }

    @inline(__always)
    private func home(_ key: UInt64) -> Int {
        let mixed = (key ^ (key >> 29)) &* 0x9E37_79B9_7F4A_7C15
        return Int(((mixed ^ (mixed >> 32)) &* 0x9E37_79B9_7F4A_7C15) >> shift)
    }
}
