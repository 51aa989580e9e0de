import Base

/// The byte form of a list of passages, on the wire and in fetched results.
///
/// Little-endian `UInt32` count; per passage three `UInt32` byte lengths (id, title, text); then
/// per passage the bytes of id, title and text in UTF-8.
public enum PassageBlock {
    /// Encodes passages, each part shorter than 4 GiB.
    public static func encode(_ passages: [Passage]) -> [UInt8] {
        var size = 4 + 12 * passages.count
        for passage in passages {
            size += passage.id.utf8.count + passage.title.utf8.count + passage.text.utf8.count
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(size)
        append(passages.count, to: &bytes)
        for passage in passages {
            append(passage.id.utf8.count, to: &bytes)
            append(passage.title.utf8.count, to: &bytes)
            append(passage.text.utf8.count, to: &bytes)
        }
        for passage in passages {
            bytes.append(contentsOf: passage.id.utf8)
            bytes.append(contentsOf: passage.title.utf8)
            bytes.append(contentsOf: passage.text.utf8)
        }
        return bytes
    }

    /// Decodes a block; every length is checked before it is used.
    ///
    /// - Throws: `CorpusError.malformedBlock` with the offset of the fault.
    public static func decode(_ bytes: [UInt8]) throws(CorpusError) -> [Passage] {
        let count = try count(bytes)
        var passages: [Passage] = []
        passages.reserveCapacity(count)
        var at = 4 + 12 * count
        for index in 0..<count {
            let lengths = 4 + 12 * index
            let id = try string(bytes, &at, length(bytes, at: lengths))
            let title = try string(bytes, &at, length(bytes, at: lengths + 4))
            let text = try string(bytes, &at, length(bytes, at: lengths + 8))
            passages.append(Passage(id: id, title: title, text: text))
        }
        guard at == bytes.count else {
            throw .malformedBlock(byteOffset: at, reason: "\(bytes.count - at) bytes are left over")
        }
        return passages
    }

    /// How many passages a block announces, as far as it is long enough for their lengths.
    static func count(_ bytes: [UInt8]) throws(CorpusError) -> Int {
        guard bytes.count >= 4 else {
            throw .malformedBlock(byteOffset: 0, reason: "\(bytes.count) bytes hold no count")
        }
        let count = length(bytes, at: 0)
        guard count <= (bytes.count - 4) / 12 else {
            throw .malformedBlock(
                byteOffset: 0, reason: "\(bytes.count) bytes hold no \(count) passages")
        }
        return count
    }

    static func append(_ length: Int, to bytes: inout [UInt8]) {
        precondition(length <= UInt32.max, "a length of \(length) does not fit into 32 bits")
        for shift in 0..<4 { bytes.append(UInt8(truncatingIfNeeded: length >> (8 * shift))) }
    }

    static func length(_ bytes: [UInt8], at offset: Int) -> Int {
        (0..<4).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * $1) }
    }

    private static func string(
        _ bytes: [UInt8], _ at: inout Int, _ count: Int
    ) throws(CorpusError) -> String {
        guard count <= bytes.count - at else {
            throw .malformedBlock(
                byteOffset: at,
                reason: "\(count) bytes are announced, \(bytes.count - at) are left")
        }
        guard let string = ByteSearch.string(bytes.span, at..<at + count) else {
            throw .malformedBlock(byteOffset: at, reason: "the text is not UTF-8")
        }
        at += count
        return string
    }
}
