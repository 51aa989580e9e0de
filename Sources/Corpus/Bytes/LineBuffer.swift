import Base

/// A window over the bytes of a file that finds lines and grows only for a long record.
///
/// Offsets named `at` count from the start of the record, which is at `head`, so they stay right
/// when the window moves.
final class LineBuffer {
    /// The window starts small, for most files that are opened are, and grows when a read fills it.
    private static let firstBytes = 32 << 10
    private static let usualBytes = 512 << 10

    private let source: ByteSource
    private let limit: Int
    private var bytes: [UInt8]
    private var head = 0
    private var tail = 0
    private(set) var line: UInt64
    private var ended = false
    private var lastReadWasFull = false

    /// Where a line ends.
    enum LineEnd: Equatable {
        /// At a line feed.
        case lineFeed(Int)
        /// At the end of the file.
        case endOfFile(Int)
        /// Beyond the largest record.
        case tooFar
    }

    /// Takes a source at the start of a line; records may be `limit` bytes long.
    init(_ source: ByteSource, line: UInt64 = 1, limit: Int = Passage.maximumBytes) {
        self.source = source
        self.limit = limit
        self.line = line
        bytes = [UInt8](repeating: 0, count: Self.firstBytes)
    }

    /// The offset in the file at which the record starts.
    var offset: UInt64 { source.offset - UInt64(tail - head) }

    /// The bytes that are at hand from the start of the record.
    var available: Int { tail - head }

    /// The byte `at`, which must be at hand.
    subscript(at: Int) -> UInt8 {
        precondition(at < available)
        return bytes[head + at]
    }

    /// Finds the first `byte` in a range that is at hand, or nil.
    func first(_ byte: UInt8, in range: Range<Int>) -> Int? {
        precondition(range.upperBound <= available)
        let absolute = head + range.lowerBound..<head + range.upperBound
        return ByteSearch.first(byte, in: bytes, absolute).map { $0 - head }
    }

    /// Makes a string of a range that is at hand, or nil where it is not UTF-8.
    func string(_ range: Range<Int>) -> String? {
        precondition(range.upperBound <= available)
        let absolute = head + range.lowerBound..<head + range.upperBound
        return ByteSearch.string(bytes, absolute)
    }

    /// Lends a range that is at hand.
    func withBytes<Result, Failure: Error>(
        _ range: Range<Int>, _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        precondition(range.upperBound <= available)
        let absolute = head + range.lowerBound..<head + range.upperBound
        return try ByteSearch.lend(bytes, absolute, body)
    }

    /// Tells whether nothing is left.
    func isAtEnd() throws(CorpusError) -> Bool {
        if head < tail { return false }
        return try !fill()
    }

    /// Finds the end of the line that holds the byte `at`.
    func lineEnd(from at: Int) throws(CorpusError) -> LineEnd {
        var searched = at
        while true {
            if let found = ByteSearch.first(0x0A, in: bytes, head + searched..<tail) {
                return found - head <= limit + 1 ? .lineFeed(found - head) : .tooFar
            }
            searched = tail - head
            if searched > limit + 1 { return .tooFar }
            guard try fill() else { return .endOfFile(tail - head) }
        }
    }

    /// Drops the record's first bytes; `lines` line feeds were among them.
    func consume(_ count: Int, lines: Int) {
        precondition(head + count <= tail)
        head += count
        line += UInt64(lines)
    }

    /// Drops everything up to the next line, however long.
    func skipLine() throws(CorpusError) {
        while true {
            if let found = ByteSearch.first(0x0A, in: bytes, head..<tail) {
                consume(found + 1 - head, lines: 1)
                return
            }
            head = tail
            guard try fill() else { return }
        }
    }

    /// The bytes of a byte order mark.
    static let byteOrderMarkBytes: UInt64 = 3

    /// Drops a byte order mark at the start of a file.
    func skipByteOrderMark() throws(CorpusError) {
        while available < 3, try fill() {}
        if available >= 3, bytes[head] == 0xEF, bytes[head + 1] == 0xBB, bytes[head + 2] == 0xBF {
            head += 3
        }
    }

    /// Drops empty lines.
    func skipEmptyLines() throws(CorpusError) {
        while try !isAtEnd() {
            if bytes[head] == 0x0A {
                consume(1, lines: 1)
                continue
            }
            guard bytes[head] == 0x0D else { return }
            while available < 2, try fill() {}
            guard available >= 2, bytes[head + 1] == 0x0A else { return }
            consume(2, lines: 1)
        }
    }

    /// Reads on; false at the end of the file.
    func fill() throws(CorpusError) -> Bool {
        if ended { return false }
        if head > 0 && (head == tail || bytes.count - tail < bytes.count / 4) {
            ByteSearch.moveToFront(&bytes, head..<tail)
            tail -= head
            head = 0
        }
        if tail == bytes.count || lastReadWasFull && bytes.count < Self.usualBytes {
            let target = max(2 * bytes.count, Self.usualBytes)
            bytes += [UInt8](repeating: 0, count: target - bytes.count)
        }
        let count = try source.read(into: &bytes, tail..<bytes.count)
        lastReadWasFull = tail + count == bytes.count
        tail += count
        ended = count == 0
        return !ended
    }
}
