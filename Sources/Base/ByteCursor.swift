/// Reads little-endian numbers one after the other from bytes that may end before they should.
///
/// A reader of a format says in its own error what was missing where nil comes back.
package struct ByteCursor {
    /// All bytes.
    package let bytes: UnsafeRawBufferPointer
    /// How many are behind it.
    package private(set) var position = 0

    /// Stands before the first byte.
    package init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    /// How many bytes follow.
    package var left: Int { bytes.count - position }

    /// The next number; nil where the bytes end before it does.
    package mutating func number<Number: FixedWidthInteger>(_ type: Number.Type) -> Number? {
        guard let range = take(MemoryLayout<Number>.size) else { return nil }
        return Number(
            littleEndian: bytes.loadUnaligned(fromByteOffset: range.lowerBound, as: type))
    }

    /// Steps over bytes and tells where they lie; nil where fewer follow.
    package mutating func take(_ count: Int) -> Range<Int>? {
        guard count >= 0, count <= left else { return nil }
        defer { position += count }
        return position..<position + count
    }
}
