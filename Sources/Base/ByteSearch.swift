internal import Glibc

/// Searches in byte buffers with the C library's vectorised routines.
package enum ByteSearch {
    /// Finds the first `byte` in `range`, or nil.
    @inlinable
    @inline(__always)
    package static func first(_ byte: UInt8, in bytes: Span<UInt8>, _ range: Range<Int>) -> Int? {
        let found: Int? = bytes.extracting(range).withUnsafeBytes { raw in
            guard let base = raw.baseAddress,
                let hit = memchr(base, Int32(byte), raw.count)
            else { return nil }
            return UnsafeRawPointer(hit) - base
        }
        return found.map { $0 + range.lowerBound }
    }

    /// Finds the first `byte` in `range`, or nil.
    @inlinable
    @inline(__always)
    package static func first(_ byte: UInt8, in bytes: [UInt8], _ range: Range<Int>) -> Int? {
        first(byte, in: bytes.span, range)
    }

    /// Lends a range of an array.
    @inlinable
    @inline(__always)
    package static func lend<Result, Failure: Error>(
        _ bytes: [UInt8], _ range: Range<Int>,
        _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(bytes.span.extracting(range))
    }

    /// Copies `bytes[source]` to the front of the same array.
    @inlinable
    @inline(__always)
    package static func moveToFront(_ bytes: inout [UInt8], _ source: Range<Int>) {
        precondition(source.lowerBound >= 0 && source.upperBound <= bytes.count)
        bytes.withUnsafeMutableBytes { raw in
            guard let base = raw.baseAddress, !source.isEmpty else { return }
            memmove(base, base + source.lowerBound, source.count)
        }
    }

    /// Whether bytes are UTF-8.
    package static func isText(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        (try? UTF8Span(validating: bytes.extracting(range))) != nil
    }

    /// Whether bytes are UTF-8.
    package static func isText(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.withMemoryRebound(to: UInt8.self) { bytes in
            isText(bytes.span, 0..<bytes.count)
        }
    }

    /// Makes a string of bytes, or nil where they are not UTF-8.
    @inlinable
    @inline(__always)
    package static func string(_ bytes: [UInt8], _ range: Range<Int>) -> String? {
        string(bytes.span, range)
    }

    /// Makes a string of bytes, or nil where they are not UTF-8.
    @inlinable
    @inline(__always)
    package static func string(_ bytes: Span<UInt8>, _ range: Range<Int>) -> String? {
        guard let text = try? UTF8Span(validating: bytes.extracting(range)) else { return nil }
        return String(copying: text)
    }
}
