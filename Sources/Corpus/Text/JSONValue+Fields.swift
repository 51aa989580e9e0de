package import Formats

/// Values as files of the field have them: an id may be a number, kept as it is written.
extension JSONValue {
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

extension Malformation {
    /// A JSON text is wrong.
    init(_ error: JSONError) {
        self =
            switch error.fault {
            case .syntax(let detail): .badJSON(column: error.offset + 1, detail: detail)
            case .notUTF8: .invalidUTF8
            case .nul: .nulCharacter
            case .wrongType(let field, let expected): .wrongType(field: field, expected: expected)
            }
    }
}
