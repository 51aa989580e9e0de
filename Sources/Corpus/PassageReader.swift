/// Reads the passages of a source one by one, in memory that does not depend on its size.
///
/// Where a record is malformed, `next()` throws and stays there; with `skipMalformed` the record
/// is counted and passed over.
public final class PassageReader {
    /// The source that is read.
    public let source: CorpusSource
    /// How many malformed records were passed over.
    public private(set) var skippedLines = 0
    /// The first few of the errors that were passed over.
    public private(set) var firstSkipped: [CorpusError] = []
    /// Where the passage last returned starts.
    public private(set) var lastPlace: SourcePlace

    let skipMalformed: Bool
    var fields = SeparatedFields()
    var layout = ColumnLayout.psgs

    private let digesting: Bool
    private(set) var digest: SourceDigest
    private var fileIndex: Int
    private var resumeAt: PassagePosition?
    private var current: (source: ByteSource, buffer: LineBuffer)?
    /// The decompressed bytes of the files that are done.
    private var finishedBytes: UInt64 = 0

    /// SQuAD's paragraphs; nil in the other formats.
    private var paragraphs: SQuADCorpus?

    private static let skippedErrorsKept = 10

    /// What one look at the head of the buffer found.
    enum Record {
        /// A passage that takes `length` bytes and `lines` line feeds.
        case passage(Passage, length: Int, lines: Int)
        /// Nothing to return: an empty line or a header.
        case nothing(length: Int, lines: Int)
        /// A fault; the next record starts behind `length` bytes, or on the next line if nil.
        case malformed(Malformation, length: Int?, lines: Int)
    }

    /// Starts at the front of a source, or at a position that a reader of the same source gave.
    ///
    /// In a compressed file, going to a position decompresses all before it.
    ///
    /// - Throws: a `CorpusError` where a file cannot be read or a position starts no line.
    public convenience init(
        _ source: CorpusSource, startingAt position: PassagePosition? = nil,
        skipMalformed: Bool = false
    ) throws(CorpusError) {
        try self.init(
            source, startingAt: position, skipMalformed: skipMalformed, digesting: false)
    }

    init(
        _ source: CorpusSource, startingAt position: PassagePosition?, skipMalformed: Bool,
        digesting: Bool
    ) throws(CorpusError) {
        self.source = source
        self.skipMalformed = skipMalformed
        self.digesting = digesting
        digest = SourceDigest(format: source.format)
        fileIndex = position?.file ?? 0
        resumeAt = position
        guard source.paths.indices.contains(fileIndex) else {
            throw .strayPosition(
                path: source.paths.joined(separator: ", "), byteOffset: position?.byteOffset ?? 0)
        }
        lastPlace = SourcePlace(path: source.paths[fileIndex], line: position?.line ?? 1)
        if source.format == .squad { try openParagraphs(position) } else { try openFile() }
    }

    /// Where the next record starts, or an empty line or header before it.
    public var position: PassagePosition {
        if let paragraphs { return paragraphs.position }
        guard let buffer = current?.buffer else {
            return resumeAt ?? PassagePosition(file: fileIndex, byteOffset: 0, line: 1)
        }
        return PassagePosition(file: fileIndex, byteOffset: buffer.offset, line: buffer.line)
    }

    /// The decompressed bytes read so far, for progress.
    var bytesRead: UInt64 { finishedBytes + (current?.source.offset ?? 0) }

    /// Reads the next passage, or nil at the end of the source.
    ///
    /// - Throws: `CorpusError.malformed` with file and line, or an error of reading.
    public func next() throws(CorpusError) -> Passage? {
        if let found = paragraphs?.next() {
            lastPlace = found.place
            return found.passage
        }
        while true {
            guard let current else { return nil }
            let buffer = current.buffer
            if try buffer.isAtEnd() {
                guard try openNextFile() else { return nil }
                continue
            }
            let place = SourcePlace(path: current.source.path, line: buffer.line)
            switch try record(buffer) {
            case .passage(let passage, let length, let lines):
                buffer.consume(length, lines: lines)
                lastPlace = place
                return passage
            case .nothing(let length, let lines):
                buffer.consume(length, lines: lines)
            case .malformed(let reason, let length, let lines):
                let error = CorpusError.malformed(place: place, reason: reason)
                guard skipMalformed else { throw error }
                skippedLines += 1
                if firstSkipped.count < Self.skippedErrorsKept { firstSkipped.append(error) }
                if let length {
                    buffer.consume(length, lines: lines)
                } else {
                    try buffer.skipLine()
                }
            }
        }
    }

