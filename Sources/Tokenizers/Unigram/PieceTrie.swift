/// A trie over the bytes of a vocabulary in one array: a step from node to node is one load.
///
/// A node is its place in `units`; its child by a byte lies at the node's base XOR the byte. No two
/// nodes share a base, so the byte alone tells whose child a unit is (Aoe, An Efficient Digital
/// Search Algorithm by Using a Double-Array Structure, 1989).
struct PieceTrie: Sendable {
    /// Of each node: base << 32 | (value + 1) << 9 | byte + 1; 0 is no node.
    let units: [UInt64]

    /// The base of the root, where a walk begins.
    var root: Int { Self.base(units[0]) }

    /// Where the children of a node lie.
    @inline(__always)
    static func base(_ unit: UInt64) -> Int { Int(truncatingIfNeeded: unit >> 32) }

    /// The id of the token that ends at a node, or -1.
    @inline(__always)
    static func value(_ unit: UInt64) -> Int32 {
        Int32(truncatingIfNeeded: unit >> 9 & 0x7F_FFFF) - 1
    }

    /// Whether the unit is the child by this byte.
    @inline(__always)
    static func isChild(_ unit: UInt64, _ byte: UInt8) -> Bool {
        unit & 0x1FF == UInt64(byte) + 1
    }

    /// Builds the trie of all tokens; ids are below `Vocabulary.idLimit`.
    init(_ vocabulary: Vocabulary) {
        var keys: [Key] = []
        keys.reserveCapacity(vocabulary.count)
        vocabulary.forEach { id, bytes in
            if !bytes.isEmpty { keys.append(Key(bytes, id: id)) }
        }
        keys.sort()
        var builder = PieceTrieBuilder()
        builder.insert(keys)
        units = builder.units
    }

    /// A token with its first bytes in one number, so that most comparisons end there.
    struct Key: Comparable {
        let bytes: ArraySlice<UInt8>
        let id: Int32
        private let prefix: UInt64

        init(_ bytes: ArraySlice<UInt8>, id: Int32) {
            self.bytes = bytes
            self.id = id
            var prefix: UInt64 = 0
            for index in 0..<8 {
                let place = bytes.startIndex + index
                prefix = prefix << 8 | (place < bytes.endIndex ? UInt64(bytes[place]) : 0)
            }
            self.prefix = prefix
        }

        subscript(depth: Int) -> UInt8 { bytes[bytes.startIndex + depth] }

        static func < (left: Key, right: Key) -> Bool {
            left.prefix == right.prefix
                ? left.bytes.lexicographicallyPrecedes(right.bytes) : left.prefix < right.prefix
        }

        static func == (left: Key, right: Key) -> Bool {
            left.prefix == right.prefix && left.bytes == right.bytes
        }
    }
}

/// Finds the places of a trie's nodes; free units form a ring through which the search goes.
private struct PieceTrieBuilder {
    /// How many free units are tried before a block of 256 is added.
    private static let trials = 48

    private(set) var units: [UInt64] = []
    private var next: [Int32] = []
    private var previous: [Int32] = []
    private var isTaken: [Bool] = []
    /// Bases in use.
    private var isBase: [Bool] = []
    /// A free unit, or -1.
    private var free: Int32 = -1

    init() {
        grow()
        take(0)
    }

    /// A node whose children are still to be placed.
    private struct Work {
        var node: Int
        var keys: Range<Int>
        var depth: Int
    }

    /// Inserts sorted keys, depth first, so that the nodes of a word lie near each other.
    mutating func insert(_ keys: [PieceTrie.Key]) {
        var stack = [Work(node: 0, keys: keys.indices, depth: 0)]
        var labels: [UInt8] = []
        var starts: [Int] = []
        while let work = stack.popLast() {
            var first = work.keys.lowerBound
            if first < work.keys.upperBound, keys[first].bytes.count == work.depth {
                units[work.node] |= UInt64(keys[first].id + 1) << 9
                first += 1
            }
            labels.removeAll(keepingCapacity: true)
            starts.removeAll(keepingCapacity: true)
            for index in first..<work.keys.upperBound {
                let label = keys[index][work.depth]
                if labels.last == label { continue }
                labels.append(label)
                starts.append(index)
            }
            if labels.isEmpty { continue }
            starts.append(work.keys.upperBound)
            let base = base(for: labels)
            isBase[base] = true
            units[work.node] |= UInt64(base) << 32
            for label in labels {
                take(base ^ Int(label))
                units[base ^ Int(label)] = UInt64(label) + 1
            }
            for (place, label) in labels.enumerated().reversed() {
                stack.append(
                    Work(
                        node: base ^ Int(label), keys: starts[place]..<starts[place + 1],
                        depth: work.depth + 1))
            }
        }
    }

    /// A base of its own under which all labels are free.
    private mutating func base(for labels: [UInt8]) -> Int {
        var trial = 0
        while free >= 0, trial < Self.trials {
            let base = Int(free) ^ Int(labels[0])
            if !isBase[base], labels.allSatisfy({ !isTaken[base ^ Int($0)] }) { return base }
            free = next[Int(free)]
            trial += 1
        }
        let base = units.count
        grow()
        return base
    }

    /// Adds a block of free units.
    private mutating func grow() {
        let start = units.count
        units += repeatElement(0, count: 256)
        isTaken += repeatElement(false, count: 256)
        isBase += repeatElement(false, count: 256)
        let end = Int32(start + 256)
        next += Int32(start) + 1..<end + 1
        previous += Int32(start) - 1..<end - 1
        let first = free >= 0 ? free : Int32(start)
        let last = free >= 0 ? previous[Int(free)] : end - 1
        next[Int(end) - 1] = first
        previous[start] = last
        next[Int(last)] = free >= 0 ? Int32(start) : first
        previous[Int(first)] = end - 1
        free = Int32(start)
    }

    private mutating func take(_ unit: Int) {
        isTaken[unit] = true
        let after = next[unit]
        let before = previous[unit]
        next[Int(before)] = after
        previous[Int(after)] = before
        if free == Int32(unit) { free = after == Int32(unit) ? -1 : after }
    }
}
