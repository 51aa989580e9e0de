/// Reads the top fields of a protocol buffer, as far as hostile peers need to know them.
package struct ProtoReader {
    /// Numbers by field; of a field that came several times the last.
    package private(set) var numbers: [Int: UInt64] = [:]
    /// Texts and messages by field.
    package private(set) var blocks: [Int: [UInt8]] = [:]

    package init(_ bytes: [UInt8]) {
        var at = 0
        func varint() -> UInt64? {
            var value: UInt64 = 0
            for shift in stride(from: UInt64(0), to: 64, by: 7) {
                guard at < bytes.count else { return nil }
                let byte = bytes[at]
                at += 1
                value |= UInt64(byte & 0x7f) << shift
                if byte & 0x80 == 0 { return value }
            }
            return nil
        }
        func fixed(_ count: Int) -> UInt64? {
            guard at + count <= bytes.count else { return nil }
            defer { at += count }
            return (0..<count).reduce(0) { $0 | UInt64(bytes[at + $1]) << UInt64(8 * $1) }
        }
        while at < bytes.count, let key = varint() {
            let field = Int(truncatingIfNeeded: key >> 3)
            switch key & 7 {
            case 0: numbers[field] = varint()
            case 1: numbers[field] = fixed(8)
            case 5: numbers[field] = fixed(4)
            default:
                guard let length = varint(), length <= UInt64(bytes.count - at) else { return }
                blocks[field] = Array(bytes[at..<at + Int(length)])
                at += Int(length)
            }
        }
    }

    /// A text; empty where there is none.
    package func text(_ field: Int) -> String {
        String(decoding: blocks[field] ?? [], as: UTF8.self)
    }
}

/// One message as it came: its header's fields, and its payload's.
package struct ReceivedMessage {
    package let type: Int
    package let clusterID: String
    package let epoch: UInt64
    package let requestID: UInt64
    package let payload: [UInt8]

    /// Reads frames without a routing id.
    package init?(_ frames: [[UInt8]]) {
        guard frames.count >= 2 else { return nil }
        let header = ProtoReader(frames[0])
        type = Int(header.numbers[7] ?? 0)
        clusterID = header.text(3)
        epoch = header.numbers[6] ?? 0
        requestID = header.numbers[8] ?? 0
        payload = frames[1]
    }
}
