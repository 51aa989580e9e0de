import Formats

extension PassageReader {
    /// Reads a tab-separated record.
    func separatedRecord(_ buffer: LineBuffer) throws(CorpusError) -> Record {
        let quoting = source.format == .psgs
        let length: Int
        let lines: Int
        switch try fields.read(buffer, quoting: quoting) {
        case .record(let bytes, let feeds): (length, lines) = (bytes, feeds)
        case .unterminatedQuote: return .malformed(.unterminatedQuote, length: nil, lines: 0)
        case .tooLarge:
            return .malformed(
                .tooLarge(limitBytes: Passage.maximumBytes), length: nil, lines: 0)
        }
        if fields.fields.count == 1, fields.fields[0].range.isEmpty {
            return .nothing(length: length, lines: lines)
        }
        func refuse(_ reason: Malformation) -> Record {
            .malformed(reason, length: length, lines: lines)
        }
        let layout = self.layout
        guard fields.fields.count == layout.count else {
            return refuse(.wrongColumnCount(expected: layout.count, got: fields.fields.count))
        }
        guard length <= Passage.maximumBytes + 2 else {
            return refuse(.tooLarge(limitBytes: Passage.maximumBytes))
        }
        if buffer.first(0, in: 0..<length) != nil { return refuse(.nulCharacter) }
        guard let id = fields.text(layout.id, in: buffer),
            let text = fields.text(layout.text, in: buffer),
            let title = layout.title.map({ fields.text($0, in: buffer) }) ?? ""
        else { return refuse(.invalidUTF8) }
        if id.isEmpty { return refuse(.missingField("id")) }
        if id == "id" { return .nothing(length: length, lines: lines) }
        if text.isEmpty && title.isEmpty { return refuse(.emptyPassage) }
        return .passage(
            Passage(id: id, title: title, text: text), length: length, lines: lines)
    }

    /// Reads a line that holds a JSON object.
    func jsonRecord(_ buffer: LineBuffer, idName: String) throws(CorpusError) -> Record {
        let stop: Int
        let length: Int
        switch try buffer.lineEnd(from: 0) {
        case .lineFeed(let end): (stop, length) = (end, end + 1)
        case .endOfFile(let end): (stop, length) = (end, end)
        case .tooFar:
            return .malformed(
                .tooLarge(limitBytes: Passage.maximumBytes), length: nil, lines: 0)
        }
        let lines = length - stop
        do throws(Malformation) {
            let passage = try buffer.withBytes(0..<stop) { line throws(Malformation) in
                try Self.passage(line, idName: idName)
            }
            guard let passage else {
                return .nothing(length: length, lines: lines)
            }
            return .passage(passage, length: length, lines: lines)
        } catch {
            return .malformed(error, length: length, lines: lines)
        }
    }

    /// The names that pyserini and Tevatron have for the members of plain JSON lines; each is read
    /// where the member it stands for is missing.
    static let otherIDNames = ["docid", "text_id"]
    private static let otherTextName = "contents"

    /// Reads a passage off a JSON object, or nil off a blank line.
    private static func passage(
        _ line: Span<UInt8>, idName: String
    ) throws(Malformation) -> Passage? {
        let found: (passage: Passage, other: (id: String, text: String))?
        do throws(JSONError) {
            found = try members(line, idName: idName)
        } catch {
            throw Malformation(error)
        }
        guard let found else { return nil }
        var passage = found.passage
        let other = found.other
        if passage.id.isEmpty { passage.id = other.id }
        if passage.text.isEmpty { passage.text = other.text }
        if passage.id.isEmpty { throw .missingField(idName) }
        if passage.text.isEmpty && passage.title.isEmpty { throw .emptyPassage }
        return passage
    }

    /// The members that make a passage, and those that stand for them where they are missing.
    private static func members(
        _ line: Span<UInt8>, idName: String
    ) throws(JSONError) -> (passage: Passage, other: (id: String, text: String))? {
        var at = 0
        JSONText.skipSpace(line, &at)
        if at == line.count { return nil }
        var passage = Passage(id: "", title: "", text: "")
        var other = (id: "", text: "")
        var isFirst = true
        try JSONText.expect(0x7B, line, &at)
        while let name = try JSONText.nextName(line, &at, isFirst: &isFirst, .data) {
            if name == idName {
                passage.id = try JSONText.identifier(line, &at, field: name)
            } else if name == "text" {
                passage.text = try JSONText.stringOrNull(line, &at, field: name)
            } else if name == "title" {
                passage.title = try JSONText.stringOrNull(line, &at, field: name)
            } else if idName == "id", otherIDNames.contains(name) {
                other.id = try JSONText.identifierOrSkip(line, &at)
            } else if idName == "id", name == otherTextName {
                other.text = try JSONText.identifierOrSkip(line, &at)
            } else {
                try JSONText.skip(line, &at)
            }
        }
        try JSONText.expectEnd(line, &at)
        return (passage, other)
    }
}

extension JSONText {
    /// Reads an id: a string, or a number kept as its literal text.
    static func identifier(
        _ bytes: Span<UInt8>, _ at: inout Int, field: String
    ) throws(JSONError) -> String {
        guard at < bytes.count else { throw fault(at, "the text is cut off") }
        switch bytes[at] {
        case 0x22: return try string(bytes, &at, .data)
        case 0x2D, 0x30...0x39: return try scalar(bytes, &at)
        default:
            let start = at
            try skip(bytes, &at)
            throw JSONError(start, .wrongType(field: field, expected: "a string or a number"))
        }
    }

    /// Reads an id or text that counts only where it is a string or a number; else it is empty.
    static func identifierOrSkip(
        _ bytes: Span<UInt8>, _ at: inout Int
    ) throws(JSONError) -> String {
        guard at < bytes.count else { throw fault(at, "the text is cut off") }
        let isRead = [0x22, 0x2D].contains(bytes[at]) || 0x30...0x39 ~= bytes[at]
        if isRead { return try identifier(bytes, &at, field: "") }
        try skip(bytes, &at)
        return ""
    }

    /// Reads a string; null is the empty one.
    static func stringOrNull(
        _ bytes: Span<UInt8>, _ at: inout Int, field: String
    ) throws(JSONError) -> String {
        guard at < bytes.count else { throw fault(at, "the text is cut off") }
        if bytes[at] == 0x22 { return try string(bytes, &at, .data) }
        let start = at
        try skip(bytes, &at)
        if bytes[start] == 0x6E { return "" }
        throw JSONError(start, .wrongType(field: field, expected: "a string"))
    }
}
