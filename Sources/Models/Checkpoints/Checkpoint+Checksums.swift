import Base

extension Checkpoint {
    /// Bytes whose pages are held while a checksum is computed.
    private static let checkedAtOnce = 4 << 20

    /// Compares the members of zip archives with their CRC-32; other formats carry no checksum.
    ///
    /// Reads each file once. What needs no weights, such as telling the towers, leaves it out.
    func verifyChecksums() throws(ModelError) {
        for (file, members) in zip(files, checksums) {
            for member in members {
                var crc = CRC32()
                let range = member.range
                for start in stride(
                    from: range.lowerBound, to: range.upperBound, by: Self.checkedAtOnce)
                {
                    let part = start..<min(start + Self.checkedAtOnce, range.upperBound)
                    crc.update(UnsafeRawBufferPointer(rebasing: file.bytes[part]))
                    file.release(part)
                }
                guard crc.value == member.crc32 else {
                    throw .malformedFile(
                        path: file.path, offset: range.lowerBound,
                        reason: "a member of the archive does not have its checksum")
                }
            }
        }
    }
}

/// The checksum of zip and gzip, eight bytes a step.
///
/// Source: PKWARE's APPNOTE.TXT 6.3.10, §4.4.7; slicing after Kounavis and Berry 2005.
struct CRC32 {
    private var state: UInt32 = .max

    /// The checksum of what was given so far.
    var value: UInt32 { ~state }

    private static let tables: [UInt32] = {
        var tables = [UInt32](repeating: 0, count: 8 * 256)
        for index in 0..<256 {
            var value = UInt32(index)
            for _ in 0..<8 { value = value & 1 == 1 ? 0xEDB8_8320 ^ value >> 1 : value >> 1 }
            tables[index] = value
        }
        for index in 256..<tables.count {
            let before = tables[index - 256]
            tables[index] = tables[Int(before & 0xFF)] ^ before >> 8
        }
        return tables
    }()

    /// Goes on with `bytes`.
    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        var state = state
        Self.tables.withUnsafeBufferPointer { tables in
            var index = 0
            while index + 8 <= bytes.count {
                let word =
                    UInt64(
                        littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
                    ^ UInt64(state)
                state = 0
                for slice in 0..<8 {
                    let byte = Int(truncatingIfNeeded: word >> UInt64(8 * slice)) & 0xFF
                    state ^= tables[(7 - slice) * 256 + byte]
                }
                index += 8
            }
            while index < bytes.count {
                state = tables[Int((state ^ UInt32(bytes[index])) & 0xFF)] ^ state >> 8
                index += 1
            }
        }
        self.state = state
    }
}
