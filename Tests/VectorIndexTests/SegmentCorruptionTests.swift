import Corpus
import Foundation
import TestSupport
import Testing

@testable import VectorIndex

struct SegmentCorruptionTests {
    private let folder: TemporaryFolder
    private let file: SegmentFile
    private let original: [UInt8]

    init() throws {
        folder = try TemporaryFolder()
        file = try Segment.write(
            content(first: 40, dimension: 3, vectors: (0..<24).map(Float.init)),
            folder: folder.path)
        original = [UInt8](try Data(contentsOf: URL(fileURLWithPath: file.path)))
    }

    private func open(_ bytes: [UInt8], expecting sha256: String? = nil) throws -> Segment {
        let path = "\(folder.path)/changed"
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        return try Segment.open(path: path, expecting: sha256)
    }

    /// Touches everything a segment can give.
    private func readAll(_ segment: Segment) throws {
        _ = segment.withVectors { $0.reduce(0, +) }
        for row in 0..<segment.rows { _ = try segment.passage(row) }
    }

    @Test func `any flipped bit is detected by the checksum`() throws {
        var generator = Dice(seed: 11)
        for _ in 0..<300 {
            var bytes = original
            let place = Int.random(in: bytes.indices, using: &generator)
            bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            #expect(throws: IndexError.self) { try open(bytes, expecting: file.sha256) }
        }
    }

    @Test func `any truncation is detected, with and without a checksum`() throws {
        for length in stride(from: 0, to: original.count, by: 7) {
            let bytes = Array(original[..<length])
            #expect(throws: IndexError.self) { try open(bytes) }
            #expect(throws: IndexError.self) { try open(bytes, expecting: file.sha256) }
        }
        #expect(throws: IndexError.self) { try open(original + [0]) }
    }

