import Base

/// Tokens and their ids, both ways: all token bytes in one array, and an open-addressing table.
struct Vocabulary: Sendable {
    /// The largest id accepted, exclusive: ids index arrays.
    static let idLimit = 1 << 22

    private let pool: [UInt8]
    /// Where the bytes of each id begin and end in the pool; absent ids have start > end.
    private let starts: [UInt32]
    private let ends: [UInt32]
    /// Slots of (hash tag << 32 | id + 1); 0 is empty, and at most half are taken.
    private let slots: [UInt64]
    private let shift: UInt64
    /// Number of tokens.
    let count: Int

    /// The id after the largest one.
    var idCount: Int { starts.count }

    /// Builds the tables from (token, id) pairs.
    ///
    /// Errors name `path`; they call a token's place its id plus `firstPlace`.
    init(
        _ entries: [(token: String, id: Int)], path: String, firstPlace: Int = 0
    ) throws(TokenizerError) {
        if entries.isEmpty { throw .emptyVocabulary(path: path) }
        var idCount = 0
        for (token, id) in entries {
            // Gaps are legal, but an id far beyond the number of tokens is a damaged file.
            if id < 0 || id >= Self.idLimit || id > 16 * entries.count + 4096 {
                throw .invalidID(path: path, token: token, id: id)
            }
            idCount = max(idCount, id + 1)
        }
        var pool: [UInt8] = []
        var starts = [UInt32](repeating: 1, count: idCount)
        var ends = [UInt32](repeating: 0, count: idCount)
        for (token, id) in entries {
            if starts[id] <= ends[id] {
                let bytes = pool[Int(starts[id])..<Int(ends[id])]
                let first = String(decoding: bytes, as: UTF8.self)
                throw .duplicateID(path: path, id: id, tokens: [first, token])
            }
            if pool.count + token.utf8.count > Int(UInt32.max) {
                throw .fileTooLarge(path: path, bytes: pool.count, limit: Int(UInt32.max))
            }
            starts[id] = UInt32(pool.count)
            pool.append(contentsOf: token.utf8)
            ends[id] = UInt32(pool.count)
        }

        var bits = 4
        while (1 << bits) < 2 * entries.count { bits += 1 }
        var slots = [UInt64](repeating: 0, count: 1 << bits)
        let shift = UInt64(64 - bits)
        for (token, id) in entries {
            let range = Int(starts[id])..<Int(ends[id])
            let hash = ByteHash.of(pool[range])
            var slot = Int(hash >> shift)
            while slots[slot] != 0 {
                let other = Int(slots[slot] & 0xFFFF_FFFF) - 1
                if pool[Int(starts[other])..<Int(ends[other])].elementsEqual(pool[range]) {
                    throw .duplicateToken(
                        path: path, token: token, first: other + firstPlace,
                        second: id + firstPlace)
                }
                slot = (slot + 1) & (slots.count - 1)
            }
            slots[slot] = (hash & 0xFFFF_FFFF) << 32 | UInt64(id + 1)
        }
        self.pool = pool
        self.starts = starts
        self.ends = ends
        self.slots = slots
        self.shift = shift
        self.count = entries.count
    }

    /// The id of the token whose bytes these are; `hash` is theirs.
    @inline(__always)
    func id(of bytes: Span<UInt8>, hash: UInt64) -> Int32? {
        let slots = self.slots.span
        let mask = slots.count - 1
        var slot = Int(hash >> shift)
        while true {
            let entry = slots[slot]
            if entry == 0 { return nil }
            if entry >> 32 == hash & 0xFFFF_FFFF {
                let id = Int(entry & 0xFFFF_FFFF) - 1
                if isToken(id, bytes) { return Int32(truncatingIfNeeded: id) }
            }
            slot = (slot + 1) & mask
        }
    }

    @inline(__always)
    private func isToken(_ id: Int, _ bytes: Span<UInt8>) -> Bool {
        let start = Int(starts[id])
        if Int(ends[id]) - start != bytes.count { return false }
        let pool = self.pool.span
        for index in 0..<bytes.count where pool[start + index] != bytes[index] { return false }
        return true
    }

    /// The id of a token.
    func id(of token: String) -> Int32? {
        let bytes = Array(token.utf8)
        return id(of: bytes.span, hash: ByteHash.of(bytes))
    }

    /// The token of an id.
    func token(for id: Int32) -> String? {
        bytes(of: id).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The bytes of an id's token.
    func bytes(of id: Int32) -> ArraySlice<UInt8>? {
        guard id >= 0, id < starts.count, starts[Int(id)] <= ends[Int(id)] else { return nil }
        return pool[Int(starts[Int(id)])..<Int(ends[Int(id)])]
    }

    /// Calls back with every token's id and bytes, by id.
    func forEach(_ body: (Int32, ArraySlice<UInt8>) -> Void) {
        for id in 0..<starts.count {
            if let bytes = bytes(of: Int32(id)) { body(Int32(id), bytes) }
        }
    }
}

/// The hash of the tables here: FNV-1a over bytes, so that it can grow with a word, then one mix.
enum ByteHash {
    static var seed: UInt64 { FNV.offset }

    @inline(__always)
    static func step(_ state: UInt64, _ byte: UInt8) -> UInt64 {
        FNV.step(state, UInt64(byte))
    }

    @inline(__always)
    static func finish(_ state: UInt64) -> UInt64 {
        let mixed = (state ^ (state >> 32)) &* 0x9E37_79B9_7F4A_7C15
        return mixed ^ (mixed >> 29)
    }

    static func of(_ bytes: some Sequence<UInt8>) -> UInt64 {
        var state = seed
        for byte in bytes { state = step(state, byte) }
        return finish(state)
    }
}
