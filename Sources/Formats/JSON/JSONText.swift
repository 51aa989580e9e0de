import Base

/// A strict reader of JSON text (RFC 8259) that keeps numbers as they are written.
///
/// Functions read at `at` and leave it behind what they read. Values that nobody asks for are
/// checked and dropped without being built.
package enum JSONText {
    /// Nesting beyond this is refused, so that hostile text cannot exhaust the stack.
    package static let maximumDepth = 64

    /// Fails with the place of a fault.
    package static func fault(_ at: Int, _ detail: String) -> JSONError {
        JSONError(at, .syntax(detail))
    }

    /// Goes over white space.
    package static func skipSpace(_ bytes: Span<UInt8>, _ at: inout Int) {
        while at < bytes.count {
            switch bytes[at] {
            case 0x20, 0x09, 0x0A, 0x0D: at += 1
            default: return
            }
        }
    }

    /// Goes over white space and one expected byte.
    package static func expect(
        _ byte: UInt8, _ bytes: Span<UInt8>, _ at: inout Int
    ) throws(JSONError) {
        skipSpace(bytes, &at)
        guard at < bytes.count, bytes[at] == byte else {
            throw fault(at, "\"\(Character(Unicode.Scalar(byte)))\" expected")
        }
        at += 1
    }

    /// Checks that only white space is left.
    package static func expectEnd(_ bytes: Span<UInt8>, _ at: inout Int) throws(JSONError) {
        skipSpace(bytes, &at)
        guard at == bytes.count else { throw fault(at, "text follows the value") }
    }

    /// Reads the next member name of an object, or nil (behind the brace) at its end.
    ///
    /// `isFirst` starts as true, `at` behind the opening brace; the value must be read in between.
    package static func nextName(
        _ bytes: Span<UInt8>, _ at: inout Int, isFirst: inout Bool, _ source: JSONSource
    ) throws(JSONError) -> String? {
        guard try nextItem(bytes, &at, isFirst: &isFirst, closing: 0x7D) else { return nil }
        skipSpace(bytes, &at)
        let name = try string(bytes, &at, source)
        try expect(0x3A, bytes, &at)
        skipSpace(bytes, &at)
        return name
    }

    /// Goes to the next element of an array or member of an object; false behind its end.
    package static func nextItem(
        _ bytes: Span<UInt8>, _ at: inout Int, isFirst: inout Bool, closing: UInt8
    ) throws(JSONError) -> Bool {
        skipSpace(bytes, &at)
        guard at < bytes.count else { throw fault(at, "the text is cut off") }
        if bytes[at] == closing {
            at += 1
            return false
        }
        if !isFirst { try expect(0x2C, bytes, &at) }
        isFirst = false
        skipSpace(bytes, &at)
        return true
    }

    /// Checks and drops one value of a source that may hold a name twice.
    package static func skip(
        _ bytes: Span<UInt8>, _ at: inout Int, depth: Int = 0
    ) throws(JSONError) {
        guard at < bytes.count else { throw fault(at, "the text is cut off") }
        guard depth < maximumDepth else { throw fault(at, "nested deeper than \(maximumDepth)") }
        var isFirst = true
        switch bytes[at] {
        case 0x22:
            _ = try string(bytes, &at, .data)
        case 0x7B:
            at += 1
            while try nextName(bytes, &at, isFirst: &isFirst, .data) != nil {
                try skip(bytes, &at, depth: depth + 1)
            }
        case 0x5B:
            at += 1
            while try nextItem(bytes, &at, isFirst: &isFirst, closing: 0x5D) {
                try skip(bytes, &at, depth: depth + 1)
            }
        default:
            _ = try scalar(bytes, &at)
        }
    }

    /// Reads a number, `true`, `false` or `null` and gives its literal text.
    package static func scalar(_ bytes: Span<UInt8>, _ at: inout Int) throws(JSONError) -> String {
        let start = at
        while at < bytes.count {
            switch bytes[at] {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2B, 0x2D, 0x2E:
                at += 1
                continue
            default:
                break
            }
            break
        }
        guard let text = ByteSearch.string(bytes, start..<at), !text.isEmpty else {
            throw fault(start, "a value expected")
        }
        if text == "true" || text == "false" || text == "null" { return text }
        guard isNumber(bytes.extracting(start..<at)) else {
            throw fault(start, "neither a number, true, false nor null")
        }
        return text
    }

    /// Tells whether bytes are a number by the grammar of JSON.
    static func isNumber(_ bytes: Span<UInt8>) -> Bool {
        var at = 0
        func digits() -> Bool {
            let start = at
            while at < bytes.count, 0x30...0x39 ~= bytes[at] { at += 1 }
            return at > start
        }
        func skip(_ wanted: UInt8, _ other: UInt8) -> Bool {
            guard at < bytes.count, bytes[at] == wanted || bytes[at] == other else { return false }
            at += 1
            return true
        }
        _ = skip(0x2D, 0x2D)
        let leadingZero = at < bytes.count && bytes[at] == 0x30
        let start = at
        guard digits(), !leadingZero || at == start + 1 else { return false }
        if skip(0x2E, 0x2E), !digits() { return false }
        if skip(0x65, 0x45) {
            _ = skip(0x2B, 0x2D)
            if !digits() { return false }
        }
        return at == bytes.count
    }
}
