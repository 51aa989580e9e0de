/// Writes fields as protocol buffers do: in the order of their numbers, defaults left out.
package struct ProtoWriter {
    /// What has been written.
    package private(set) var bytes: [UInt8] = []

    package init() {}

    /// A number; 0 is the default and left out.
    package mutating func number(_ value: UInt64, at field: Int) {
        guard value != 0 else { return }
        key(field, 0)
        varint(value)
    }

    /// A number of a fixed width.
    package mutating func fixed(_ value: UInt64, bytes count: Int, at field: Int) {
        let bits = count == 4 ? value & UInt64(UInt32.max) : value
        guard bits != 0 else { return }
        key(field, count == 4 ? 5 : 1)
        for shift in 0..<count { bytes.append(UInt8(truncatingIfNeeded: bits >> (8 * shift))) }
    }

    /// A text or a message inside this one.
    package mutating func block(_ content: [UInt8], at field: Int, evenIfEmpty: Bool = false) {
        guard evenIfEmpty || !content.isEmpty else { return }
        key(field, 2)
        varint(UInt64(content.count))
        bytes += content
    }

    /// A list of numbers.
    package mutating func numbers(_ values: [UInt64], at field: Int) {
        var packed = ProtoWriter()
        for value in values { packed.varint(value) }
        block(packed.bytes, at: field)
    }

    private mutating func key(_ field: Int, _ type: Int) { varint(UInt64(field << 3 | type)) }

    private mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}
