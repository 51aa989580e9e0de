/// Reads the fields of a Protocol Buffers message one after another; what they mean is the
/// caller's business.
///
/// Lengths are checked against the message, so no input leads outside of it. Groups, which nobody
/// writes any more, are refused.
package struct ProtobufReader {
    /// What a field holds, by its wire type.
    package enum Value: Equatable, Sendable {
        /// An integer of any kind, a truth value or an enumeration.
        case integer(UInt64)
        /// Eight bytes, little-endian.
        case fixed64(UInt64)
        /// Four bytes, little-endian.
        case fixed32(UInt32)
        /// Text, bytes, a message or packed numbers: where they lie in the file.
        case bytes(Range<Int>)
    }

    /// A field with its number.
    package struct Field: Equatable, Sendable {
        /// Its number in the schema.
        package var number: Int
        /// What it holds.
        package var value: Value
        /// Where it begins in the file.
        package var offset: Int
    }

    private var at: Int
    private let end: Int

    /// Reads the message that lies in a range of a file.
    package init(_ range: Range<Int>) {
        at = range.lowerBound
        end = range.upperBound
    }

    /// The next field, or nil behind the last.
    package mutating func next(_ file: Span<UInt8>) throws(FormatError) -> Field? {
        if at >= end { return nil }
        let offset = at
        let key = try integer(file)
        guard key >> 3 > 0, key >> 3 < 1 << 29 else {
            throw FormatError(offset, "a field has the number \(key >> 3)")
        }
        let value: Value
        switch key & 7 {
        case 0: value = .integer(try integer(file))
        case 1: value = .fixed64(try fixed(file, bytes: 8))
        case 2:
            let length = try integer(file)
            guard length <= UInt64(end - at) else {
                throw FormatError(
                    offset, "a field would have \(length) bytes, and \(end - at) follow")
            }
            value = .bytes(at..<at + Int(length))
            at += Int(length)
        case 5: value = .fixed32(UInt32(truncatingIfNeeded: try fixed(file, bytes: 4)))
        default: throw FormatError(offset, "a field has the wire type \(key & 7)")
        }
        return Field(number: Int(key >> 3), value: value, offset: offset)
    }

    private mutating func integer(_ file: Span<UInt8>) throws(FormatError) -> UInt64 {
        let start = at
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            guard at < end else { throw FormatError(start, "a number is cut off") }
            let byte = file[at]
            at += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        throw FormatError(start, "a number has more than ten bytes")
    }

    private mutating func fixed(_ file: Span<UInt8>, bytes: Int) throws(FormatError) -> UInt64 {
        guard end - at >= bytes else { throw FormatError(at, "a number is cut off") }
        defer { at += bytes }
        return (0..<bytes).reduce(UInt64(0)) { $0 | UInt64(file[at + $1]) << UInt64(8 * $1) }
    }
}
