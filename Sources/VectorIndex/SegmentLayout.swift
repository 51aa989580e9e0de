/// Where everything of a segment lies in its file, checked.
struct SegmentLayout {
    var rows: Int
    var dimension: Int
    var firstOrdinal: UInt64
    var sourceDigest: String
    var batch: Int
    var fingerprint: String
    /// Where `vectors` lies in the file, and its numbers.
    var vectors: Range<Int>
    var precision: VectorPrecision
    /// First byte of the offsets and the byte range of the blob, for ids, titles and texts.
    var texts: [(offsets: Int, blob: Range<Int>)]

    /// Reads and checks the header, the place and size of each tensor, ordinals and text offsets.
    init(_ bytes: UnsafeRawBufferPointer, path: String) throws(IndexError) {
        let length = bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self).littleEndian
        guard length <= UInt64(min(SegmentHeader.maximumBytes, bytes.count - 8)) else {
            throw .malformedSegment(
                path: path, offset: 0, reason: "a header of \(length) bytes does not fit")
        }
        let base = 8 + Int(length)
        let header: HeaderParser
        do {
            header = try HeaderParser(Array(bytes[8..<base]))
        } catch {
            throw .malformedSegment(path: path, offset: 8 + error.offset, reason: error.reason)
        }
        let places = Places(header: header, base: base, size: bytes.count, path: path)

        let version = try places.metadata("format_version")
        guard try places.metadata("format") == SegmentHeader.format else {
            throw places.fault("its format is not \(SegmentHeader.format)")
        }
        guard SegmentHeader.versions.contains(version) else {
            throw .unsupportedVersion(
                path: path, found: version,
                supported: SegmentHeader.versions.joined(separator: " and "))
        }
        sourceDigest = try places.metadata("source_digest")
        fingerprint = try places.metadata("encoder_fingerprint")
        guard let number = Int(try places.metadata("batch")), number >= 0 else {
            throw places.fault("the batch is not a number")
        }
        batch = number

        guard let shape = header.tensors["vectors"]?.shape, shape.count == 2,
            case 1...Segment.maximumRows = shape[0],
            case 1...Segment.maximumDimension = shape[1]
        else { throw places.fault("there is no tensor vectors [rows, dimension]") }
        rows = shape[0]
        dimension = shape[1]
        let type = header.tensors["vectors"]?.type
        precision = VectorPrecision.allCases.first { $0.tensorType == type } ?? .float32
        guard version != "1" || precision == .float32 else {
            throw places.fault("version 1 holds float32 alone")
        }
        vectors = try places.range("vectors", precision.tensorType, shape, precision.width)
        let ordinals = try places.range("ordinals", "U64", [rows], 8).lowerBound
        guard vectors.lowerBound % SegmentHeader.alignment == 0, ordinals % 8 == 0 else {
            throw places.fault("the tensors are not aligned")
        }
        texts = []
        for field in SegmentHeader.textFields {
            let offsets = try places.range("\(field)_offsets", "U64", [rows + 1], 8).lowerBound
            guard let blobShape = header.tensors[field]?.shape, blobShape.count == 1 else {
                throw places.fault("there is no tensor \(field) [bytes]")
            }
            let blob = try places.range(field, "U8", blobShape, 1)
            guard offsets % 8 == 0 else { throw places.fault("the tensors are not aligned") }
            try Self.checkOffsets(bytes, at: offsets, rows: rows, blob: blob.count, path: path)
            texts.append((offsets, blob))
        }
        try places.checkPacking(expected: 2 + 2 * SegmentHeader.textFields.count)
        firstOrdinal = try Self.checkOrdinals(bytes, at: ordinals, rows: rows, path: path)
    }

    private static func checkOffsets(
        _ bytes: UnsafeRawBufferPointer, at place: Int, rows: Int, blob: Int, path: String
    ) throws(IndexError) {
        var previous: UInt64 = 0
        for row in 0...rows {
            let place = place + 8 * row
            let offset = bytes.load(fromByteOffset: place, as: UInt64.self).littleEndian
            let right =
                row == 0
                ? offset == 0
                : row == rows ? offset == blob && offset >= previous : offset >= previous
            guard right, offset <= blob else {
                throw .malformedSegment(
                    path: path, offset: place, reason: "text offset \(offset) is out of order")
            }
            previous = offset
        }
    }

    private static func checkOrdinals(
        _ bytes: UnsafeRawBufferPointer, at place: Int, rows: Int, path: String
    ) throws(IndexError) -> UInt64 {
        let first = bytes.load(fromByteOffset: place, as: UInt64.self).littleEndian
        guard UInt64(rows) <= UInt64.max - first else {
            throw .malformedSegment(path: path, offset: place, reason: "ordinals run over")
        }
        for row in 0..<rows {
            let place = place + 8 * row
            let ordinal = bytes.load(fromByteOffset: place, as: UInt64.self).littleEndian
            guard ordinal == first + UInt64(row) else {
                throw .malformedSegment(
                    path: path, offset: place, reason: "ordinals are not contiguous")
            }
        }
        return first
    }
}

/// The header's claims beside the file they are about.
private struct Places {
    var header: HeaderParser
    /// The byte of the file where the tensors begin.
    var base: Int
    var size: Int
    var path: String

    func fault(_ reason: String) -> IndexError {
        .malformedSegment(path: path, offset: 8, reason: reason)
    }

    func metadata(_ key: String) throws(IndexError) -> String {
        guard let value = header.metadata[key] else { throw fault("__metadata__ has no \(key)") }
        return value
    }

    /// The bytes of the file that hold a tensor of this type and shape.
    func range(
        _ name: String, _ type: String, _ shape: [Int], _ width: Int
    ) throws(IndexError) -> Range<Int> {
        guard let tensor = header.tensors[name] else { throw fault("there is no tensor \(name)") }
        guard tensor.type == type, tensor.shape == shape else {
            throw fault("tensor \(name) is not \(type) \(shape)")
        }
        var bytes = width
        for extent in shape {
            let (product, overflow) = bytes.multipliedReportingOverflow(by: extent)
            if overflow { throw fault("tensor \(name) is larger than memory") }
            bytes = product
        }
        guard tensor.begin <= tensor.end, tensor.end <= size - base,
            tensor.end - tensor.begin == bytes
        else { throw fault("tensor \(name) does not fit its place") }
        return base + tensor.begin..<base + tensor.end
    }

    /// Checks that the tensors fill the rest of the file, without gap, overlap or stranger.
    func checkPacking(expected: Int) throws(IndexError) {
        guard header.tensors.count == expected else { throw fault("there are other tensors") }
        var next = 0
        let ordered = header.tensors.values.sorted { ($0.begin, $0.end) < ($1.begin, $1.end) }
        for tensor in ordered {
            guard tensor.begin == next else { throw fault("tensors overlap or leave a gap") }
            next = tensor.end
        }
        guard next == size - base else {
            throw .malformedSegment(
                path: path, offset: base + next, reason: "the file is longer than its tensors")
        }
    }
}
