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

    /// Programs that know only version 1 expect float32.
    private var version: String { precision == .float32 ? "1" : "2" }

    /// The header as it lies in the file: length, JSON, spaces.
    ///
    /// Keys come in one order, so that equal contents have equal bytes.
    func bytes() -> [UInt8] {
        var json = "{\"__metadata__\":{\"batch\":\"\(batch)\""
        json += ",\"encoder_fingerprint\":\(Self.quoted(fingerprint))"
        json += ",\"format\":\"\(Self.format)\",\"format_version\":\"\(version)\""
        json += ",\"source_digest\":\(Self.quoted(sourceDigest))}"
        var offset = 0
        for tensor in tensors() {
            let shape = tensor.shape.map(String.init).joined(separator: ",")
            let end = offset + tensor.bytes
            json += ",\"\(tensor.name)\":{\"dtype\":\"\(tensor.type)\",\"shape\":[\(shape)]"
            json += ",\"data_offsets\":[\(offset),\(end)]}"
            offset = end
        }
        json += "}"
        var text = Array(json.utf8)
        while (8 + text.count + bytesBeforeVectors) % Self.alignment != 0 { text.append(0x20) }
        return withUnsafeBytes(of: UInt64(text.count).littleEndian, Array.init) + text
    }

    private func tensors() -> [(name: String, type: String, shape: [Int], bytes: Int)] {
        var list = [(name: "ordinals", type: "U64", shape: [rows], bytes: 8 * rows)]
        for field in Self.textFields {
            list.append(("\(field)_offsets", "U64", [rows + 1], 8 * (rows + 1)))
        }
        list.append(
            (
                "vectors", precision.tensorType, [rows, dimension],
                precision.width * rows * dimension
            ))
        for (field, bytes) in zip(Self.textFields, textBytes) {
            list.append((field, "U8", [bytes], bytes))
        }
        return list
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\u{0}"..<"\u{20}":
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
