package import TestSupport

/// Makes messages at random from the schema: bytes that another implementation might send.
package struct MessageDice: Sendable {
    /// What the numbers of a message are.
    package enum Manner: Sendable {
        /// All within their limits.
        case within
        /// Some beyond them, or where arithmetic might overflow.
        case hostile
    }

    /// The random numbers.
    package var dice: Dice
    /// Values to choose from for fields of a name, such as collections that are there.
    package var known: [String: [String]] = [:]
    /// Numbers to choose from for fields of a name, such as a batch that is leased.
    package var knownNumbers: [String: [UInt64]] = [:]
    private let schema: ProtoSchema

    package init(seed: UInt64, schema: ProtoSchema) {
        dice = Dice(seed: seed)
        self.schema = schema
    }

    /// The payload of a message.
    package mutating func payload(_ message: String, _ manner: Manner) -> [UInt8] {
        var writer = ProtoWriter()
        let fields = schema.messages[message] ?? []
        for field in fields.sorted(by: { $0.number < $1.number }) {
            write(field, manner, to: &writer)
        }
        return writer.bytes
    }

    private mutating func write(
        _ field: ProtoSchema.Field, _ manner: Manner, to writer: inout ProtoWriter
    ) {
        switch field.kind {
        case .number(let most, let bits):
            guard field.isList else {
                return writer.number(number(field.name, most, bits, manner), at: field.number)
            }
            let count = count(of: field, manner)
            writer.numbers(
                (0..<count).map { _ in number(field.name, most, bits, manner) }, at: field.number)
        case .fixed(let bytes):
            writer.fixed(dice.next() >> UInt64(dice.below(64)), bytes: bytes, at: field.number)
        case .boolean: writer.number(UInt64(dice.below(2)), at: field.number)
        case .enumeration(let name):
            writer.number(choice(name, manner), at: field.number)
        case .text, .processName, .collectionName, .sha256:
            for _ in 0..<count(of: field, manner) {
                let text = Array(text(of: field, manner).utf8)
                writer.block(text, at: field.number, evenIfEmpty: field.isList)
            }
        case .message(let name):
            guard field.isList || dice.below(4) > 0 else { return }
            for _ in 0..<count(of: field, manner) {
                writer.block(
                    payload(name, manner), at: field.number, evenIfEmpty: field.isList)
            }
        }
    }

    private mutating func count(of field: ProtoSchema.Field, _ manner: Manner) -> Int {
        guard field.isList else { return 1 }
        if field.mostElements == 1 { return dice.below(manner == .hostile ? 3 : 2) }
        if manner == .hostile, dice.once(in: 200), let most = field.mostElements {
            return min(most + dice.below(2), 9000)
        }
        return dice.below(4)
    }

    private mutating func choice(_ name: String, _ manner: Manner) -> UInt64 {
        if manner == .hostile, dice.once(in: 10) {
            return [9, 127, UInt64(UInt32.max), UInt64(Int32.max)][dice.below(4)]
        }
        return UInt64(dice.pick(schema.enumerations[name] ?? [])?.value ?? 0)
    }
}

// MARK: - Values

extension MessageDice {
    /// Numbers at which arithmetic goes wrong, beside the limits themselves.
    private static let edges: [UInt64] = [
        0, 1, 2, 3, 255, 65_535, 65_536, 65_537, 1 << 31, (1 << 31) - 1, 1 << 32, (1 << 32) - 1,
        (1 << 53) + 1, UInt64(Int64.max), UInt64(Int64.max) + 1, UInt64.max - 1, .max,
        // Microseconds whose nanoseconds no longer fit.
        9_223_372_036_854_776, 18_446_744_073_709_552,
    ]

    private mutating func number(
        _ name: String, _ most: UInt64, _ bits: Int, _ manner: Manner
    ) -> UInt64 {
        if let known = knownNumbers[name], dice.below(3) > 0, let number = dice.pick(known) {
            return number
        }
        let within = most == .max ? dice.next() : dice.next() % (most + 1)
        // Small and large numbers alike: they are written with different lengths.
        let short = within >> UInt64(dice.below(64))
        guard manner == .hostile, dice.below(3) > 0 else { return dice.once(in: 8) ? most : short }
        let hostile: UInt64 =
            switch dice.below(6) {
            case 0: most
            case 1: most == .max ? .max : most + 1
            case 2: most > 0 ? most - 1 : 0
            case 3: dice.next() >> UInt64(dice.below(64))
            default: Self.edges[dice.below(Self.edges.count)]
            }
        return bits == 32 ? hostile & UInt64(UInt32.max) : hostile
    }

    private mutating func text(of field: ProtoSchema.Field, _ manner: Manner) -> String {
        if let known = known[field.name], dice.below(8) > 0, let text = dice.pick(known) {
            return text
        }
        if field.canBeEmpty, dice.once(in: 3) { return "" }
        if manner == .hostile, dice.once(in: 4) { return hostileText() }
        return switch field.kind {
        case .processName: name(1 + dice.below(64))
        case .collectionName: name(1 + dice.below(128))
        case .sha256: digest()
        case .text(let most): anyText(min(most ?? 40, 40))
        default: ""
        }
    }

    private mutating func name(_ count: Int) -> String {
        let letters = Array("abcXYZ019-_")
        let rest = letters + ["."]
        return String((0..<count).map { $0 == 0 ? letters[dice.below(11)] : rest[dice.below(12)] })
    }

    private mutating func digest() -> String {
        let digits = Array("0123456789abcdef")
        return String((0..<64).map { _ in digits[dice.below(16)] })
    }

    private mutating func anyText(_ mostBytes: Int) -> String {
        let letters = Array("abcXYZ019 -_/.\u{1}\u{7f}äß€漢字😀\u{301}")
        var text = ""
        for _ in 0..<dice.below(12) {
            let letter = letters[dice.below(letters.count)]
            guard text.utf8.count + String(letter).utf8.count <= mostBytes else { break }
            text.append(letter)
        }
        return text
    }

    private mutating func hostileText() -> String {
        let long = String(repeating: "n", count: [64, 65, 128, 129, 513, 5000][dice.below(6)])
        let texts = [
            "../../../x", "..", ".hidden", "a/b", "\u{1b}[2J", "", long, digest().uppercased(),
            String(digest().dropLast()),
        ]
        return texts[dice.below(texts.count)]
    }
}
