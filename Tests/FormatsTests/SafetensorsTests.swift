import Formats
import Testing

struct SafetensorsFormatTests {
    private static let limits = SafetensorsLimits(headerBytes: 1 << 12, entries: 4, rank: 3)

    private func names(_ file: [UInt8]) throws(FormatError) -> [String] {
        try SafetensorsReader(file.span, limits: Self.limits, width: { ["F32": 4, "U8": 1][$0] }) {
            $0.name
        }.entries
    }

    private func file(_ header: String, _ data: Int) -> [UInt8] {
        let text = Array(header.utf8)
        return (0..<8).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) } + text
            + [UInt8](repeating: 0, count: data)
    }

    @Test func `a header that is written is read again`() throws {
        let tensors = [
            SafetensorsHeader.Tensor(name: "a\"", type: "F32", shape: [2, 3], bytes: 24),
            SafetensorsHeader.Tensor(name: "b", type: "U8", shape: [], bytes: 1),
        ]
        let header = SafetensorsHeader.bytes(
            tensors, metadata: ["z": "1", "format": "pt"], aligning: 24, to: 64)
        #expect((header.count + 24) % 64 == 0)
        let text = String(decoding: header[8...], as: UTF8.self)
        #expect(
            text.hasPrefix(
                #"{"__metadata__":{"format":"pt","z":"1"},"a\"":{"dtype":"F32","shape":[2,3],"#
                    + #""data_offsets":[0,24]},"b":{"dtype":"U8","shape":[],"#
                    + #""data_offsets":[24,25]}}"#
            ))
        let bytes = header + [UInt8](repeating: 0, count: 25)
        let reader = try SafetensorsReader(
            bytes.span, limits: Self.limits, width: { ["F32": 4, "U8": 1][$0] }
        ) { $0 }
        #expect(reader.metadata == ["z": "1", "format": "pt"])
        #expect(
            reader.entries.map(\.range) == [
                header.count..<header.count + 24,
                header.count + 24..<header.count + 25,
            ])
        for length in bytes.indices {
            #expect(throws: FormatError.self) { try names(Array(bytes[..<length])) }
        }
        #expect(throws: FormatError(bytes.count, "1 bytes follow the last tensor")) {
            try names(bytes + [0])
        }
    }

    @Test(
        arguments: [
            (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":1}"#, 4),
            (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,5]}}"#, 5),
            (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,8]}}"#, 4),
            (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#, 8),
            (#"{"a":{"dtype":"F9","shape":[1],"data_offsets":[0,4]}}"#, 4),
            (#"{"a":{"dtype":"F32","shape":[1,1,1,1],"data_offsets":[0,4]}}"#, 4),
            (#"{"a":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}}"#, 4),
            (#"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#, 4),
            (#"{"a":{"dtype":"F32","shape":[01],"data_offsets":[0,4]}}"#, 4),
            (#"{"a":{"dtype":"F32","shape":[9223372036854775808],"data_offsets":[0,4]}}"#, 4),
            (#"{"a":{"dtype":"F32","shape":[9223372036854775807,9],"data_offsets":[0,4]}}"#, 4),
            (#"{"a":{"dtype":"F32","shape":[1]}}"#, 4),
            (#"{"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, 4),
            (#"{"__metadata__":{"a":"1","a":"2"}}"#, 0),
            (#"{"__metadata__":{},"__metadata__":{}}"#, 0),
            (#"{"__metadata__":{"a":1}}"#, 0), (#"{} x"#, 0), (#"[]"#, 0),
        ])
    func `a header that contradicts itself is refused`(header: String, data: Int) {
        #expect(throws: FormatError.self) { try names(file(header, data)) }
    }

    @Test func `more tensors than a file may hold are refused`() throws {
        func header(_ count: Int) -> String {
            let entries = (0..<count).map {
                #""t\#($0)":{"dtype":"U8","shape":[1],"data_offsets":[\#($0),\#($0 + 1)]}"#
            }
            return "{" + entries.joined(separator: ",") + "}"
        }
        #expect(try names(file(header(4), 4)).count == 4)
        #expect(throws: FormatError.self) { try names(file(header(5), 5)) }
        #expect(throws: FormatError.self) {
            try names(file("{" + String(repeating: " ", count: 1 << 12) + "}", 0))
        }
    }
}
