/// The forms question files come in; each may be compressed with gzip.
public enum QuestionFormat: String, CaseIterable, Sendable {
    /// One question a line.
    case lines
    /// `id<TAB>question`, as MS MARCO's `queries.tsv`.
    case identified
    /// `question<TAB>['answer', "…"]`, as DPR's `*.qa.csv`, with csv quoting.
    case dpr
    /// `id<TAB>kind<TAB>question<TAB>pattern`: the answer is a regular expression.
    case curatedTREC
    /// JSON objects, one a line or in one array: NQ-open, BEIR, SQuAD-like and DPR's training data;
    /// and SQuAD's own nested form.
    case json

    /// Whether answers are regular expressions.
    public var answersAreExpressions: Bool { self == .curatedTREC }

    /// Tells the format of a file by its first record.
    ///
    /// - Throws: a `CorpusError` where the file cannot be read, holds nothing, or has columns that
    ///   no format has.
    public static func detect(_ path: String) throws(CorpusError) -> QuestionFormat {
        let path = try QuestionFile.file(of: path)
        let buffer = LineBuffer(try ByteSource(path: path))
        try buffer.skipByteOrderMark()
        while try !buffer.isAtEnd() {
            let length: Int
            let hasLineFeed: Bool
            switch try buffer.lineEnd(from: 0) {
            case .lineFeed(let end): (length, hasLineFeed) = (end, true)
            case .endOfFile(let end): (length, hasLineFeed) = (end, false)
            case .tooFar:
                throw .unknownFormat(
                    path: path,
                    reason: "the first line has more than \(Passage.maximumBytes >> 20) MiB",
                    remedy: "Write one question a line")
            }
            let isBlank = (0..<length).allSatisfy { [0x20, 0x09, 0x0D].contains(buffer[$0]) }
            if !isBlank { return try detect(buffer, path) }
            buffer.consume(length + (hasLineFeed ? 1 : 0), lines: hasLineFeed ? 1 : 0)
        }
        throw .noQuestions(path: path)
    }

    private static func detect(
        _ buffer: LineBuffer, _ path: String
    ) throws(CorpusError) -> QuestionFormat {
        if try beginsJSON(buffer, isNamedJSON: CorpusSource.hasJSONName(path)) { return .json }
        var fields = SeparatedFields()
        guard case .record = try fields.read(buffer, quoting: true) else { return .lines }
        switch fields.fields.count {
        case 1: return .lines
        case 2:
            let second = fields.text(1, in: buffer) ?? ""
            return PythonList.looksLikeList(second) ? .dpr : .identified
        case 4: return .curatedTREC
        case let count:
            throw .unknownFormat(
                path: path,
                reason:
                    "the first line has \(counted(count, "tab-separated column")), not 1, 2 or 4",
                remedy: "Write plain lines, or an id or DPR's answers behind one tab")
        }
    }

    /// Tells whether the text starts as a JSON object or an array of objects.
    private static func beginsJSON(
        _ buffer: LineBuffer, isNamedJSON: Bool
    ) throws(CorpusError) -> Bool {
        var visible: [UInt8] = []
        var at = 0
        while visible.count < 2 {
            if at == buffer.available {
                let mayReadOn = at < 1 << 16
                guard try mayReadOn ? buffer.fill() : false else { break }
            }
            if ![0x20, 0x09, 0x0A, 0x0D].contains(buffer[at]) { visible.append(buffer[at]) }
            at += 1
        }
        switch visible.first {
        case 0x7B: return true
        case 0x5B: return isNamedJSON || visible.dropFirst().first == 0x7B
        default: return false
        }
    }
}
