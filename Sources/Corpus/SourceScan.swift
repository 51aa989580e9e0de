/// Where a batch of passages starts and how many it holds.
public struct BatchBoundary: Hashable, Sendable, Codable {
    /// Where to start reading.
    public var start: PassagePosition
    /// The row of the first passage in the source, counted from 0.
    public var firstOrdinal: UInt64
    /// How many passages the batch holds.
    public var count: Int

    /// Makes a boundary.
    public init(start: PassagePosition, firstOrdinal: UInt64, count: Int) {
        self.start = start
        self.firstOrdinal = firstOrdinal
        self.count = count
    }
}

/// What one pass over a source finds: its digest, its size and its batches.
public struct SourceScan: Hashable, Sendable {
    /// SHA-256 in hexadecimal digits over format and decompressed bytes; see `digest(of:)`.
    public var digest: String
    /// How many passages there are.
    public var passages: UInt64
    /// Contiguous batches, in order; all but the last have the same count.
    public var batches: [BatchBoundary]
    /// How many malformed records were passed over.
    public var skippedLines: Int
    /// The first few errors that were passed over.
    public var firstSkipped: [CorpusError]

    /// Reads a source once, checks every record, and finds digest, batches and duplicate ids.
    ///
    /// Memory does not grow with the corpus, but for one boundary a batch; hashes of ids go to a
    /// nameless file in `scratchFolder`, 16 bytes a passage. Ids are compared byte by byte.
    ///
    /// - Parameters:
    ///   - source: What to read.
    ///   - batchSize: Passages in a batch, 1 or more.
    ///   - skipMalformed: Counts malformed records instead of stopping.
    ///   - scratchFolder: A folder for the hashes; made where it is missing.
    ///   - progress: Called now and then with passages and decompressed bytes so far; what it
    ///     throws ends the scan.
    /// - Throws: a `CorpusError`: a malformed record, a duplicate id with both places, an empty
    ///   source, or an error of reading.
    public static func run(
        source: CorpusSource, batchSize: Int, skipMalformed: Bool = false, scratchFolder: String,
        progress: (_ passages: UInt64, _ bytes: UInt64) throws(CorpusError) -> Void = { _, _ in }
    ) throws(CorpusError) -> SourceScan {
        precondition(batchSize > 0, "a batch holds at least one passage, not \(batchSize)")
        let reader = try PassageReader(
            source, startingAt: nil, skipMalformed: skipMalformed, digesting: true)
        let duplicates = DuplicateFinder(scratchFolder: scratchFolder)
        var batches: [BatchBoundary] = []
        var passages: UInt64 = 0
        var batch = BatchBoundary(start: reader.position, firstOrdinal: 0, count: 0)
        while let passage = try reader.next() {
            try duplicates.add(passage.id, ordinal: passages)
            passages += 1
            batch.count += 1
            if batch.count == batchSize {
                batches.append(batch)
                batch = BatchBoundary(start: reader.position, firstOrdinal: passages, count: 0)
            }
            if passages % progressInterval == 0 { try progress(passages, reader.bytesRead) }
        }
        if batch.count > 0 { batches.append(batch) }
        guard passages > 0 else {
            throw .emptyCorpus(paths: source.paths, skippedLines: reader.skippedLines)
        }
        try duplicates.verify(in: source, skipMalformed: skipMalformed)
        try progress(passages, reader.bytesRead)
        return SourceScan(
            digest: reader.finishDigest(), passages: passages, batches: batches,
            skippedLines: reader.skippedLines, firstSkipped: reader.firstSkipped)
    }

    private static let progressInterval: UInt64 = 4096

    /// The digest alone, without looking at the records.
    ///
    /// - Parameter progress: Called now and then with the decompressed bytes of the file so far;
    ///   what it throws ends the reading.
    /// - Throws: a `CorpusError` where a file cannot be read.
    public static func digest(
        of source: CorpusSource,
        progress: (_ bytes: UInt64) throws(CorpusError) -> Void = { _ in }
    ) throws(CorpusError) -> String {
        var digest = SourceDigest(format: source.format)
        for path in source.paths { digest.add(try wholeFile(path, progress: progress)) }
        return digest.value
    }

    /// Reads a file to its end: its bytes, digested.
    static func wholeFile(
        _ path: String, progress: (_ bytes: UInt64) throws(CorpusError) -> Void
    ) throws(CorpusError) -> ByteSource {
        var scratch = [UInt8](repeating: 0, count: 1 << 20)
        let bytes = try ByteSource(path: path, digesting: true)
        while try bytes.read(into: &scratch, 0..<scratch.count) > 0 {
            try progress(bytes.offset)
        }
        return bytes
    }
}
