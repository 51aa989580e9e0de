/// A trie over bytes, its edges in one open-addressing table; finds the longest key at a place.
///
/// Cost of a search: one probe a byte, at most as many as the longest key has bytes.
struct ByteTrie: Sendable {
    /// Slots of ((node << 8 | byte) + 1) << 32 | child; 0 is empty, and at most half are taken.
    private var slots: [UInt64]
    private var bits: Int
    private var edges = 0
    /// The value of the key that ends at each node, or -1.
    private var values: [Int32] = [-1]

    /// The node where searches start.
    static let root = 0
    /// Nodes are numbered in 24 bits, so that an edge fits half a slot.
    static let nodeLimit = 1 << 24 - 1

    init() {
        bits = 10
        slots = [UInt64](repeating: 0, count: 1 << 10)
    }

    /// Adds a key; false when the trie is full.
    mutating func insert(_ key: some Sequence<UInt8>, value: Int32) -> Bool {
        var node = Self.root
        for byte in key {
            if let next = child(of: node, byte) {
                node = next
                continue
            }
            let next = values.count
            if next >= Self.nodeLimit { return false }
            if 2 * (edges + 1) > slots.count { grow() }
            place(Self.edge(node, byte) << 32 | UInt64(next))
            edges += 1
            values.append(-1)
            node = next
        }
        values[node] = value
        return true
    }

    /// The node that the key leads to from the root.
    func node(of key: some Sequence<UInt8>) -> Int? {
        var node = Self.root
        for byte in key {
            guard let next = child(of: node, byte) else { return nil }
            node = next
        }
        return node
    }

    /// The longest key that starts at `start`, walking from `node`, with the place where it ends.
    ///
    /// Keys of no bytes are not found.
    @inline(__always)
    func longestMatch(
        from node: Int, in bytes: Span<UInt8>, start: Int, limit: Int
    ) -> (end: Int, value: Int32)? {
        var node = node
        var position = start
        var end = start
        var value: Int32 = -1
        while position < limit, let next = child(of: node, bytes[position]) {
            node = next
            position += 1
            if values[node] >= 0 {
                value = values[node]
                end = position
            }
        }
        return value >= 0 ? (end, value) : nil
    }

    @inline(__always)
    private func child(of node: Int, _ byte: UInt8) -> Int? {
        let edge = Self.edge(node, byte)
        let slots = self.slots.span
        let mask = slots.count - 1
        var slot = home(edge)
        while true {
            let entry = slots[slot]
            if entry >> 32 == edge { return Int(entry & 0xFFFF_FFFF) }
            if entry == 0 { return nil }
            slot = (slot + 1) & mask
        }
    }

    @inline(__always)
    private static func edge(_ node: Int, _ byte: UInt8) -> UInt64 {
        UInt64(node) << 8 + UInt64(byte) + 1
    }

    @inline(__always)
    private func home(_ edge: UInt64) -> Int {
        Int((edge &* 0x9E37_79B9_7F4A_7C15) >> UInt64(64 - bits))
    }

    private mutating func place(_ entry: UInt64) {
        var slot = home(entry >> 32)
        while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
        slots[slot] = entry
    }

    private mutating func grow() {
        let old = slots
        bits += 1
        slots = [UInt64](repeating: 0, count: 1 << bits)
        for entry in old where entry != 0 { place(entry) }
    }
}
