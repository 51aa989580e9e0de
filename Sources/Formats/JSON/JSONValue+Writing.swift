extension JSONValue: ExpressibleByDictionaryLiteral {
    /// Makes an object.
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(elements.map { Member($0.0, $0.1) })
    }
}

extension JSONValue {
    /// How a value is laid out.
    public enum Layout: Sendable {
        /// Without a blank.
        case compact
        /// A blank behind each comma and colon, as Python's `json.dumps` writes.
        case spaced
        /// Each member and element on a line of its own, as `json.dumps(indent=2)` writes.
        case indented
    }

    /// A count or a number of something.
    public static func integer(_ value: some BinaryInteger) -> JSONValue { .number(String(value)) }

    /// A measure, which must be finite; written with as few digits as read back the same.
    public static func real(_ value: Double) -> JSONValue {
        precondition(value.isFinite, "JSON has no way to write \(value)")
        return .number(value.description)
    }

    /// Makes an array of texts.
    public static func strings(_ texts: [String]) -> JSONValue { .array(texts.map { .string($0) }) }

    /// An object with a member more; the same where there is no value.
    package func with(_ name: String, _ value: JSONValue?) -> JSONValue {
        guard case .object(let members) = self, let value else { return self }
        return .object(members + [Member(name, value)])
    }

    /// An object with these members in place of those of their names, or behind all.
    package func setting(_ new: [(name: String, value: JSONValue)]) -> JSONValue {
        guard case .object(var members) = self else { return self }
        for (name, value) in new {
            if let place = members.lastIndex(where: { $0.isNamed(name) }) {
                members[place].value = value
            } else {
                members.append(Member(name, value))
            }
        }
        return .object(members)
    }

    /// The value on one line.
    public var text: String { text(.compact) }

    /// The value on one line.
    public func text(_ layout: Layout) -> String {
        String(decoding: bytes(layout), as: UTF8.self)
    }

    /// The value's text.
    public func bytes(_ layout: Layout = .compact) -> [UInt8] {
        var bytes: [UInt8] = []
        append(to: &bytes, layout, depth: 0)
        return bytes
    }

    private func append(to bytes: inout [UInt8], _ layout: Layout, depth: Int) {
        let comma = layout == .spaced ? ", " : ","
        func breakLine(_ depth: Int) {
            guard layout == .indented else { return }
            bytes.append(UInt8(ascii: "\n"))
            bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: 2 * depth))
        }
        switch self {
        case .object(let members):
            bytes.append(UInt8(ascii: "{"))
            for (index, member) in members.enumerated() {
                if index > 0 { bytes.append(contentsOf: comma.utf8) }
                breakLine(depth + 1)
                JSONText.append(member.name, to: &bytes)
                bytes.append(contentsOf: (layout == .compact ? ":" : ": ").utf8)
                member.value.append(to: &bytes, layout, depth: depth + 1)
            }
            if !members.isEmpty { breakLine(depth) }
            bytes.append(UInt8(ascii: "}"))
        case .array(let elements):
            bytes.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { bytes.append(contentsOf: comma.utf8) }
                breakLine(depth + 1)
                element.append(to: &bytes, layout, depth: depth + 1)
            }
            if !elements.isEmpty { breakLine(depth) }
            bytes.append(UInt8(ascii: "]"))
        case .string(let text): JSONText.append(text, to: &bytes)
        case .number(let text): bytes.append(contentsOf: text.utf8)
        case .bool(let value): bytes.append(contentsOf: (value ? "true" : "false").utf8)
        case .null: bytes.append(contentsOf: "null".utf8)
        }
    }
}
