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

    @Test func `passages are passed on as bytes, in any order`() throws {
        let slices = try PassageSlices(PassageBlock.encode(sample))
        #expect(slices.count == sample.count)
        for order in [[0, 1, 2], [2, 0], [1, 1, 1], []] {
            var block = PassageBlockBuilder()
            for index in order { block.append(slices, at: index) }
            let wanted = PassageBlock.encode(order.map { sample[$0] })
            #expect(block.block() == wanted && block.count == order.count)
            #expect(block.size == order.reduce(0) { $0 + slices.size(at: $1) })
            #expect(block.size == wanted.count - 4)
        }
        var block = PassageBlockBuilder()
        for passage in sample {
            block.append(
                id: passage.id.utf8, title: passage.title.utf8, text: passage.text.utf8)
            block.append(slices, at: 0)
            block.removeLast()
        }
        #expect(block.block() == PassageBlock.encode(sample))
    }

    /// What is passed on undecoded is checked as what is decoded.
    @Test func `slices refuse what decoding refuses`() {
        let bytes = PassageBlock.encode(sample)
        for place in 0..<bytes.count {
            for value: UInt8 in [0, 1, 0x41, 0x80, 0xC3, 0xFF] {
                var other = bytes
                other[place] = value
                let isRefused = (try? PassageBlock.decode(other)) == nil
                #expect(((try? PassageSlices(other)) == nil) == isRefused, "\(place) \(value)")
            }
            let cut = Array(bytes[..<place])
            #expect(throws: CorpusError.self) { try PassageSlices(cut) }
        }
        #expect(throws: CorpusError.self) { try PassageSlices(bytes + [0]) }
    }
}
