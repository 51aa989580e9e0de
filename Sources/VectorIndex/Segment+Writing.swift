internal import Base
internal import CKernels
internal import Corpus

extension Segment {
    /// Writes a segment into a folder, under its own SHA-256.
    ///
    /// The file is written under a temporary name, synced, renamed, and the folder synced: after
    /// the return it survives a crash, and before it nobody sees half a file. Equal contents give
    /// equal bytes, so a batch encoded twice is one file.
    ///
    /// - Parameters:
    ///   - content: Contiguous passages with one finite vector each.
    ///   - folder: An existing folder.
    /// - Returns: Digest, path, length and rows of the file.
    /// - Throws: `IndexError.nonFiniteVector` naming the passage, `.beyondFloat16`,
    ///   `.shapeMismatch`, `.outOfRange` or `.fileSystem`; then no file is left behind.
    public static func write(
        _ content: SegmentContent, folder: String
    ) throws(IndexError) -> SegmentFile {
        try content.validate()
        let rows = content.passages.count
        let blobs = SegmentContent.textFields.map { Blob(content.passages, $0) }
        let headerBytes = content.header.bytes()
        guard headerBytes.count - 8 <= SegmentHeader.maximumBytes else {
            throw .outOfRange(
                what: "the length of digest and fingerprint in bytes", value: headerBytes.count,
                minimum: 1, maximum: SegmentHeader.maximumBytes)
        }
        let first = content.firstOrdinal.rawValue
        let ordinals = (0..<UInt64(rows)).map { (first + $0).littleEndian }

        let written = try giving(IndexError.init) { () throws(FileError) in
            let file = try DigestNamedFile(in: folder)
            try file.write(headerBytes)
            try file.write(ordinals)
            for blob in blobs { try file.write(blob.offsets) }
            switch content.precision {
            case .float32: try file.write(content.vectors)
            case .float16: try file.write(content.halves())
            }
            for blob in blobs { try file.write(blob.bytes) }
            return try file.finish(suffix: ".safetensors")
        }
        return SegmentFile(
            sha256: written.sha256, path: written.path, bytes: written.bytes, rows: rows)
    }
}

extension SegmentContent {
    /// The texts of a passage, in the order of ``SegmentHeader/textFields``.
    fileprivate static var textFields: [@Sendable (Passage) -> String] {
        [{ $0.id }, { $0.title }, { $0.text }]
    }

    /// The header of the segment that this becomes.
    fileprivate var header: SegmentHeader {
        SegmentHeader(
            sourceDigest: sourceDigest, batch: batch, fingerprint: fingerprint,
            rows: passages.count, dimension: dimension, precision: precision,
            textBytes: Self.textFields.map { text in
                passages.reduce(0) { $0 + text($1).utf8.count }
            })
    }

    /// The length in bytes of the file that ``Segment/write(_:folder:)`` makes of this.
    public var fileBytes: Int { header.fileBytes }

    /// The vectors as float16.
    fileprivate func halves() -> [UInt16] {
        [UInt16](unsafeUninitializedCapacity: vectors.count) { halves, count in
            sheaf_round_float16(vectors, vectors.count, halves.baseAddress)
            count = vectors.count
        }
    }
}

/// The texts of one field end to end, and where each begins.
private struct Blob {
    var bytes: [UInt8] = []
    var offsets: [UInt64] = [0]

    init(_ passages: [Passage], _ field: (Passage) -> String) {
        offsets.reserveCapacity(passages.count + 1)
        for passage in passages {
            bytes.append(contentsOf: field(passage).utf8)
            offsets.append(UInt64(bytes.count).littleEndian)
        }
    }
}
