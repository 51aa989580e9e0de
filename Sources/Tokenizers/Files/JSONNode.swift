import Formats

extension JSONValue {
    /// What messages call the value.
    var kind: String {
        switch self {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .number(let text): "the number \(text.prefix(60))"
        case .string(let text): "the string '\(text.prefix(60))'"
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

    /// Reads one document.
    static func read(_ bytes: [UInt8], path: String) throws(TokenizerError) -> JSONNode {
        // A byte order mark is not JSON, but editors leave one.
        let mark = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        do throws(JSONError) {
            let value = try JSONValue(bytes.span.extracting(mark..<bytes.count), .model)
            return JSONNode(path: path, key: "", value: value)
        } catch {
            let offset = mark + error.offset
            throw .malformedJSON(
                path: path, line: 1 + bytes[..<min(offset, bytes.count)].count { $0 == 0x0A },
                offset: offset, reason: error.reason)
        }
    }

    /// The member of an object; nil where absent or null.
    func member(_ name: String) throws(TokenizerError) -> JSONNode? {
        guard case .object(let members) = value else { throw wrongType("an object") }
        guard let found = members.first(where: { $0.isNamed(name) }), found.value != .null else {
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
            let name = key.isEmpty ? member.name : "\(key).\(member.name)"
            return (member.name, JSONNode(path: path, key: name, value: member.value))
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
        guard case .number(let text) = value, let number = Int(text) else {
            throw wrongType("a whole number")
        }
        return number
    }

    func wrongType(_ expected: String) -> TokenizerError {
        .wrongType(
            path: path, key: key.isEmpty ? "the document" : key, expected: expected,
            found: value.kind)
    }

    /// An error: this value is none of those that are built.
    func unsupported(_ supported: String) -> TokenizerError {
        .unsupported(path: path, key: key, value: value.kind, supported: supported)
    }

    /// Refuses any string but this one.
    func demand(_ wanted: String) throws(TokenizerError) {
        if try string() != wanted { throw unsupported(wanted) }
    }
}
