/// A number that raw frames hold, little-endian: ordinals, scores, vectors, counts.
public protocol RawElement: BitwiseCopyable {}

extension Float: RawElement {}
extension Double: RawElement {}
extension UInt32: RawElement {}
extension UInt64: RawElement {}

#if _endian(big)
    #error("Raw frames are copied as memory: only little-endian processors are supported.")
#endif

/// Numbers to raw frames and back.
public enum RawFrame {
    /// The frame of numbers.
    public static func bytes<Element: RawElement>(_ values: [Element]) -> [UInt8] {
        values.withUnsafeBytes { Array($0) }
    }

    /// The frames of a document that the wire does not look into; none where there is none.
    static func document(_ text: String) -> [[UInt8]] { text.isEmpty ? [] : [Array(text.utf8)] }

    /// The document in the first frame; empty where there is none, or it is no text.
    static func document(_ frames: [[UInt8]]) -> String {
        frames.first.flatMap { String(validating: $0, as: UTF8.self) } ?? ""
    }

    /// The numbers of a frame that must hold `count` of them.
    ///
    /// Throws ``WireError/elements(expectedBytes:found:)`` where it holds more or fewer.
    public static func values<Element: RawElement>(
        _ frame: [UInt8], of type: Element.Type = Element.self, count: Int
    ) throws(WireError) -> [Element] {
        let (expected, overflow) = count.multipliedReportingOverflow(
            by: MemoryLayout<Element>.stride)
        guard !overflow, count >= 0, frame.count == expected else {
            throw .elements(expectedBytes: overflow ? Int.max : expected, found: frame.count)
        }
        // All empty arrays share one storage, which must not be written to.
        if count == 0 { return [] }
        return [Element](unsafeUninitializedCapacity: count) { buffer, initialized in
            UnsafeMutableRawBufferPointer(buffer).copyBytes(from: frame)
            initialized = count
        }
    }

    /// The numbers of a frame that may hold any whole number of them.
    public static func allValues<Element: RawElement>(
        _ frame: [UInt8], of type: Element.Type = Element.self
    ) throws(WireError) -> [Element] {
        try values(frame, count: frame.count / MemoryLayout<Element>.stride)
    }
}
