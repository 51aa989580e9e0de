import Base

/// A JSON text as values.
enum JSONValue: Equatable, Sendable {
    case null
    case bool(Bool)
    case number(String)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    init(_ bytes: UnsafeRawBufferPointer) throws(JSONError) {
        var scanner = JSONScanner(bytes)
        self = try Self.value(&scanner, depth: 0)
        try scanner.expectEnd()
    }

    private static func value(
        _ scanner: inout JSONScanner, depth: Int
    ) throws(JSONError) -> JSONValue {
        guard depth < JSONScanner.maximumDepth else {
            throw scanner.failure("JSON is nested more than \(JSONScanner.maximumDepth) deep")
        }
        switch scanner.peek() {
        case UInt8(ascii: "{"): return try object(&scanner, depth: depth)
        case UInt8(ascii: "["): return try array(&scanner, depth: depth)
        case UInt8(ascii: "\""): return .string(try scanner.string())
        case UInt8(ascii: "t"):
            try scanner.word("true")
            return .bool(true)
        case UInt8(ascii: "f"):
            try scanner.word("false")
            return .bool(false)
        case UInt8(ascii: "n"):
            try scanner.word("null")
            return .null
        default: return .number(try scanner.number())
        }
    }

    private static func object(
        _ scanner: inout JSONScanner, depth: Int
    ) throws(JSONError) -> JSONValue {
        try scanner.expect("{")
        var members: [String: JSONValue] = [:]
        if scanner.accept(UInt8(ascii: "}")) { return .object(members) }
        repeat {
            let key = try scanner.string()
            try scanner.expect(":")
            let value = try value(&scanner, depth: depth + 1)
            guard members.updateValue(value, forKey: key) == nil else {
                throw scanner.failure("the key \"\(key)\" occurs twice")
            }
        } while scanner.accept(UInt8(ascii: ","))
        try scanner.expect("}")
        return .object(members)
    }

    private static func array(
        _ scanner: inout JSONScanner, depth: Int
    ) throws(JSONError) -> JSONValue {
        try scanner.expect("[")
        var items: [JSONValue] = []
        if scanner.accept(UInt8(ascii: "]")) { return .array(items) }
        repeat {
            items.append(try value(&scanner, depth: depth + 1))
        } while scanner.accept(UInt8(ascii: ","))
        try scanner.expect("]")
        return .array(items)
    }
}

/// A JSON file whose root is an object or an array, with typed access that names file and key.
struct JSONFile: Sendable {
    /// Configuration files are small; a larger one is not a configuration.
    static let maximumBytes = 64 << 20

    let path: String
    let root: JSONValue

    init(_ path: String, purpose: String) throws(ModelError) {
        let file = try MappedFile(path, purpose: purpose)
        guard file.bytes.count <= Self.maximumBytes else {
            throw .malformedFile(
                path: path, offset: Self.maximumBytes, reason: "the file is too large")
        }
        self.path = path
        do {
            root = try JSONValue(file.bytes)
        } catch {
            throw .malformedFile(path: path, offset: error.offset, reason: error.reason)
        }
    }

    init(path: String, root: JSONValue) {
        self.path = path
        self.root = root
    }

    /// The value of a key, nil where it is absent or null.
    subscript(key: String) -> JSONValue? {
        guard case .object(let members) = root, let value = members[key], value != .null else {
            return nil
        }
        return value
    }

    /// The object under a key, nil where it is absent.
    func object(_ key: String) throws(ModelError) -> JSONFile? {
        guard let value = self[key] else { return nil }
        guard case .object = value else { throw invalid(key, "is not an object") }
        return JSONFile(path: path, root: value)
    }

    func invalid(_ key: String, _ reason: String) -> ModelError {
        .invalidConfiguration(path: path, key: key, reason: reason)
    }

    func integer(_ key: String) throws(ModelError) -> Int? {
        guard let value = self[key] else { return nil }
        guard case .number(let text) = value, let number = Int(text) else {
            throw invalid(key, "is not an integer")
        }
        return number
    }

    /// An integer in `range` that must be there.
    func integer(_ key: String, in range: ClosedRange<Int>) throws(ModelError) -> Int {
        guard let number = try integer(key) else { throw invalid(key, "is missing") }
        guard range.contains(number) else {
            throw invalid(key, "is \(number), outside \(range)")
        }
        return number
    }

    func float(_ key: String) throws(ModelError) -> Double? {
        guard let value = self[key] else { return nil }
        guard case .number(let text) = value, let number = Double(text), number.isFinite else {
            throw invalid(key, "is not a number")
        }
        return number
    }

    func bool(_ key: String) throws(ModelError) -> Bool? {
        guard let value = self[key] else { return nil }
        guard case .bool(let flag) = value else { throw invalid(key, "is not true or false") }
        return flag
    }

    func string(_ key: String) throws(ModelError) -> String? {
        guard let value = self[key] else { return nil }
        guard case .string(let text) = value else { throw invalid(key, "is not a string") }
        return text
    }
}
