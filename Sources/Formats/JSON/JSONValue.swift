import Base

/// A JSON value: what was read, or what is to be written.
public indirect enum JSONValue: Equatable, Sendable {
    /// Members in order; of two with one name the last is the one that counts.
    case object([Member])
    /// Elements.
    case array([JSONValue])
    /// Text.
    case string(String)
    /// A number as it is written; see `integer(_:)` and `real(_:)`.
    case number(String)
    /// A truth value.
    case bool(Bool)
    /// Nothing known.
    case null

    /// A name with its value.
    public struct Member: Equatable, Sendable {
        /// The name.
        public var name: String
        /// The value.
        public var value: JSONValue

        /// Makes a member.
        public init(_ name: String, _ value: JSONValue) {
            self.name = name
            self.value = value
        }

        /// Whether this is the member's name, byte by byte: what Unicode holds for equal is not,
        /// and takes a time that grows with the square of the marks on one letter.
        package func isNamed(_ name: String) -> Bool {
            self.name.utf8.count == name.utf8.count && self.name.utf8.elementsEqual(name.utf8)
        }
    }
}

extension JSONValue {
    /// Reads one value that is all of the text.
    package init(_ bytes: Span<UInt8>, _ source: JSONSource) throws(JSONError) {
        var at = 0
        JSONText.skipSpace(bytes, &at)
        self = try JSONText.value(bytes, &at, source)
        try JSONText.expectEnd(bytes, &at)
    }

    /// Reads one value that is all of the text.
    package init(_ bytes: [UInt8], _ source: JSONSource) throws(JSONError) {
        try self.init(bytes.span, source)
    }

    /// The member of an object, or nil; null counts as absent.
    package subscript(name: String) -> JSONValue? {
        guard case .object(let members) = self,
            let value = members.last(where: { $0.isNamed(name) })?.value, value != .null
        else { return nil }
        return value
    }
}

extension JSONText {
    /// Reads one value.
    package static func value(
        _ bytes: Span<UInt8>, _ at: inout Int, _ source: JSONSource, depth: Int = 0
    ) throws(JSONError) -> JSONValue {
        guard at < bytes.count else { throw fault(at, "the text is cut off") }
        guard depth < maximumDepth else { throw fault(at, "nested deeper than \(maximumDepth)") }
        var isFirst = true
        switch bytes[at] {
        case 0x22:
            return .string(try string(bytes, &at, source))
        case 0x7B:
            at += 1
            var members: [JSONValue.Member] = []
            var names: Set<ExactName> = []
            var start = at
            while let name = try nextName(bytes, &at, isFirst: &isFirst, source) {
                if source.refusesRepeatedNames, !names.insert(ExactName(name)).inserted {
                    throw fault(start, "the key \"\(name.prefix(60))\" occurs twice")
                }
                let value = try value(bytes, &at, source, depth: depth + 1)
                members.append(JSONValue.Member(name, value))
                start = at
            }
            return .object(members)
        case 0x5B:
            at += 1
            var elements: [JSONValue] = []
            while try nextItem(bytes, &at, isFirst: &isFirst, closing: 0x5D) {
                elements.append(try value(bytes, &at, source, depth: depth + 1))
            }
            return .array(elements)
        default:
            let start = at
            switch try scalar(bytes, &at) {
            case "true": return .bool(true)
            case "false": return .bool(false)
            case "null": return .null
            case let number:
                guard source == .data || Double(number)?.isFinite == true else {
                    throw fault(start, "the number \(number.prefix(60)) is beyond 64-bit floats")
                }
                return .number(number)
            }
        }
    }
}

/// A name by its bytes: two tokens that Unicode holds for equal are two names.
struct ExactName: Hashable {
    private let text: String

    init(_ text: String) { self.text = text }

    static func == (one: ExactName, other: ExactName) -> Bool {
        one.text.utf8.elementsEqual(other.text.utf8)
    }

    func hash(into hasher: inout Hasher) {
        var hash = FNV()
        hash.add(text.utf8)
        hasher.combine(hash.value)
    }
}
