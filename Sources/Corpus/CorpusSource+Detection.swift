import Formats

extension CorpusSource {
    /// Tells the format by the first record of a file; nil where the file is empty.
    static func detectFormat(_ path: String) throws(CorpusError) -> CorpusFormat? {
        let buffer = LineBuffer(try ByteSource(path: path))
        try buffer.skipByteOrderMark()
        while try !buffer.isAtEnd() {
            let length: Int
            switch try buffer.lineEnd(from: 0) {
            case .lineFeed(let end), .endOfFile(let end): length = end
            case .tooFar:
                if try SQuADCorpus.isHere(path) { return .squad }
                throw .unknownFormat(
                    path: path,
                    reason: "the first line has more than \(Passage.maximumBytes >> 20) MiB",
                    remedy: "Write one passage a line")
            }
            let line = 0..<length
            guard let first = line.first(where: { !isBlank(buffer[$0]) }) else {
                let hasLineFeed = length < buffer.available
                buffer.consume(length + (hasLineFeed ? 1 : 0), lines: hasLineFeed ? 1 : 0)
                continue
            }
            if let place = buffer.first(0, in: line) {
                throw .unknownFormat(
                    path: path,
                    reason:
                        "it is not text in UTF-8 (byte \(place + 1) of the first line is a NUL)",
                    remedy: "Convert it, as with iconv -f UTF-16 -t UTF-8")
            }
            if length == buffer.available, let place = buffer.first(0x0D, in: line),
                place + 1 < length
            {
                throw .unknownFormat(
                    path: path,
                    reason: "its lines end with a carriage return alone, so that it is one line",
                    remedy: "Convert it, as with tr '\\r' '\\n'")
            }
            if buffer[first] == 0x7B { return try jsonFormat(buffer, line, path) }
            if buffer[first] == 0x5B, hasJSONName(path) {
                if try SQuADCorpus.isHere(path) { return .squad }
                throw .unknownFormat(
                    path: path,
                    reason: "it is one JSON array; passages come as one JSON object a line",
                    remedy: "Write one object a line, as with jq -c '.[]'")
            }
            return try separatedFormat(buffer, path)
        }
        return nil
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0D
    }

    /// Tells whether a file is named as JSON, compressed or not.
    static func hasJSONName(_ path: String) -> Bool {
        let name = path.hasSuffix(".gz") ? String(path.dropLast(3)) : path
        return [".json", ".jsonl", ".ndjson"].contains { name.hasSuffix($0) }
    }

    private static func jsonFormat(
        _ buffer: LineBuffer, _ line: Range<Int>, _ path: String
    ) throws(CorpusError) -> CorpusFormat {
        let names: [String]
        do throws(JSONError) {
            names = try buffer.withBytes(line) { bytes throws(JSONError) in
                try memberNames(bytes)
            }
        } catch {
            if try SQuADCorpus.isHere(path) { return .squad }
            var why = ": \(Malformation(error))"
            if case .badJSON(let column, let detail) = Malformation(error) {
                why = " (byte \(column): \(detail))"
            }
            throw .brokenFirstLine(path: path, reason: why)
        }
        if names.contains("_id") { return .beir }
        let known = ["id"] + PassageReader.otherIDNames
        if names.contains(where: known.contains) { return .jsonl }
        if try SQuADCorpus.isHere(path) { return .squad }
        throw .unknownFormat(
            path: path,
            reason: "the first object has no \"_id\", \"id\", \"docid\" or \"text_id\", but "
                + (names.isEmpty
                    ? "nothing" : names.prefix(8).map { "\"\($0)\"" }.joined(separator: ", ")),
            remedy: "Give each passage an \"id\" and a \"text\"")
    }

    private static func memberNames(_ bytes: Span<UInt8>) throws(JSONError) -> [String] {
        var at = 0
        var isFirst = true
        var names: [String] = []
        JSONText.skipSpace(bytes, &at)
        try JSONText.expect(0x7B, bytes, &at)
        while let name = try JSONText.nextName(bytes, &at, isFirst: &isFirst, .data) {
            try JSONText.skip(bytes, &at)
            names.append(name)
        }
        return names
    }

    private static func separatedFormat(
        _ buffer: LineBuffer, _ path: String
    ) throws(CorpusError) -> CorpusFormat {
        var fields = SeparatedFields()
        guard case .record = try fields.read(buffer, quoting: true) else {
            throw .unknownFormat(
                path: path, reason: "the first record opens a quote that never closes",
                remedy: "Close it, or name --format msmarco, where quotes mean nothing")
        }
        if ColumnLayout(header: fields, in: buffer) != nil { return .psgs }
        switch fields.fields.count {
        case 3: return .psgs
        case 2: return .msmarco
        case let count:
            throw .unknownFormat(
                path: path,
                reason: "the first line has \(counted(count, "tab-separated column")), "
                    + "neither 2 (MS MARCO) nor 3 (DPR), and no header that names id and text",
                remedy: "Write id, text and title with tabs between them")
        }
    }
}

/// Which column of a separated file holds what.
struct ColumnLayout: Equatable {
    var id: Int
    var text: Int
    var title: Int?
    var count: Int

    /// The order of DPR's `psgs_w100.tsv`.
    static let psgs = ColumnLayout(id: 0, text: 1, title: 2, count: 3)
    /// The order of MS MARCO's `collection.tsv`.
    static let msmarco = ColumnLayout(id: 0, text: 1, title: nil, count: 2)

    private init(id: Int, text: Int, title: Int?, count: Int) {
        self.id = id
        self.text = text
        self.title = title
        self.count = count
    }

    /// Reads the layout off a header, or gives nil where the record is not one.
    init?(header fields: SeparatedFields, in buffer: LineBuffer) {
        var fields = fields
        var names: [String: Int] = [:]
        for index in fields.fields.indices {
            guard fields.fields[index].range.count < 64,
                let name = fields.text(index, in: buffer)?.lowercased()
            else { return nil }
            names[name] = index
        }
        guard let id = names["id"], let text = names["text"] else { return nil }
        self.init(id: id, text: text, title: names["title"], count: fields.fields.count)
    }
}
