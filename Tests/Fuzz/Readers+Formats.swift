import Base
import Formats

extension FuzzedReader {
    /// The readers of the room Formats, each by itself.
    static let formats = [json, sealedJSON, safetensorsHeader, zip, gzip, arrow]

    /// Ends the run, as a crash does: a reader has accepted what contradicts it.
    struct Contradiction: Error {
        var what: String

        /// Throws unless `holds`.
        static func check(_ holds: Bool, _ what: String) throws(Contradiction) {
            if !holds { throw Contradiction(what: what) }
        }
    }

    /// JSON from each source: what is written of a value reads as that value, and what is built of
    /// data is passed over by the reader that builds nothing.
    private static let json = FuzzedReader(
        name: "json", file: "value.json", words: jsonWords,
        seeds: { _ in
            texts(
                "{\"a\":[1,-2.5e3,true,false,null],\"b\":{\"c\":\"\\u00e9\\ud83d\\ude00\\n\"}}",
                "[[],{},\"\",0,{\"x\":{\"x\":[{\"x\":1}]}}]", " { \"a\" : 1 , \"a\" : 2 } ",
                "\"\u{E4}\u{4E2D}\u{1F600}e\u{301}\"", "-0.0e-0", "[1e308,12345678901234567890]",
                String(repeating: "[", count: 63) + String(repeating: "]", count: 63))
        },
        read: { folder in
            let bytes = try bytes(folder + "/value.json")
            var isAccepted = false
            for source in [JSONSource.data, .model, .own] {
                do {
                    let value = try JSONValue(bytes, source)
                    isAccepted = true
                    for layout in [JSONValue.Layout.compact, .spaced] {
                        let again = try? JSONValue(value.bytes(layout), source)
                        try Contradiction.check(again == value, "what is written reads otherwise")
                    }
                } catch let error as JSONError {
                    try Contradiction.check(
                        !error.reason.isEmpty && (0...bytes.count).contains(error.offset),
                        "\(error)")
                }
            }
            let isData = (try? JSONValue(bytes, .data)) != nil
            var at = 0
            var isPassedOver = true
            do throws(JSONError) {
                JSONText.skipSpace(bytes.span, &at)
                try JSONText.skip(bytes.span, &at)
                try JSONText.expectEnd(bytes.span, &at)
            } catch {
                isPassedOver = false
            }
            try Contradiction.check(isData == isPassedOver, "one of two readers accepts it")
            return isAccepted
        })

    /// Our own objects with a seal: what it covers is sealed to the same bytes again.
    private static let sealedJSON = FuzzedReader(
        name: "sealed", file: "state.json", words: jsonWords + words(",\"sha256\":\"", "\"}"),
        seeds: { _ in
            let objects: [JSONValue] = [
                ["step": .integer(7)], ["a": .strings(["x", "y"]), "b": ["c": .null]],
            ]
            return objects.map { SealedJSON.seal($0.bytes()) } + texts("{}", "{\"sha256\":\"\"}")
        },
        read: { folder in
            let bytes = try bytes(folder + "/state.json")
            guard SealedJSON.check(bytes) == .whole else { return false }
            let body = bytes.dropLast(77)
            let isObject = body.first == UInt8(ascii: "{")
            try Contradiction.check(
                !isObject || SealedJSON.seal(body + [UInt8(ascii: "}")]) == bytes, "another seal")
            return true
        })

    private static let safetensorsHeader = FuzzedReader(
        name: "safetensors-header", file: "header.safetensors",
        words: jsonWords
            + words(
                "\"dtype\":\"F32\"", "\"shape\":[", "\"U8\"", "\"data_offsets\":[0,",
                "\"__metadata__\":{", "4611686018427387904"),
        seeds: { goldens in
            let tensors = (0..<3).map {
                SafetensorsHeader.Tensor(
                    name: "t\($0)", type: $0 == 1 ? "U8" : "F32", shape: [$0, 4],
                    bytes: $0 == 1 ? 4 : 16 * $0)
            }
            let header = SafetensorsHeader.bytes(
                tensors, metadata: ["format": "pt"], aligning: 0, to: 8)
            return [header + [UInt8](repeating: 1, count: 36)]
                + files(goldens + "/formats/bad", [".safetensors"], limit: 8192)
        },
        read: { folder in
            let bytes = try bytes(folder + "/header.safetensors")
            let limits = SafetensorsLimits(headerBytes: 1 << 16, entries: 64, rank: 8)
            do {
                let reader = try SafetensorsReader(
                    bytes.span, limits: limits, width: { ["F32": 4, "U8": 1][$0] }
                ) { $0 }
                // Each byte of the elements belongs to one tensor.
                let sizes = reader.entries.map { $0.range.count }
                let start = reader.entries.map(\.range.lowerBound).min() ?? bytes.count
                try Contradiction.check(
                    sizes.reduce(0, +) == bytes.count - start
                        && reader.entries.allSatisfy { $0.range.upperBound <= bytes.count },
                    "tensors lie outside the file")
                return true
            } catch let error as FormatError {
                return error.reason.isEmpty
            }
        })

    private static let zip = FuzzedReader(
        name: "zip", file: "archive.zip",
        words: [
            [0x50, 0x4B, 1, 2], [0x50, 0x4B, 3, 4], [0x50, 0x4B, 5, 6], [0x50, 0x4B, 6, 6],
            [0x50, 0x4B, 6, 7], [8, 0], [1, 0, 24, 0], [0xFF, 0xFF], [0xFF, 0xFF, 0xFF, 0xFF],
        ] + words("..", "/", "a/data.pkl"),
        seeds: { goldens in
            ArchiveSeeds.zip
                + ["odd", "proto3", "proto5"].compactMap {
                    try? bytes("\(goldens)/formats/\($0).bin")
                }
        },
        read: { folder in
            let file = try MappedFile(folder + "/archive.zip")
            do throws(FormatError) {
                let archive = try ZipArchive(file)
                for member in archive.members {
                    _ = try archive.content(of: member)
                    guard !member.isDeflated else { continue }
                    try ZipArchive.check(file, member.range, crc32: member.crc32)
                }
                return true
            } catch {
                return error.reason.isEmpty
            }
        })

    private static let gzip = FuzzedReader(
        name: "gzip", file: "corpus.gz",
        words: [[0x1F, 0x8B, 8, 0], [0], [1, 0, 0, 0xFF, 0xFF], [3, 0], [0xFF, 0xFF]],
        seeds: { _ in ArchiveSeeds.gzip },
        read: { folder in
            var buffer = [UInt8](repeating: 0, count: 4096)
            do throws(GzipError) {
                let reader = try giving({ GzipError.file($0) }) { () throws(FileError) in
                    try OpenFile(reading: folder + "/corpus.gz")
                }
                let gzip = try GzipReader(reader)
                // Of a few kilobytes at most a thousand times as many come.
                while try gzip.read(into: &buffer, 0..<buffer.count) > 0 {}
                return true
            } catch {
                return "\(error)".isEmpty
            }
        })
}
