/// A JSON document as read by `JSONReader`.
indirect enum JSONValue: Equatable, Sendable {
    case null
    case bool(Bool)
    case integer(Int)
    case real(Double)
    case string(String)
    case array([JSONValue])
    /// Members in the order of the file; keys are distinct.
    case object([Member])

    /// One key with its value.
    struct Member: Equatable, Sendable {
        var key: String
        var value: JSONValue
    }

    /// What messages call the value.
    var kind: String {
        switch self {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .integer(let value): "the number \(value)"
        case .real(let value): "the number \(value)"
        case .string(let value): "the string '\(value.prefix(60))'"
        case .array: "an array"
        case .object: "an object"
        }
    }
}

/// A value with its place, so that errors can say where.
struct JSONNode {
    let path: String
    let key: String
    let value: JSONValue

    /// The member of an object; nil where absent or null.
    func member(_ name: String) throws(TokenizerError) -> JSONNode? {
        guard case .object(let members) = value else { throw wrongType("an object") }
        guard let found = members.first(where: { $0.key == name }), found.value != .null else {
            return nil
        }
        return JSONNode(path: path, key: key.isEmpty ? name : "\(key).\(name)", value: found.value)
    }

    /// The member of an object, which must be there.
    func required(_ name: String) throws(TokenizerError) -> JSONNode {
        if let node = try member(name) { return node }
        throw .missingKey(path: path, key: key.isEmpty ? name : "\(key).\(name)")
    }

    /// All members of an object.
    func members() throws(TokenizerError) -> [(name: String, node: JSONNode)] {
        guard case .object(let members) = value else { throw wrongType("an object") }
        return members.map { member in
            let name = key.isEmpty ? member.key : "\(key).\(member.key)"
            return (member.key, JSONNode(path: path, key: name, value: member.value))
        }
    }

    /// All elements of an array.
    func elements() throws(TokenizerError) -> [JSONNode] {
        guard case .array(let values) = value else { throw wrongType("an array") }
        return values.enumerated().map {
            JSONNode(path: path, key: "\(key)[\($0.offset)]", value: $0.element)
        }
    }

    func string() throws(TokenizerError) -> String {
        guard case .string(let text) = value else { throw wrongType("a string") }
        return text
    }

    func bool() throws(TokenizerError) -> Bool {
        guard case .bool(let flag) = value else { throw wrongType("true or false") }
        return flag
    }

    func integer() throws(TokenizerError) -> Int {
        guard case .integer(let number) = value else { throw wrongType("a whole number") }
        return number
    }

    func wrongType(_ expected: String) -> TokenizerError {
        .wrongType(
            path: path, key: key.isEmpty ? "the document" : key, expected: expected,
            found: value.kind)
    }
}
