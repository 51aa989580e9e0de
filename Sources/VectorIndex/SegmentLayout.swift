internal import Formats

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
        let places = try Places(bytes, path: path)
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

        guard let shape = places.tensors["vectors"]?.shape, shape.count == 2,
            case 1...Segment.maximumRows = shape[0],
            case 1...Segment.maximumDimension = shape[1]
        else { throw places.fault("there is no tensor vectors [rows, dimension]") }
        rows = shape[0]
        dimension = shape[1]
        let type = places.tensors["vectors"]?.type
        precision = VectorPrecision.allCases.first { $0.tensorType == type } ?? .float32
        guard version != "1" || precision == .float32 else {
            throw places.fault("version 1 holds float32 alone")
        }
        vectors = try places.range("vectors", precision.tensorType, shape)
        let ordinals = try places.range("ordinals", "U64", [rows]).lowerBound
        guard vectors.lowerBound % SegmentHeader.alignment == 0, ordinals % 8 == 0 else {
            throw places.fault("the tensors are not aligned")
        }
        texts = []
        for field in SegmentHeader.textFields {
            let offsets = try places.range("\(field)_offsets", "U64", [rows + 1]).lowerBound
            guard let blobShape = places.tensors[field]?.shape, blobShape.count == 1 else {
                throw places.fault("there is no tensor \(field) [bytes]")
            }
            let blob = try places.range(field, "U8", blobShape)
            guard offsets % 8 == 0 else { throw places.fault("the tensors are not aligned") }
            try Self.checkOffsets(bytes, at: offsets, rows: rows, blob: blob.count, path: path)
            texts.append((offsets, blob))
        }
        try places.checkCount(2 + 2 * SegmentHeader.textFields.count)
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

/// The header, checked against the file's size.
private struct Places {
    let metadata: [String: String]
    let tensors: [String: SafetensorsTensor]
    let path: String

    /// The types of a segment's tensors, with the bytes of an element.
    private static let widths = ["U64": 8, "F32": 4, "F16": 2, "U8": 1]

    init(_ bytes: UnsafeRawBufferPointer, path: String) throws(IndexError) {
        self.path = path
        let limits = SafetensorsLimits(
            headerBytes: SegmentHeader.maximumBytes, entries: 64, rank: 8)
        do throws(FormatError) {
            let header = try SafetensorsReader(
                bytes.bindMemory(to: UInt8.self).span, limits: limits, width: { Self.widths[$0] }
            ) { $0 }
            metadata = header.metadata
            tensors = Dictionary(
                header.entries.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
            guard tensors.count == header.entries.count else {
                throw FormatError(8, "a tensor occurs twice")
            }
        } catch {
            throw .malformedSegment(path: path, offset: error.offset, reason: error.reason)
        }
    }

    func fault(_ reason: String) -> IndexError {
        .malformedSegment(path: path, offset: 8, reason: reason)
    }

    func metadata(_ key: String) throws(IndexError) -> String {
        guard let value = metadata[key] else { throw fault("__metadata__ has no \(key)") }
        return value
    }

    /// The bytes of the file that hold a tensor of this type and shape.
    func range(
        _ name: String, _ type: String, _ shape: [Int]
    ) throws(IndexError) -> Range<Int> {
        guard let tensor = tensors[name] else { throw fault("there is no tensor \(name)") }
        guard tensor.type == type, tensor.shape == shape else {
            throw fault("tensor \(name) is not \(type) \(shape)")
        }
        return tensor.range
    }

    /// Checks that there are no other tensors; the reader has checked that they fill the file.
    func checkCount(_ expected: Int) throws(IndexError) {
        guard tensors.count == expected else { throw fault("there are other tensors") }
    }
}
