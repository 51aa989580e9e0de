import Foundation
import TestSupport

@testable import Corpus

/// The fixtures of this target.
let fixtures = TestFiles.fixtures + "/corpus"

/// Reads all passages of files.
func passages(
    _ paths: [String], format: CorpusFormat? = nil, skipMalformed: Bool = false
) throws -> [Passage] {
    let reader = try PassageReader(
        try CorpusSource(paths: paths, format: format), skipMalformed: skipMalformed)
    var found: [Passage] = []
    while let passage = try reader.next() { found.append(passage) }
    return found
}

/// Compresses to one gzip member of stored blocks, written from RFC 1951 and 1952.
func gzip(_ bytes: [UInt8]) -> [UInt8] {
    var out: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF]
    func append(_ value: UInt32, bytes count: Int) {
        for shift in 0..<count { out.append(UInt8(truncatingIfNeeded: value >> (8 * shift))) }
    }
    var at = 0
    repeat {
        let end = min(at + 65_535, bytes.count)
        out.append(end == bytes.count ? 1 : 0)
        append(UInt32(end - at), bytes: 2)
        append(~UInt32(end - at), bytes: 2)
        out += bytes[at..<end]
        at = end
    } while at < bytes.count
    var checksum: UInt32 = 0xFFFF_FFFF
    for byte in bytes {
        checksum ^= UInt32(byte)
        for _ in 0..<8 { checksum = checksum >> 1 ^ (checksum & 1 == 1 ? 0xEDB8_8320 : 0) }
    }
    append(~checksum, bytes: 4)
    append(UInt32(truncatingIfNeeded: bytes.count), bytes: 4)
    return out
}