    private func record(_ buffer: LineBuffer) throws(CorpusError) -> Record {
        switch source.format {
        case .psgs, .msmarco: try separatedRecord(buffer)
        case .beir: try jsonRecord(buffer, idName: "_id")
        case .jsonl, .squad: try jsonRecord(buffer, idName: "id")
        }
    }

    /// Reads SQuAD's files whole: which paragraphs are new is known from all before.
    private func openParagraphs(_ position: PassagePosition?) throws(CorpusError) {
        resumeAt = nil
        if digesting {
            for path in source.paths {
                digest.add(try SourceScan.wholeFile(path, progress: { _ in }))
            }
        }
        let paragraphs = try SQuADCorpus(
            source.paths, after: position?.byteOffset ?? 0, skipMalformed: skipMalformed)
        skippedLines = paragraphs.skipped.count
        firstSkipped = Array(paragraphs.skipped.prefix(Self.skippedErrorsKept))
        self.paragraphs = paragraphs
    }

    /// Goes on to the next file; false after the last, where the reader stays at its end.
    private func openNextFile() throws(CorpusError) -> Bool {
        guard let finished = current?.source, fileIndex + 1 < source.paths.count else {
            return false
        }
        if digesting { digest.add(fileDigest: finished.digest, length: finished.offset) }
        finishedBytes += finished.offset
        fileIndex += 1
        try openFile()
        return true
    }

    /// The digest of the whole source, once it has been read to its end.
    func finishDigest() -> String {
        if let last = current?.source {
            digest.add(fileDigest: last.digest, length: last.offset)
        }
        return digest.value
    }

    private func openFile() throws(CorpusError) {
        let path = source.paths[fileIndex]
        let bytes = try ByteSource(path: path, digesting: digesting)
        let position = resumeAt
        resumeAt = nil
        guard let position, position.byteOffset > 0 else {
            let buffer = LineBuffer(bytes)
            try buffer.skipByteOrderMark()
            layout = try columnLayout(buffer)
            current = (bytes, buffer)
            return
        }
        // Behind a byte order mark lies the first record, though no line feed is before it.
        if position.byteOffset == LineBuffer.byteOrderMarkBytes {
            let head = LineBuffer(try ByteSource(path: path))
            try head.skipByteOrderMark()
            if head.offset == position.byteOffset {
                layout = try columnLayout(head)
                current = (bytes, LineBuffer(bytes, line: position.line))
                try current?.buffer.skipByteOrderMark()
                return
            }
        }
        layout = try headerLayout(path)
        // One byte early, to see that a line ends there.
        let isInside = try bytes.advance(to: position.byteOffset - 1)
        let buffer = LineBuffer(bytes, line: position.line)
        guard isInside, try !buffer.isAtEnd() else {
            throw .strayPosition(path: path, byteOffset: position.byteOffset)
        }
        let before = buffer[0]
        buffer.consume(1, lines: 0)
        // A position at the very end needs no line feed before it.
        let isAtEnd = try buffer.isAtEnd()
        guard before == 0x0A || isAtEnd else {
            throw .strayPosition(path: path, byteOffset: position.byteOffset)
        }
        current = (bytes, buffer)
    }

    /// The layout that the first line of a file names, read on its own.
    private func headerLayout(_ path: String) throws(CorpusError) -> ColumnLayout {
        guard source.format == .psgs else { return try columnLayout(nil) }
        let buffer = LineBuffer(try ByteSource(path: path))
        try buffer.skipByteOrderMark()
        return try columnLayout(buffer)
    }

    private func columnLayout(_ buffer: LineBuffer?) throws(CorpusError) -> ColumnLayout {
        guard source.format == .psgs, let buffer else { return .msmarco }
        try buffer.skipEmptyLines()
        var header = SeparatedFields()
        guard try !buffer.isAtEnd(), case .record = try header.read(buffer, quoting: true) else {
            return .psgs
        }
        return ColumnLayout(header: header, in: buffer) ?? .psgs
    }
}
