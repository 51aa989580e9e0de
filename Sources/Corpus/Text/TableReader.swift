/// Reads the rows of a tab-separated table one by one, in bounded memory.
package final class TableReader {
    /// The file that is read.
    package let path: String

    private let quoting: Bool
    private let buffer: LineBuffer
    private var fields = SeparatedFields()

    /// Opens a file; with `quoting` cells may be quoted as in csv.
    package init(path: String, quoting: Bool = true) throws(CorpusError) {
        self.path = path
        self.quoting = quoting
        buffer = LineBuffer(try ByteSource(path: path))
        try buffer.skipByteOrderMark()
    }

    /// The first byte of the file that is no white space, nil where there is none; for telling a
    /// table from JSON before a row is read, which may be longer than a row may be.
    package static func firstVisibleByte(of path: String) throws(CorpusError) -> UInt8? {
        let buffer = LineBuffer(try ByteSource(path: path))
        try buffer.skipByteOrderMark()
        while try !buffer.isAtEnd() {
            guard [0x20, 0x09, 0x0A, 0x0D].contains(buffer[0]) else { return buffer[0] }
            buffer.consume(1, lines: 0)
        }
        return nil
    }

    /// Reads the next row that is not empty, with its place, or nil at the end.
    ///
    /// - Throws: `CorpusError.malformed` with the line on which the row starts.
    package func next() throws(CorpusError) -> (place: SourcePlace, cells: [String])? {
        while try !buffer.isAtEnd() {
            let place = SourcePlace(path: path, line: buffer.line)
            switch try fields.read(buffer, quoting: quoting) {
            case .unterminatedQuote:
                throw .malformed(place: place, reason: .unterminatedQuote)
            case .tooLarge:
                throw .malformed(
                    place: place, reason: .tooLarge(limitBytes: Passage.maximumBytes))
            case .record(let length, let lines):
                if buffer.first(0, in: 0..<length) != nil {
                    throw .malformed(place: place, reason: .nulCharacter)
                }
                let isEmpty = fields.fields.count == 1 && fields.fields[0].range.isEmpty
                var cells: [String] = []
                for index in fields.fields.indices where !isEmpty {
                    guard let cell = fields.text(index, in: buffer) else {
                        throw .malformed(place: place, reason: .invalidUTF8)
                    }
                    cells.append(cell)
                }
                buffer.consume(length, lines: lines)
                if !isEmpty { return (place, cells) }
            }
        }
        return nil
    }
}
