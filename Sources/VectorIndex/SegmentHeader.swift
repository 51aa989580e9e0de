internal import Formats

/// The header of a segment: which tensor lies where, and what the segment is.
///
/// A segment is one safetensors file: eight bytes of header length, a JSON header, the tensors
/// without a gap. `ordinals` U64 `[rows]`; `ids_offsets`, `titles_offsets`, `texts_offsets` U64
/// `[rows + 1]`; `vectors` F32 or F16 `[rows, dimension]`; `ids`, `titles`, `texts` U8, the UTF-8
/// of all rows end to end. Spaces behind the JSON place `vectors` on a multiple of 64 bytes in the
/// file; the U64 tensors, which come before it, then lie on multiples of 8.
struct SegmentHeader {
    static let format = "sheaf-segment"
    /// Versions that are read; which one is written depends on the precision.
    static let versions = ["1", "2"]
    static let maximumBytes = 1 << 16
    static let alignment = 64
    static let textFields = ["ids", "titles", "texts"]

    var sourceDigest: String
    var batch: Int
    var fingerprint: String
    var rows: Int
    var dimension: Int
    var precision: VectorPrecision
    /// Bytes of the blobs of ids, titles and texts.
    var textBytes: [Int]

    /// Bytes of everything that lies before `vectors` among the tensors.
    var bytesBeforeVectors: Int { 8 * rows + 3 * 8 * (rows + 1) }

    /// Bytes of the whole file.
    var fileBytes: Int {
        bytes().count + bytesBeforeVectors + precision.width * rows * dimension
            + textBytes.reduce(0, +)
    }

    /// Programs that know only version 1 expect float32.
    private var version: String { precision == .float32 ? "1" : "2" }

    /// The header as it lies in the file: length, JSON, spaces.
    ///
    /// Keys come in one order, so that equal contents have equal bytes.
    func bytes() -> [UInt8] {
        let metadata = [
            "batch": "\(batch)", "encoder_fingerprint": fingerprint, "format": Self.format,
            "format_version": version, "source_digest": sourceDigest,
        ]
        return SafetensorsHeader.bytes(
            tensors(), metadata: metadata, aligning: bytesBeforeVectors, to: Self.alignment)
    }

    private func tensors() -> [SafetensorsHeader.Tensor] {
        func numbers(_ name: String, _ count: Int) -> SafetensorsHeader.Tensor {
            SafetensorsHeader.Tensor(name: name, type: "U64", shape: [count], bytes: 8 * count)
        }
        let offsets = Self.textFields.map { numbers("\($0)_offsets", rows + 1) }
        let vectors = SafetensorsHeader.Tensor(
            name: "vectors", type: precision.tensorType, shape: [rows, dimension],
            bytes: precision.width * rows * dimension)
        let texts = zip(Self.textFields, textBytes).map { field, bytes in
            SafetensorsHeader.Tensor(name: field, type: "U8", shape: [bytes], bytes: bytes)
        }
        return [numbers("ordinals", rows)] + offsets + [vectors] + texts
    }
}
