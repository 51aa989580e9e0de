import Base

/// The fields of one tab-separated record with csv quoting.
///
/// A field that opens with a quote runs to the closing quote, over tabs and line feeds; a doubled
/// quote inside stands for one. Where something else than a tab or a line end follows the closing
/// quote, the file does not quote: the field is then taken as it stands, quotes included.
struct SeparatedFields {
    /// One field of the record, as offsets from its start.
    struct Field {
        var range: Range<Int>
        /// Doubled quotes occur, which are to be halved.
        var hasDoubledQuotes: Bool
    }

    /// How reading a record ended.
    enum Outcome: Equatable {
        /// The record takes `length` bytes and `lines` line feeds.
        case record(length: Int, lines: Int)
        /// A quote never closes.
        case unterminatedQuote
        /// The record exceeds the largest one.
        case tooLarge
    }

    /// The fields of the record last read.
    private(set) var fields: [Field] = []
    private var scratch: [UInt8] = []

    private static let tab: UInt8 = 0x09
    private static let lineFeed: UInt8 = 0x0A
    private static let carriageReturn: UInt8 = 0x0D
    private static let quote: UInt8 = 0x22

    /// Reads the record at the head of the buffer, without dropping it.
    mutating func read(_ buffer: LineBuffer, quoting: Bool) throws(CorpusError) -> Outcome {
        fields.removeAll(keepingCapacity: true)
        var lines = 0
        var at = 0
        guard var end = try Self.end(buffer, from: 0) else { return .tooLarge }
        while true {
            if quoting, at < end.content, buffer[at] == Self.quote {
                switch try quotedField(buffer, from: at) {
                case .closed(let field, let next):
                    fields.append(field)
                    lines += next.lines
                    end = next.end
                    if next.at == end.content {
                        return .record(length: end.length, lines: lines + end.lineFeeds)
                    }
                    at = next.at + 1
                    continue
                case .literal:
                    break
                case .unterminated:
                    return .unterminatedQuote
                }
            }
            guard let tab = buffer.first(Self.tab, in: at..<end.content) else {
                fields.append(Field(range: at..<end.content, hasDoubledQuotes: false))
                return .record(length: end.length, lines: lines + end.lineFeeds)
            }
            fields.append(Field(range: at..<tab, hasDoubledQuotes: false))
            at = tab + 1
        }
    }

    /// The text of a field of the record last read, or nil where it is not UTF-8.
    mutating func text(_ index: Int, in buffer: LineBuffer) -> String? {
        let field = fields[index]
        guard field.hasDoubledQuotes else { return buffer.string(field.range) }
        scratch.removeAll(keepingCapacity: true)
        var at = field.range.lowerBound
        while at < field.range.upperBound {
            let rest = at..<field.range.upperBound
            let stop = buffer.first(Self.quote, in: rest).map { $0 + 1 } ?? rest.upperBound
            for index in at..<stop { scratch.append(buffer[index]) }
            at = stop + 1
        }
        return ByteSearch.string(scratch.span, 0..<scratch.count)
    }

    /// The end of a line: its content without the line end, and the length with it.
    private struct End {
        var content: Int
        var length: Int
        var lineFeeds: Int
    }

    private static func end(_ buffer: LineBuffer, from at: Int) throws(CorpusError) -> End? {
        let stop: Int
        let lineFeeds: Int
        switch try buffer.lineEnd(from: at) {
        case .lineFeed(let found): (stop, lineFeeds) = (found, 1)
        case .endOfFile(let found): (stop, lineFeeds) = (found, 0)
        case .tooFar: return nil
        }
        let carriage = stop > at && buffer[stop - 1] == carriageReturn
        let content = carriage ? stop - 1 : stop
        guard content <= Passage.maximumBytes else { return nil }
        return End(content: content, length: stop + lineFeeds, lineFeeds: lineFeeds)
    }

    private struct After {
        var at: Int
        var end: End
        var lines: Int
    }

    private enum Quoted {
        case closed(Field, After)
        case literal
        case unterminated
    }

    /// Reads a field whose opening quote is at `start`.
    private func quotedField(_ buffer: LineBuffer, from start: Int) throws(CorpusError) -> Quoted {
        var at = start + 1
        var lines = 0
        var doubled = false
        guard var end = try Self.end(buffer, from: at) else { return .unterminated }
        while true {
            guard let closing = buffer.first(Self.quote, in: at..<end.content) else {
                if end.lineFeeds == 0 { return .unterminated }
                lines += 1
                at = end.length
                guard let next = try Self.end(buffer, from: at) else { return .unterminated }
                end = next
                continue
            }
            if closing + 1 < end.content, buffer[closing + 1] == Self.quote {
                doubled = true
                at = closing + 2
                continue
            }
            let next = closing + 1
            guard next == end.content || buffer[next] == Self.tab else {
                return .literal
            }
            let field = Field(range: start + 1..<closing, hasDoubledQuotes: doubled)
            return .closed(field, After(at: next, end: end, lines: lines))
        }
    }
}
