/// A strict JSON reader (RFC 8259) that knows where it stands and bounds its depth.
///
/// Bytes must be UTF-8 already. Keys that stand twice in an object are an error: in a vocabulary
/// they would silently lose an id.
struct JSONReader {
    /// Deeper nesting than any tokenizer file has.
    static let depthLimit = 64

    private let path: String
    private let bytes: [UInt8]
    private var position = 0

    /// Reads one document.
    static func read(_ bytes: [UInt8], path: String) throws(TokenizerError) -> JSONNode {
        var reader = JSONReader(path: path, bytes: bytes)
        // A byte order mark is not JSON, but editors leave one.
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { reader.position = 3 }
        let value = try reader.value(depth: 0)
        reader.skipSpace()
        if reader.position < bytes.count { throw reader.malformed("text after the document") }
        return JSONNode(path: path, key: "", value: value)
    }

    private init(path: String, bytes: [UInt8]) {
        self.path = path
        self.bytes = bytes
    }

    private func malformed(_ reason: String, at place: Int? = nil) -> TokenizerError {
        let offset = place ?? position
        let line = 1 + bytes[..<min(offset, bytes.count)].count { $0 == 0x0A }
        return .malformedJSON(path: path, line: line, offset: offset, reason: reason)
    }

    private mutating func skipSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            default: return
            }
        }
    }

    private func peek() -> UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func expect(_ byte: UInt8, _ what: String) throws(TokenizerError) {
        skipSpace()
        guard let next = peek() else { throw malformed("the file ends where \(what) should be") }
        if next != byte { throw malformed("expected \(what)") }
        position += 1
    }

    private mutating func value(depth: Int) throws(TokenizerError) -> JSONValue {
        if depth > Self.depthLimit { throw malformed("nested deeper than \(Self.depthLimit)") }
        skipSpace()
        guard let byte = peek() else { throw malformed("the file ends where a value should be") }
        switch byte {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return try number()
        }
    }

    private mutating func word(
        _ word: String, _ value: JSONValue
    ) throws(TokenizerError) -> JSONValue {
        if !bytes[position...].starts(with: word.utf8) { throw malformed("unknown word") }
        position += word.utf8.count
        return value
    }

    private mutating func object(depth: Int) throws(TokenizerError) -> JSONValue {
        position += 1
        var members: [JSONValue.Member] = []
        var keys: Set<TokenKey> = []
        skipSpace()
        if peek() == UInt8(ascii: "}") {
            position += 1
            return .object([])
        }
        while true {
            skipSpace()
            let start = position
            if peek() != UInt8(ascii: "\"") { throw malformed("expected a key in quotes") }
            let key = try string()
            if !keys.insert(TokenKey(key)).inserted {
                throw malformed("key '\(key.prefix(60))' stands twice in an object", at: start)
            }
            try expect(UInt8(ascii: ":"), "a colon")
            members.append(JSONValue.Member(key: key, value: try value(depth: depth + 1)))
            skipSpace()
            if peek() == UInt8(ascii: ",") {
                position += 1
                continue
            }
            try expect(UInt8(ascii: "}"), "a comma or }")
            return .object(members)
        }
    }

    private mutating func array(depth: Int) throws(TokenizerError) -> JSONValue {
        position += 1
        var values: [JSONValue] = []
        skipSpace()
        if peek() == UInt8(ascii: "]") {
            position += 1
            return .array([])
        }
        while true {
            values.append(try value(depth: depth + 1))
            skipSpace()
            if peek() == UInt8(ascii: ",") {
                position += 1
                continue
            }
            try expect(UInt8(ascii: "]"), "a comma or ]")
            return .array(values)
        }
    }

    private mutating func number() throws(TokenizerError) -> JSONValue {
        let start = position
        var isReal = false
        loop: while let byte = peek() {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): break
            case UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"), UInt8(ascii: "+"):
                isReal = true
            default: break loop
            }
            position += 1
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        let digits = text.hasPrefix("-") ? text.dropFirst() : text[...]
        let leadsWithZero = digits.hasPrefix("0") && digits.dropFirst().first?.isNumber == true
        if !leadsWithZero, digits.first?.isNumber == true, text.last?.isNumber == true {
            if !isReal, let integer = Int(text) { return .integer(integer) }
            if let real = Double(text), real.isFinite { return .real(real) }
        }
        throw malformed(text.isEmpty ? "expected a value" : "not a number", at: start)
    }

    private mutating func string() throws(TokenizerError) -> String {
        position += 1
        let start = position
        while let byte = peek() {
            if byte == UInt8(ascii: "\"") {
                position += 1
                return String(decoding: bytes[start..<position - 1], as: UTF8.self)
            }
            if byte == UInt8(ascii: "\\") { return try escapedString(from: start) }
            if byte < 0x20 { throw malformed("a control character inside a string") }
            position += 1
        }
        throw malformed("the file ends inside a string")
    }

    /// The rest of a string that holds an escape at the position.
    private mutating func escapedString(from start: Int) throws(TokenizerError) -> String {
        var out = Array(bytes[start..<position])
        while let byte = peek() {
            position += 1
            if byte == UInt8(ascii: "\"") { return String(decoding: out, as: UTF8.self) }
            if byte < 0x20 { throw malformed("a control character inside a string") }
            if byte != UInt8(ascii: "\\") {
                out.append(byte)
                continue
            }
            guard let escape = peek() else { break }
            position += 1
            switch escape {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): out.append(escape)
            case UInt8(ascii: "b"): out.append(0x08)
            case UInt8(ascii: "f"): out.append(0x0C)
            case UInt8(ascii: "n"): out.append(0x0A)
            case UInt8(ascii: "r"): out.append(0x0D)
            case UInt8(ascii: "t"): out.append(0x09)
            case UInt8(ascii: "u"): UTF8Scalar.append(try unicodeEscape(), to: &out)
            default: throw malformed("unknown escape", at: position - 2)
            }
        }
        throw malformed("the file ends inside a string")
    }

    private mutating func unicodeEscape() throws(TokenizerError) -> UInt32 {
        let start = position - 2
        let first = try hexDigits()
        if first & 0xFC00 == 0xD800, bytes[position...].starts(with: [0x5C, 0x75]) {
            position += 2
            let second = try hexDigits()
            if second & 0xFC00 == 0xDC00 {
                return 0x10000 + (first & 0x3FF) << 10 + second & 0x3FF
            }
        }
        if first & 0xF800 == 0xD800 { throw malformed("half a surrogate pair", at: start) }
        return first
    }

    private mutating func hexDigits() throws(TokenizerError) -> UInt32 {
        let digits = bytes[position..<min(position + 4, bytes.count)]
        let text = String(decoding: digits, as: UTF8.self)
        guard digits.count == 4, text.allSatisfy(\.isHexDigit), let value = UInt32(text, radix: 16)
        else { throw malformed("an escape needs four hexadecimal digits") }
        position += 4
        return value
    }
}
