import Foundation
import TestSupport

/// The messages of `proto/`, read as text: fields, and what their comments let them hold.
///
/// It knows nothing of the code that is tested: what it writes is another implementation's view.
package struct ProtoSchema: Sendable {
    /// What a field is, and what its comment lets it hold.
    package enum Kind: Equatable, Sendable {
        /// A number of at most so much.
        case number(most: UInt64, bits: Int)
        /// A number of a fixed width of bytes, whatever it is.
        case fixed(bytes: Int)
        case boolean
        /// A text of at most so many bytes; nil: as many as a payload takes.
        case text(most: Int?)
        case processName, collectionName, sha256
        case enumeration(String)
        case message(String)
    }

    /// One field of a message.
    package struct Field: Equatable, Sendable {
        package var name: String
        package var number: Int
        package var kind: Kind
        package var isList = false
        /// The most elements of a list, where its comment says so.
        package var mostElements: Int?
        package var canBeEmpty = false
        /// Whether a number's comment states what it may hold.
        package var statesLimit = true
    }

    /// Fields of each message, by its name.
    package private(set) var messages: [String: [Field]] = [:]
    /// Names and values of each enumeration, by its name.
    package private(set) var enumerations: [String: [(name: String, value: Int)]] = [:]

    /// The files of this repository.
    package static let ours = Result { try ProtoSchema(TestFiles.repository + "/proto/sheaf/v1") }

    /// Reads the files of a folder.
    package init(_ folder: String) throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder)
        let texts = try names.filter { $0.hasSuffix(".proto") }.sorted().map {
            try String(contentsOfFile: "\(folder)/\($0)", encoding: .utf8)
        }
        for text in texts { readEnumerations(text) }
        for text in texts { readMessages(text) }
    }

    /// The types of messages, in their order: `SEGMENT_READY` carries `SegmentReady`.
    package var types: [(name: String, value: Int, message: String)] {
        (messages["Message"] ?? []).compactMap { field in
            guard case .message(let message) = field.kind else { return nil }
            return (field.name.uppercased(), field.number, message)
        }
    }

    private mutating func readEnumerations(_ text: String) {
        for match in text.matches(of: /enum (\w+) \{([^}]*)\}/) {
            enumerations[String(match.1)] = match.2.matches(of: /(\w+) = (\d+);/).compactMap {
                guard let value = Int($0.2) else { return nil }
                return (String($0.1), value)
            }
        }
    }

    private mutating func readMessages(_ text: String) {
        for match in text.matches(of: /message (\w+) \{([^}]*)\}/) {
            messages[String(match.1)] = match.2
                .matches(of: /(repeated )?(\w+) (\w+) = (\d+);[ ]*(?:\/\/ ([^\n]*))?/)
                .compactMap { line in
                    guard let number = Int(line.4) else { return nil }
                    return field(
                        String(line.2), String(line.3), number, isList: line.1 != nil,
                        comment: line.5.map(String.init) ?? "")
                }
        }
    }

    private func field(
        _ type: String, _ name: String, _ number: Int, isList: Bool, comment: String
    ) -> Field {
        var value = comment
        var field = Field(name: name, number: number, kind: .boolean, isList: isList)
        if isList {
            field.mostElements =
                comment.hasPrefix("none or one")
                ? 1 : comment.prefixMatch(of: /up to ([\d,]+)/).flatMap { whole($0.1) }
            value = comment.firstMatch(of: /, each (.*)/).map { String($0.1) } ?? ""
        }
        field.canBeEmpty = comment.contains(/, or empty|; empty/)
        switch type {
        case "uint32", "uint64":
            let limit = value.prefixMatch(of: /at most ([\d,]+)/).flatMap {
                UInt64($0.1.filter { $0 != "," })
            }
            field.statesLimit = limit != nil || value.hasPrefix("any value")
            field.kind = .number(
                most: limit ?? (type == "uint32" ? UInt64(UInt32.max) : .max),
                bits: type == "uint32" ? 32 : 64)
        case "fixed32", "fixed64":
            field.statesLimit = value.hasPrefix("any value")
            field.kind = .fixed(bytes: type == "fixed32" ? 4 : 8)
        case "bool": field.kind = .boolean
        case "string": (field.kind, field.canBeEmpty) = text(value, field.canBeEmpty)
        default: field.kind = enumerations[type] == nil ? .message(type) : .enumeration(type)
        }
        return field
    }

    private func text(_ comment: String, _ canBeEmpty: Bool) -> (Kind, Bool) {
        if comment.hasPrefix("a process's name") { return (.processName, canBeEmpty) }
        if comment.hasPrefix("a collection's name") { return (.collectionName, canBeEmpty) }
        if comment.hasPrefix("a SHA-256") { return (.sha256, canBeEmpty) }
        let bytes = comment.prefixMatch(of: /up to ([\d,]+) bytes/).flatMap { whole($0.1) }
        return (.text(most: bytes), true)
    }

    private func whole(_ digits: Substring) -> Int? { Int(digits.filter { $0 != "," }) }
}