    @Test func `swapped files are detected`() throws {
        let other = try Segment.write(
            content(first: 50, dimension: 3, vectors: [1, 2, 3]), folder: folder.path)
        let expected = IndexError.checksumMismatch(
            path: other.path, expected: file.sha256, found: other.sha256)
        #expect(throws: expected) {
            try Segment.open(path: other.path, expecting: file.sha256)
        }
    }

    @Test func `mutated files give an error or whole content, never a crash`() throws {
        var generator = Dice(seed: 12)
        let headerEnd = 8 + Int(original[0]) + Int(original[1]) << 8
        var opened = 0
        for turn in 0..<3000 {
            var bytes = original
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                // Most of the time in the header and the integers, where structure is.
                let bound = turn % 4 == 0 ? bytes.count : min(bytes.count, headerEnd + 300)
                let place = Int.random(in: 0..<bound, using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
                case 1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
                case 2: bytes.remove(at: place)
                default: bytes.insert(UInt8(ascii: "9"), at: place)
                }
            }
            do {
                let segment = try open(bytes)
                try readAll(segment)
                #expect(segment.rows == 8 && segment.dimension == 3)
                opened += 1
            } catch is IndexError {
            }
            if bytes != original {
                #expect(throws: IndexError.self) { try open(bytes, expecting: file.sha256) }
            }
        }
        #expect(opened > 0, "some mutations touch values only")
    }

    /// The original file with a piece of its header replaced by one of any length.
    private func replacing(_ old: String, _ new: String) throws -> [UInt8] {
        let length = Int(original[0]) + Int(original[1]) << 8
        var header = String(decoding: original[8..<8 + length], as: UTF8.self)
        let range = try #require(header.range(of: old))
        header.replaceSubrange(range, with: new)
        // Kept at its length where spaces allow it, so that only the replaced piece is wrong.
        while header.utf8.count > length, header.hasSuffix(" ") { header.removeLast() }
        while header.utf8.count < length || header.utf8.count % 64 != length % 64 { header += " " }
        let count = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian, Array.init)
        return count + Array(header.utf8) + original[(8 + length)...]
    }

    @Test(arguments: [
        ("{\"__meta", "[\"__meta"), ("\"F32\"", "\"F16\""), ("\"F32\"", "F32"),
        ("[8,3]", "[3,8]"), ("[8,3]", "[-8,3]"), ("[8,3]", "[8.0,3]"), ("[8,3]", "[8,3,1]"),
        ("[8,3]", "[08,3]"), ("[8,3]", "[]"), ("[8,3]", "[8,99999999999999999999]"),
        ("[8,3]", "[2305843009213693952,3]"), ("\"shape\":[8],", ""),
        ("\"data_offsets\":[0,64]", "\"data_offsets\":[0,64],\"data_offsets\":[0,64]"),
        ("\"data_offsets\":[0,64]", "\"data_offsets\":[64,0]"),
        ("\"data_offsets\":[0,64]", "\"data_offsets\":[0,9223372036854775807]"),
        ("\"data_offsets\":[0,64]", "\"data_offsets\":[0]"),
        ("\"data_offsets\":[0,64]", "\"data_offsets\":[8,72]"),
        ("\"ordinals\"", "\"ordinal\""), ("\"vectors\"", "\"ordinals\""),
        ("\"ordinals\"", "\"__metadata__\""), ("\"batch\":\"0\"", "\"batch\":0"),
        ("\"batch\":\"0\"", "\"batch\":\"-1\""), ("\"batch\":\"0\"", "\"batch\":\"x\""),
        ("\"batch\":\"0\",", ""), ("\"format\":\"sheaf-segment\"", "\"format\":\"pt\""),
        ("\"source_digest\":\"s\"", "\"source_digest\":\"\\ud800\""),
        ("\"source_digest\":\"s\"", "\"source_digest\":\"\\u00é\""),
        ("\"source_digest\":\"s\"", "\"source_digest\":\"\\x\""),
        ("\"source_digest\":\"s\"", "\"source_digest\":{\"a\":\"b\"}"),
        ("\"source_digest\":\"s\"}", "\"source_digest\":\"s\"},"),
        ("}}", "},\"more\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}"),
        ("}}", "}}}"), ("}}", "}"), ("}}", "}}x"),
    ])
    func `a hostile header is refused`(old: String, new: String) throws {
        let bytes = try replacing(old, new)
        let error = #expect(throws: IndexError.self) { try open(bytes) }
        #expect(error.map { "\($0)" }?.hasSuffix(".") == true)
    }

    @Test func `spaces and escapes that mean the same are read`() throws {
        let bytes = try replacing("\"source_digest\":\"s\"", " \"source_digest\" : \"\\u0073\"")
        #expect(try open(bytes).sourceDigest == "s")
    }

    @Test func `another version is refused by its name`() throws {
        let bytes = try replacing("\"format_version\":\"1\"", "\"format_version\":\"7\"")
        let expected = IndexError.unsupportedVersion(
            path: "\(folder.path)/changed", found: "7", supported: "1 and 2")
        #expect(throws: expected) { try open(bytes) }
    }

    @Test func `ordinals and text offsets must be in order`() throws {
        let layout = try original.withUnsafeBytes { try SegmentLayout($0, path: "x") }
        let ordinals = layout.vectors.lowerBound - 8 * 8 - 3 * 8 * 9
        var places = [ordinals, ordinals + 8, ordinals + 56]
        for (offsets, _) in layout.texts { places += [offsets, offsets + 16, offsets + 64] }
        for place in places {
            for value: UInt8 in [0x7F, 0xFF] {
                var bytes = original
                bytes[place + 7] = value
                #expect(throws: IndexError.self, "place \(place)") { try open(bytes) }
            }
        }
    }

    @Test func `text that is not UTF-8 is an error when it is read, not before`() throws {
        let layout = try original.withUnsafeBytes { try SegmentLayout($0, path: "x") }
        var bytes = original
        bytes[layout.texts[2].blob.lowerBound] = 0xFF
        let segment = try open(bytes)
        let expected = IndexError.invalidText(
            path: "\(folder.path)/changed", row: 0, field: "text")
        #expect(throws: expected) { try segment.passage(0) }
        #expect(try segment.id(0) == "p40")
        #expect(try segment.passage(1).id == "p41")
    }

    @Test func `what is not a file is refused`() throws {
        #expect(throws: IndexError.self) {
            try Segment.open(path: "\(folder.path)/none", expecting: nil)
        }
        #expect(throws: IndexError.self) { try Segment.open(path: folder.path, expecting: nil) }
        #expect(throws: IndexError.self) { try Segment.open(path: "/dev/zero", expecting: nil) }
    }
}
