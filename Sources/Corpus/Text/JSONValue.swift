/// A JSON value in memory; numbers keep their literal text.
package enum JSONValue: Equatable {
    case string(String)
    case number(String)
    case boolean(Bool)
    case null
    case array([JSONValue])
    /// Members in order; of two with one name the last is the one that counts.
    case object([(name: String, value: JSONValue)])

    package static func == (left: JSONValue, right: JSONValue) -> Bool {
        switch (left, right) {
        case (.string(let one), .string(let other)): one == other
        case (.number(let one), .number(let other)): one == other
        case (.boolean(let one), .boolean(let other)): one == other
        case (.null, .null): true
        case (.array(let one), .array(let other)): one == other
        case (.object(let one), .object(let other)):
            one.count == other.count && zip(one, other).allSatisfy { $0 == $1 }
        default: false
        }
    }

    /// Reads one value that is all of the text.
    static func parse(_ bytes: Span<UInt8>) throws(Malformation) -> JSONValue {
        var at = 0
        JSONText.skipSpace(bytes, &at)
        let value = try JSONText.value(bytes, &at)
        try JSONText.expectEnd(bytes, &at)
        return value
    }

    /// The member of an object, or nil; null counts as absent.
    package subscript(name: String) -> JSONValue? {
        guard case .object(let members) = self,
            let value = members.last(where: { $0.name == name })?.value, value != .null
        else { return nil }
        return value
    }

    /// The first of several members that is there.
    package func first(of names: [String]) -> (name: String, value: JSONValue)? {
        for name in names {
            if let value = self[name] { return (name, value) }
        }
        return nil
    }

    /// The text of a string, or of a number as it is written.
    package func identifier(field: String) throws(Malformation) -> String {
        switch self {
        case .string(let text), .number(let text): return text
        default: throw .wrongType(field: field, expected: "a string or a number")
        }
    }

    /// The text of a string.
    package func string(field: String) throws(Malformation) -> String {
        guard case .string(let text) = self else {
            throw .wrongType(field: field, expected: "a string")
        }
        return text
    }

    /// The elements of an array.
    package func array(field: String) throws(Malformation) -> [JSONValue] {
        guard case .array(let elements) = self else {
            throw .wrongType(field: field, expected: "an array")
        }
        return elements
    }
}

extension JSONText {
    /// Reads one value.
    static func value(
        _ bytes: Span<UInt8>, _ at: inout Int, depth: Int = 0
    ) throws(Malformation) -> JSONValue {
        guard at < bytes.count else { throw fault(at, "the text is cut off") }
        guard depth < maximumDepth else { throw fault(at, "nested too deeply") }
        var isFirst = true
        switch bytes[at] {
        case 0x22:
            return .string(try string(bytes, &at))
        case 0x7B:
            at += 1
            var members: [(name: String, value: JSONValue)] = []
            while let name = try nextName(bytes, &at, isFirst: &isFirst) {
                members.append((name, try value(bytes, &at, depth: depth + 1)))
            }
            return .object(members)
        case 0x5B:
            at += 1
            var elements: [JSONValue] = []
            while try nextItem(bytes, &at, isFirst: &isFirst, closing: 0x5D) {
                elements.append(try value(bytes, &at, depth: depth + 1))
            }
            return .array(elements)
        default:
            switch try scalar(bytes, &at) {
            case "true": return .boolean(true)
            case "false": return .boolean(false)
            case "null": return .null
            case let number: return .number(number)
            }
        }
    }
}
