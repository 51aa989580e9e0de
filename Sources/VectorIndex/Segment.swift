internal import Base
public import Corpus

/// The immutable result of one batch, mapped from its file.
///
/// Vectors and texts are read from the file when asked for, so a segment costs address space, not
/// memory. The file must not be changed while the segment lives; that it was shortened is noticed.
///
/// Sound as `Sendable`: nothing changes after `init`, and the mapping lives as long as the segment.
public final class Segment: @unchecked Sendable {
    /// The most components a vector may have.
    public static let maximumDimension = 1 << 16
    /// The most passages one segment may hold.
    public static let maximumRows = 1 << 28

    /// Where the file lies.
    public let path: String
    /// How many passages the segment holds, at least 1.
    public let rows: Int
    /// Components of each vector.
    public let dimension: Int
    /// The ordinal of row 0; the others follow without a gap.
    public let firstOrdinal: Ordinal
    /// Digest of the source that the batch belongs to.
    public let sourceDigest: String
    /// Position of the batch in its source.
    public let batch: Int
    /// Fingerprint of the encoder that made the vectors.
    public let fingerprint: String
    /// Length of the file in bytes.
    public var bytes: Int { file.bytes.count }

    /// The numbers that vectors are stored in.
    public let precision: VectorPrecision

    /// Whether the file at ``path`` is still the one that was opened, and nobody wrote to it since.
    public var isUnchanged: Bool { file.isUnchanged }

    let file: MappedFile
    /// The bytes of all vectors, `[rows, dimension]` row-major.
    let vectorBytes: UnsafeRawBufferPointer
    private let texts: [(offsets: Int, blob: Range<Int>)]

    private init(file: MappedFile, layout: SegmentLayout) {
        path = file.path
        rows = layout.rows
        dimension = layout.dimension
        firstOrdinal = Ordinal(layout.firstOrdinal)
        sourceDigest = layout.sourceDigest
        batch = layout.batch
        fingerprint = layout.fingerprint
        self.file = file
        precision = layout.precision
        vectorBytes = UnsafeRawBufferPointer(rebasing: file.bytes[layout.vectors])
        texts = layout.texts
    }

    /// Opens a segment and checks everything but the values of vectors and texts.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - sha256: When given, the lowercase hexadecimal SHA-256 that the whole file must have;
    ///     it is read once for that, before any byte of it is interpreted.
    /// - Throws: `IndexError.checksumMismatch`, `.malformedSegment`, `.unsupportedVersion` or
    ///   `.fileSystem`.
    public static func open(
        path: String, expecting sha256: String?
    ) throws(IndexError) -> Segment {
        let file = try mapped(path, expecting: sha256)
        let segment = Segment(file: file, layout: try SegmentLayout(file.bytes, path: path))
        try file.check()
        return segment
    }

    /// Maps the file; when `sha256` is given, reads and compares the whole file first.
    private static func mapped(
        _ path: String, expecting sha256: String?
    ) throws(IndexError) -> MappedFile {
        let file = try opening { () throws(FileError) in try OpenFile(reading: path) }
        let length = try opening { () throws(FileError) in try file.size() }
        guard length >= 8 else {
            throw .malformedSegment(
                path: path, offset: length, reason: "it ends inside the header length")
        }
        if let sha256 {
            let found = try opening { () throws(FileError) in try file.sha256() }
            guard found == sha256 else {
                throw .checksumMismatch(path: path, expected: sha256, found: found)
            }
        }
        return try opening { () throws(FileError) in try MappedFile(file) }
    }

    private static func opening<Value>(
        _ body: () throws(FileError) -> Value
    ) throws(IndexError) -> Value {
        try giving(IndexError.init, body)
    }

    /// The passage of a row.
    ///
    /// - Throws: `IndexError.invalidText` when a stored text is not UTF-8, `.changedInUse` when the
    ///   file was shortened.
    public func passage(_ row: Int) throws(IndexError) -> Passage {
        let passage = Passage(
            id: try text(0, row), title: try text(1, row), text: try text(2, row))
        try file.check()
        return passage
    }

    /// The id of a row's passage, as its source gave it.
    ///
    /// - Throws: `IndexError.invalidText` when the stored id is not UTF-8, `.changedInUse` when the
    ///   file was shortened.
    public func id(_ row: Int) throws(IndexError) -> String {
        let id = try text(0, row)
        try file.check()
        return id
    }

    /// Whether the file is still as it was when it was opened, but for bytes changed in place.
    public var isWhole: Bool { file.isWhole }

    /// Adds the passage of a row to a block as the bytes that are stored.
    ///
    /// - Parameter texts: False leaves title and text empty.
    /// - Throws: as `passage(_:)`; what was added then is not to be used.
    public func append(
        _ row: Int, texts: Bool, to block: inout PassageBlockBuilder
    ) throws(IndexError) {
        let none = UnsafeRawBufferPointer(start: nil, count: 0)
        block.append(
            id: try bytes(0, row), title: texts ? try bytes(1, row) : none,
            text: texts ? try bytes(2, row) : none)
        try file.check()
    }

    private func text(_ field: Int, _ row: Int) throws(IndexError) -> String {
        guard let text = String(validating: try stored(field, row), as: UTF8.self) else {
            throw invalidText(field, row)
        }
        return text
    }

    /// The bytes of a text, which are UTF-8.
    private func bytes(_ field: Int, _ row: Int) throws(IndexError) -> UnsafeRawBufferPointer {
        let bytes = try stored(field, row)
        guard ByteSearch.isText(bytes) else { throw invalidText(field, row) }
        return bytes
    }

    private func invalidText(_ field: Int, _ row: Int) -> IndexError {
        .invalidText(
            path: path, row: row, field: String(SegmentHeader.textFields[field].dropLast()))
    }

    private func stored(_ field: Int, _ row: Int) throws(IndexError) -> UnsafeRawBufferPointer {
        precondition(row >= 0 && row < rows, "row \(row) of \(rows)")
        let (offsets, blob) = texts[field]
        let begin = file.bytes.load(fromByteOffset: offsets + 8 * row, as: UInt64.self)
        let end = file.bytes.load(fromByteOffset: offsets + 8 * (row + 1), as: UInt64.self)
        // Checked at opening; again here, where a file that changed since would trap.
        guard begin.littleEndian <= end.littleEndian, end.littleEndian <= blob.count else {
            throw .malformedSegment(
                path: path, offset: offsets + 8 * row, reason: "it changed after it was opened")
        }
        let range =
            blob.lowerBound + Int(begin.littleEndian)..<blob.lowerBound + Int(end.littleEndian)
        return UnsafeRawBufferPointer(rebasing: file.bytes[range])
    }
}
