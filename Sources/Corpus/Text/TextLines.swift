/// Reads the lines of a small text file, such as a run or judgements.
final class TextLines {
    private let path: String
    private let buffer: LineBuffer

    init(path: String) throws(CorpusError) {
        self.path = path
        buffer = LineBuffer(try ByteSource(path: path))
        try buffer.skipByteOrderMark()
    }

    /// The columns, parted by any white space, of the next line that has some; nil at the end.
    func nextColumns() throws(CorpusError) -> (place: SourcePlace, columns: [String])? {
        while try !buffer.isAtEnd() {
            let place = SourcePlace(path: path, line: buffer.line)
            let length: Int
            let hasLineFeed: Bool
            switch try buffer.lineEnd(from: 0) {
            case .lineFeed(let end): (length, hasLineFeed) = (end, true)
            case .endOfFile(let end): (length, hasLineFeed) = (end, false)
            case .tooFar:
                throw .malformed(
                    place: place, reason: .tooLarge(limitBytes: Passage.maximumBytes))
            }
            if buffer.first(0, in: 0..<length) != nil {
                throw .malformed(place: place, reason: .nulCharacter)
            }
            guard let line = buffer.string(0..<length) else {
                throw .malformed(place: place, reason: .invalidUTF8)
            }
            buffer.consume(length + (hasLineFeed ? 1 : 0), lines: hasLineFeed ? 1 : 0)
            let columns = line.unicodeScalars.split(whereSeparator: \.properties.isWhitespace)
            if !columns.isEmpty { return (place, columns.map { String($0) }) }
        }
        return nil
    }
}
