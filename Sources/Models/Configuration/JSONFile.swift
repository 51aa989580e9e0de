import Base
package import Formats

/// A JSON file whose root is an object or an array, with typed access that names file and key.
package struct JSONFile: Sendable {
    /// Configuration files are small; a larger one is not a configuration.
    static let maximumBytes = 64 << 20

    package let path: String
    package let root: JSONValue

    package init(_ path: String, purpose: String) throws(ModelError) {
        let file = try MappedFile(path, purpose: purpose)
        guard file.bytes.count <= Self.maximumBytes else {
            throw .malformedFile(
                path: path, offset: Self.maximumBytes, reason: "the file is too large")
        }
        self.path = path
        do throws(JSONError) {
            root = try JSONValue(Array(file.bytes), .model)
        } catch {
            throw .malformedFile(path: path, offset: error.offset, reason: error.reason)
        }
    }

    package init(path: String, root: JSONValue) {
        self.path = path
        self.root = root
    }

    /// The value of a key, nil where it is absent or null.
    package subscript(key: String) -> JSONValue? { root[key] }

    /// The object under a key, nil where it is absent.
    package func object(_ key: String) throws(ModelError) -> JSONFile? {
        guard let value = self[key] else { return nil }
        guard case .object = value else { throw invalid(key, "is not an object") }
        return JSONFile(path: path, root: value)
    }

    package func invalid(_ key: String, _ reason: String) -> ModelError {
        .invalidConfiguration(path: path, key: key, reason: reason)
    }

    package func integer(_ key: String) throws(ModelError) -> Int? {
        guard let value = self[key] else { return nil }
        guard case .number(let text) = value, let number = Int(text) else {
            throw invalid(key, "is not an integer")
        }
        return number
    }

    /// An integer in `range` that must be there.
    package func integer(_ key: String, in range: ClosedRange<Int>) throws(ModelError) -> Int {
        guard let number = try integer(key) else { throw invalid(key, "is missing") }
        guard range.contains(number) else {
            throw invalid(key, "is \(number), outside \(range)")
        }
        return number
    }

    package func float(_ key: String) throws(ModelError) -> Double? {
        guard let value = self[key] else { return nil }
        guard case .number(let text) = value, let number = Double(text), number.isFinite else {
            throw invalid(key, "is not a number")
        }
        return number
    }

    package func bool(_ key: String) throws(ModelError) -> Bool? {
        guard let value = self[key] else { return nil }
        guard case .bool(let flag) = value else { throw invalid(key, "is not true or false") }
        return flag
    }

    package func string(_ key: String) throws(ModelError) -> String? {
        guard let value = self[key] else { return nil }
        guard case .string(let text) = value else { throw invalid(key, "is not a string") }
        return text
    }
}
