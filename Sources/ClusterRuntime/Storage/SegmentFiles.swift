import Foundation

/// Reading pieces of segment files for those who lack them.
enum SegmentFiles {
    /// At most `count` bytes of the segment named `sha256` from `offset` on, or a part marked
    /// missing.
    ///
    /// The name is checked to be a SHA-256: it comes over the wire and becomes a path.
    static func part(folder: String, sha256: String, offset: UInt64, count: Int) -> SegmentPart {
        let missing = SegmentPart(bytes: [], total: 0, isMissing: true)
        let isName = sha256.utf8.count == 64 && sha256.utf8.allSatisfy { $0 < 128 && isHex($0) }
        guard isName,
            let file = FileHandle(forReadingAtPath: folder + "/" + sha256 + ".safetensors")
        else { return missing }
        defer { try? file.close() }
        do {
            let total = try file.seekToEnd()
            guard offset < total else { return missing }
            try file.seek(toOffset: offset)
            let bytes = try file.read(upToCount: count) ?? Data()
            return SegmentPart(bytes: Array(bytes), total: total, isMissing: bytes.isEmpty)
        } catch {
            return missing
        }
    }

    private static func isHex(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }
}
