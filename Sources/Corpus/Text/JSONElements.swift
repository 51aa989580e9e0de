package import Formats

/// Reads the objects of a JSON array, or of JSON lines, one by one from a file of any size.
///
/// An object may span lines. Only one is held at a time.
package final class JSONElements {
    /// The largest object accepted: a question with a thousand passages is far below it.
    static let maximumBytes = 256 << 20

    /// Whether the objects stand in one array; known once the first was read.
    private(set) var isArray = false

    private let path: String
    private let buffer: LineBuffer
    private var state = State.start

    private enum State { case start, inArray(isFirst: Bool), betweenLines, ended }

    /// Opens a file.
    package init(path: String) throws(CorpusError) {
        self.path = path
        buffer = LineBuffer(try ByteSource(path: path), limit: Self.maximumBytes)
        try buffer.skipByteOrderMark()
    }

    /// Reads the next object with its place, or nil at the end.
    ///
    /// - Throws: `CorpusError.malformed` with the line on which the object starts.
    package func next() throws(CorpusError) -> (place: SourcePlace, value: JSONValue)? {
        guard try goToObject() else { return nil }
        let place = self.place
        let end = try objectEnd()
        let value: JSONValue
        do throws(JSONError) {
            value = try buffer.withBytes(0..<end) { bytes throws(JSONError) in
                try JSONValue(bytes, .data)
            }
        } catch {
            throw .malformed(place: place, reason: Malformation(error))
        }
        var lines = 0
        var at = 0
        while let feed = buffer.first(0x0A, in: at..<end) {
            lines += 1
            at = feed + 1
        }
        buffer.consume(end, lines: lines)
        return (place, value)
    }

    private var place: SourcePlace { SourcePlace(path: path, line: buffer.line) }

    private func fault(_ detail: String) -> CorpusError {
        .malformed(place: place, reason: .badJSON(column: 1, detail: detail))
    }

    /// Goes over separators to the opening brace of the next object; false at the end.
    private func goToObject() throws(CorpusError) -> Bool {
        while true {
            let byte = try nextVisible()
            switch (state, byte) {
            case (.start, 0x5B):
                buffer.consume(1, lines: 0)
                state = .inArray(isFirst: true)
                isArray = true
            case (.start, 0x7B), (.betweenLines, 0x7B):
                state = .betweenLines
                return true
            case (.inArray, 0x5D):
                buffer.consume(1, lines: 0)
                state = .ended
            case (.inArray(true), 0x7B):
                state = .inArray(isFirst: false)
                return true
            case (.inArray(false), 0x2C):
                buffer.consume(1, lines: 0)
                guard try nextVisible() == 0x7B else { throw fault("an object expected") }
                return true
            case (.inArray, nil):
                throw fault("the array is cut off")
            case (_, nil):
                return false
            case (.ended, _):
                throw fault("text follows the array")
            default:
                throw fault("an object expected")
            }
        }
    }

    /// Goes over white space to the next byte, or nil at the end of the file.
    private func nextVisible() throws(CorpusError) -> UInt8? {
        while try !buffer.isAtEnd() {
            switch buffer[0] {
            case 0x0A: buffer.consume(1, lines: 1)
            case 0x20, 0x09, 0x0D: buffer.consume(1, lines: 0)
            case let byte: return byte
            }
        }
        return nil
    }

    /// Finds the end of the object at the head by counting braces outside strings.
    private func objectEnd() throws(CorpusError) -> Int {
        var scanner = BraceScanner()
        var at = 0
        while true {
            let range = at..<buffer.available
            if let end = buffer.withBytes(range, { scanner.end(in: $0) }) { return at + end }
            at = range.upperBound
            guard at <= Self.maximumBytes else {
                throw .malformed(
                    place: place, reason: .tooLarge(limitBytes: Self.maximumBytes))
            }
            guard try buffer.fill() else { throw fault("the object is cut off") }
        }
    }
}

/// Finds the brace that closes an object, over pieces of its text.
private struct BraceScanner {
    private var depth = 0
    private var inString = false
    private var escaped = false

    /// The offset behind the closing brace, or nil where the piece does not hold it.
    mutating func end(in bytes: Span<UInt8>) -> Int? {
        for index in bytes.indices {
            let byte = bytes[index]
            if inString {
                if escaped {
                    escaped = false
                } else if byte == 0x5C {
                    escaped = true
                } else if byte == 0x22 {
                    inString = false
                }
                continue
            }
            switch byte {
            case 0x22: inString = true
            case 0x7B, 0x5B: depth += 1
            case 0x7D, 0x5D:
                depth -= 1
                if depth <= 0 { return index + 1 }
            default: break
            }
        }
        return nil
    }
}
