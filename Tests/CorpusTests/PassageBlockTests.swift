import Testing

@testable import Corpus

struct PassageBlockTests {
    private let sample = [
        Passage(id: "7", title: "", text: "é"), Passage(id: "", title: "T", text: ""),
        Passage(id: "wiki:1", title: "\u{0}", text: "a\nb"),
    ]

    @Test func `the bytes are little-endian counts, lengths, then text`() {
        let bytes = PassageBlock.encode([Passage(id: "ab", title: "c", text: "é")])
        #expect(
            bytes == [1, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0x61, 0x62, 0x63, 0xC3, 0xA9])
        #expect(PassageBlock.encode([]) == [0, 0, 0, 0])
    }

    @Test func `what is encoded is decoded`() throws {
        #expect(try PassageBlock.decode(PassageBlock.encode(sample)) == sample)
        #expect(try PassageBlock.decode([0, 0, 0, 0]) == [])
        let long = [Passage(id: "1", title: "", text: String(repeating: "x", count: 70_000))]
        #expect(try PassageBlock.decode(PassageBlock.encode(long)) == long)
    }

    @Test func `a block cut off anywhere, or with bytes left over, is refused`() {
        let bytes = PassageBlock.encode(sample)
        for length in 0..<bytes.count {
            #expect(throws: CorpusError.self) { try PassageBlock.decode(Array(bytes[..<length])) }
        }
        #expect(
            throws: CorpusError.malformedBlock(
                byteOffset: bytes.count, reason: "1 bytes are left over")
        ) { try PassageBlock.decode(bytes + [0]) }
    }

    @Test func `lengths that announce too much, or split a character, are refused`() {
        for count: [UInt8] in [[0xFF, 0xFF, 0xFF, 0xFF], [0, 0, 0, 0x80], [2, 0, 0, 0]] {
            #expect(throws: CorpusError.self) {
                try PassageBlock.decode(count + Array(repeating: 0xFF, count: 12))
            }
        }
        var bytes = PassageBlock.encode([Passage(id: "", title: "", text: "é")])
        bytes[8] = 1
        bytes[12] = 1
        #expect(
            throws: CorpusError.malformedBlock(byteOffset: 16, reason: "the text is not UTF-8")
        ) { try PassageBlock.decode(bytes) }
        var wide = PassageBlock.encode([Passage(id: "a", title: "", text: "")])
        wide[7] = 1
        #expect(throws: CorpusError.self) { try PassageBlock.decode(wide) }
    }
}
