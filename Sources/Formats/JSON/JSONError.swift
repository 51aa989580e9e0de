/// Where a JSON text is wrong, and how.
package struct JSONError: Error, Equatable, Sendable {
    /// How it is wrong.
    package enum Fault: Equatable, Sendable {
        /// It breaks the grammar.
        case syntax(String)
        /// A string is not UTF-8.
        case notUTF8
        /// A string holds U+0000, which the reader of these files does not take.
        case nul
        /// A member is of another type than is read there.
        case wrongType(field: String, expected: String)
    }

    /// In bytes from the beginning of the text.
    package var offset: Int
    /// How it is wrong.
    package var fault: Fault

    /// Makes an error.
    package init(_ offset: Int, _ fault: Fault) {
        self.offset = offset
        self.fault = fault
    }

    /// How it is wrong, in words.
    package var reason: String {
        switch fault {
        case .syntax(let detail): detail
        case .notUTF8: "a string is not UTF-8"
        case .nul: "a string holds the character U+0000"
        case .wrongType(let field, let expected): "\(field) is not \(expected)"
        }
    }
}

/// Whose JSON is read, and so what it may hold.
///
/// | | a name twice in one object | U+0000 in a string | a number beyond 64-bit floats |
/// |---|---|---|---|
/// | `data` | the last counts, as in Python's `json` | refused: texts hold none | an id as it is |
/// | `model` | refused: one of two ids would be lost | taken: vocabularies hold it | refused |
/// | `own` | refused: nothing of ours writes it | taken | refused |
package enum JSONSource: Sendable {
    /// Corpora, questions, rankings and training data.
    case data
    /// Configurations, tokenizers and checkpoint headers of others.
    case model
    /// What this program writes.
    case own

    var refusesRepeatedNames: Bool { self != .data }
    var refusesNUL: Bool { self == .data }
}
