/// A JSON value whose members keep their order, for output that programs read.
public indirect enum JSONDocument: Equatable, Sendable {
    /// Members in the order in which they are written.
    case object([Member])
    /// Elements.
    case array([JSONDocument])
    /// Text.
    case string(String)
    /// A count or a number of something.
    case integer(UInt64)
    /// A measure; written with as few digits as read back the same. Must be finite.
    case number(Double)
    /// A truth value.
    case bool(Bool)
    /// Nothing known.
    case null

    /// A name with its value.
    public struct Member: Equatable, Sendable {
        /// The name.
        public var name: String
        /// The value.
        public var value: JSONDocument

        /// Makes a member.
        public init(_ name: String, _ value: JSONDocument) {
            self.name = name
            self.value = value
        }
    }
}

extension JSONDocument: ExpressibleByDictionaryLiteral {
    /// Makes an object.
    public init(dictionaryLiteral elements: (String, JSONDocument)...) {
        self = .object(elements.map { Member($0.0, $0.1) })
    }

    /// Makes an array of texts.
    static func strings(_ texts: [String]) -> JSONDocument { .array(texts.map { .string($0) }) }
}

extension JSONDocument {
    /// An object with a member more; the same where there is no value.
    func with(_ name: String, _ value: JSONDocument?) -> JSONDocument {
        guard case .object(let members) = self, let value else { return self }
        return .object(members + [Member(name, value)])
    }

    /// The value on one line.
    public var text: String {
        var bytes: [UInt8] = []
        append(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Appends the value's text, on one line.
    func append(to bytes: inout [UInt8]) {
        switch self {
        case .object(let members):
            bytes.append(UInt8(ascii: "{"))
            for (index, member) in members.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                JSONDocument.append(member.name, to: &bytes)
                bytes.append(UInt8(ascii: ":"))
                member.value.append(to: &bytes)
            }
            bytes.append(UInt8(ascii: "}"))
        case .array(let elements):
            bytes.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                element.append(to: &bytes)
            }
            bytes.append(UInt8(ascii: "]"))
        case .string(let text): JSONDocument.append(text, to: &bytes)
        case .integer(let value): bytes.append(contentsOf: String(value).utf8)
        case .number(let value):
            precondition(value.isFinite, "JSON has no way to write \(value)")
            bytes.append(contentsOf: value.description.utf8)
        case .bool(let value): bytes.append(contentsOf: (value ? "true" : "false").utf8)
        case .null: bytes.append(contentsOf: "null".utf8)
        }
    }

    private static func append(_ text: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): bytes.append(contentsOf: "\\\"".utf8)
            case UInt8(ascii: "\\"): bytes.append(contentsOf: "\\\\".utf8)
            case UInt8(ascii: "\n"): bytes.append(contentsOf: "\\n".utf8)
            case UInt8(ascii: "\r"): bytes.append(contentsOf: "\\r".utf8)
            case UInt8(ascii: "\t"): bytes.append(contentsOf: "\\t".utf8)
            case 0..<0x20:
                let digits = String(byte, radix: 16)
                bytes.append(contentsOf: (digits.count == 1 ? "\\u000" : "\\u00").utf8)
                bytes.append(contentsOf: digits.utf8)
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
