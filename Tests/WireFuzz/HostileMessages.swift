import TestSupport

/// Makes the messages that hostile peers send: valid in form, with numbers that are not.
package struct HostileMessages {
    package var dice: MessageDice
    private let types: [(name: String, value: Int, message: String)]

    /// - Parameter without: Types that are never made, since they end the other side on purpose.
    package init(seed: UInt64, without: [String]) throws {
        let schema = try ProtoSchema.ours.get()
        dice = MessageDice(seed: seed, schema: schema)
        types = schema.types.filter { !without.contains($0.name) }
    }

    /// One message: its type, payload and raw frames.
    package mutating func next() -> (type: Int, payload: [UInt8], raw: [[UInt8]]) {
        let type = types[dice.dice.below(types.count)]
        let manner: MessageDice.Manner = dice.dice.once(in: 3) ? .within : .hostile
        let payload = dice.payload(type.message, manner)
        return (type.value, payload, raw(type.name))
    }

    /// Changes a header, mostly in what is counted with.
    package mutating func disturb(_ fields: inout HeaderFields, told: [String: [UInt64]]) {
        func edge(_ most: UInt64) -> UInt64 {
            [0, 1, most, most &+ 1, UInt64(Int64.max), 1 << 63, .max][dice.dice.below(7)]
        }
        fields.requestID = dice.dice.pick(told["request"] ?? []) ?? UInt64(dice.dice.below(50))
        fields.attempt = dice.dice.pick(told["attempt"] ?? []) ?? 0
        // Short, so that no question waits for long; else more than may be.
        fields.budgetMicroseconds = UInt64(1 + dice.dice.below(50_000))
        guard dice.dice.once(in: 3) else { return }
        switch dice.dice.below(6) {
        case 0: fields.epoch = edge(UInt64(Int32.max))
        case 1: fields.requestID = edge(UInt64(Int64.max))
        case 2: fields.attempt = edge(UInt64(Int64.max))
        case 3: fields.budgetMicroseconds = 86_400_000_001 + dice.dice.next() >> 1
        case 4: fields.credit = edge(1 << 30)
        default: fields.incarnation = dice.dice.next()
        }
    }

    private mutating func raw(_ type: String) -> [[UInt8]] {
        switch type {
        case "SEARCH_RESULT",
            "QUERY_ANSWER" where !dice.dice.once(in: 4):
            return hits()
        case "FETCH_RESULT",
            "PASSAGE_CHUNK" where !dice.dice.once(in: 4):
            return [block()]
        case "SEARCH", "FETCH": return [dice.dice.bytes(8 * dice.dice.below(20))]
        default:
            return (0..<dice.dice.below(3)).map { _ in
                let size = dice.dice.below(200)
                return dice.dice.bytes(size)
            }
        }
    }

    /// Counts, ordinals and scores that agree, or nearly.
    private mutating func hits() -> [[UInt8]] {
        let counts = (0..<1 + dice.dice.below(3)).map { _ in UInt32(dice.dice.below(4)) }
        let total = Int(counts.reduce(0, +)) + (dice.dice.once(in: 5) ? 1 : 0)
        var edges: [UInt64] = [0, 1, 5, 1 << 42, UInt64(Int64.max), 1 << 63, .max]
        edges += (0..<4).map { _ in UInt64(dice.dice.below(200)) }
        let ordinals = (0..<total).map { _ in edges[dice.dice.below(edges.count)] }
        let scores = (0..<total).map { _ in
            [1.5, -2, .nan, .infinity, -.infinity, 1e308][dice.dice.below(6)]
        }
        var heads = [counts.flatMap { little($0) }]
        if dice.dice.once(in: 8) { heads = [[UInt8](repeating: 0xff, count: 4096)] }
        return heads + [ordinals.flatMap { little($0) }, scores.flatMap { little($0.bitPattern) }]
    }

    /// A block of passages whose lengths may be anything.
    private mutating func block() -> [UInt8] {
        let counts: [UInt32] = [0, 1, 2, 1 << 16, .max]
        let count = counts[dice.dice.below(counts.count)]
        let sizes: [UInt32] = [0, 1, 3, 1 << 20, .max]
        let lengths = (0..<6).map { _ in sizes[dice.dice.below(sizes.count)] }
        return little(count) + lengths.flatMap { little($0) } + dice.dice.bytes(40)
    }

    private func little<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
        withUnsafeBytes(of: number.littleEndian) { Array($0) }
    }
}
