internal import Base
internal import Glibc

/// Vectors that came from a Faiss index file.
public struct FaissVectors: Sendable {
    /// The metric that the index was made for.
    public var metric: Metric
    /// Components of each vector.
    public var dimension: Int
    /// `[row, component]`, row-major.
    public var vectors: [Float]
}

/// Flat index files of Faiss, for exchange with other programs.
///
/// The file is what `faiss.write_index` makes of an `IndexFlat`. Beside it, `<path>.ids.txt` holds
/// the passage ids, one a line, in the order of the vectors.
public enum FaissFile {
    /// Writes the vectors of some segments as one index, and their passage ids beside it.
    ///
    /// - Parameters:
    ///   - segments: Of one encoder and dimension, at least one; written in the order of ordinals.
    ///   - metric: The metric of the index; for cosine the file holds vectors of length 1 under the
    ///     inner product.
    ///   - path: The index file; an existing one is replaced once the new one is whole.
    /// - Throws: `IndexError`; `.lineBreakInID` when an id would not be one line. Needs memory for
    ///   all vectors.
    public static func write(
        segments: [Segment], metric: Metric, path: String
    ) throws(IndexError) {
        let store = try RowStore(segments: segments, metric: metric)
        guard store.rows > 0 else {
            throw .outOfRange(
                what: "the number of segments to write", value: 0, minimum: 1, maximum: .max)
        }
        var ids: [UInt8] = []
        for segment in store.segments {
            for row in 0..<segment.rows {
                let id = try segment.id(row)
                guard !id.utf8.contains(where: { $0 == 0x0A || $0 == 0x0D }) else {
                    throw .lineBreakInID(path: segment.path, row: row)
                }
                ids.append(contentsOf: id.utf8)
                ids.append(0x0A)
            }
        }
        let index = try FaissIndex(kind: "Flat", dimension: store.dimension, metric: metric)
        try store.forEachFaissRun { (vectors) throws(IndexError) in try index.add(vectors) }

        let temporary = "\(path).writing-\(getpid())"
        defer { unlink(temporary) }
        // Faiss writes its file itself. That one comes last: without the ids it serves nobody.
        try index.write(to: temporary)
        try giving(IndexError.init) { () throws(FileError) in
            try FileNames.sync(file: temporary)
            try WholeFile.write(ids, to: "\(path).ids.txt")
            try FileNames.rename(temporary, to: path)
        }
    }

    /// Reads a flat index file.
    ///
    /// - Throws: `IndexError.malformedFaissFile` when the file is another kind of index or its
    ///   lengths do not agree with its size, which Faiss itself would believe; `.fileSystem`.
    public static func read(path: String) throws(IndexError) -> FaissVectors {
        let metric = try checkHeader(path)
        let index = try FaissIndex(reading: path)
        let vectors = try index.vectors(0..<index.rows)
        return FaissVectors(metric: metric, dimension: index.dimension, vectors: vectors)
    }

    /// Checks a file of: four letters of kind; Int32 dimension; Int64 rows; 16 bytes; trained;
    /// Int32 metric; Int64 number of floats; the floats.
    private static func checkHeader(_ path: String) throws(IndexError) -> Metric {
        let file: MappedFile
        do {
            file = try giving(IndexError.init) { () throws(FileError) in try MappedFile(path) }
        } catch {
            guard case .malformedSegment(_, _, let reason) = error else { throw error }
            throw .malformedFaissFile(path: path, reason: reason)
        }
        let bytes = file.bytes
        guard bytes.count >= headerBytes else {
            throw .malformedFaissFile(path: path, reason: "it ends inside the header")
        }
        func integer<Value: FixedWidthInteger>(_ offset: Int, _: Value.Type) -> Int {
            Int(Value(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Value.self)))
        }
        let kind = String(decoding: bytes[..<4], as: UTF8.self)
        let metrics: [String: (metric: Metric, code: Int)] = [
            "IxFI": (.innerProduct, 0), "IxF2": (.l2, 1),
        ]
        guard let known = metrics[kind], integer(33, Int32.self) == known.code else {
            throw .malformedFaissFile(path: path, reason: "it is of another kind")
        }
        let dimension = integer(4, Int32.self)
        let rows = integer(8, Int64.self)
        let (floats, overflow) = dimension.multipliedReportingOverflow(by: rows)
        guard case 1...Segment.maximumDimension = dimension, rows >= 0, !overflow,
            integer(37, Int64.self) == floats,
            (bytes.count - headerBytes).quotientAndRemainder(dividingBy: 4) == (floats, 0)
        else {
            throw .malformedFaissFile(
                path: path, reason: "\(rows) rows of \(dimension) do not fill \(bytes.count) bytes")
        }
        return known.metric
    }

    private static let headerBytes = 45
}
