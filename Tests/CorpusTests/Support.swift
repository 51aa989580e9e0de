import Foundation

@testable import Corpus

/// A folder that is removed with its owner.
final class TemporaryFolder {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "corpus-tests-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// Writes a file and gives its path.
    func file(_ name: String, _ bytes: [UInt8]) throws -> String {
        let file = path + "/" + name
        try Data(bytes).write(to: URL(fileURLWithPath: file))
        return file
    }

    func file(_ name: String, _ text: String) throws -> String {
        try file(name, Array(text.utf8))
    }
}

/// The fixtures of this target.
let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("Fixtures/corpus").path

/// A folder of real data, where there is one.
let realData = ProcessInfo.processInfo.environment["SHEAF_TEST_DATA"]

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

/// SplitMix64: the same numbers from one seed everywhere.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
