import TestSupport
import Testing

@testable import Tokenizers

/// What must hold for any text, tried on random ones from fixed seeds.
struct PropertyTests {
    /// Scripts, marks, controls, special tokens and plain words, mixed.
    struct TextMaker {
        private var generator: Dice
        private static let blocks: [ClosedRange<UInt32>] = [
            0x20...0x7E, 0x61...0x7A, 0xA0...0x24F, 0x300...0x36F, 0x370...0x52F, 0x590...0x6FF,
            0x900...0xDFF, 0xE00...0x109F, 0x1100...0x11FF, 0x1D00...0x1FFF, 0x2000...0x2BFF,
            0x3000...0x33FF, 0x4E00...0x9FFF, 0xAC00...0xD7A3, 0xF900...0xFFFF, 0x10000...0x11FFF,
            0x1F300...0x1F6FF, 0x20000...0x2FA1F, 0xE0000...0xE01EF, 0...0x10FFFF, 0...0x1F,
        ]
        private static let words = [
            "the", "Unaffable", "[MASK]", "[CLS]", "<s>", "<mask>", "don't", "  ", "\t\r\n",
            "\u{0}", "\u{FFFD}", "\u{302E}", "\u{327}\u{301}", "\u{1D165}", "'ll", "3.14", "中国",
            "İ", "ﬁ", "ẛ̣", "각", "👨‍👩‍👧‍👦",
        ]

        init(seed: UInt64) { generator = Dice(seed: seed) }

        mutating func text(_ parts: Int = 30) -> String {
            var text = String.UnicodeScalarView()
            for _ in 0..<Int.random(in: 0...parts, using: &generator) {
                switch Int.random(in: 0..<8, using: &generator) {
                case 0: text.append(" ")
                case 1, 2:
                    text += (Self.words.randomElement(using: &generator) ?? "").unicodeScalars
                default:
                    let block = Self.blocks.randomElement(using: &generator) ?? 0...0x7F
                    if let scalar = Unicode.Scalar(UInt32.random(in: block, using: &generator)) {
                        text.append(scalar)
                    }
                }
            }
            return String(text)
        }

        mutating func number(_ range: Range<Int>) -> Int {
            Int.random(in: range, using: &generator)
        }
    }

    static let optionSets: [WordPieceOptions] = {
        var sets: [WordPieceOptions] = []
        for bits in 0..<32 {
            var options = WordPieceOptions()
            options.lowercases = bits & 1 == 0
            options.stripsAccents = bits & 2 == 0 ? nil : bits & 1 != 0
            options.splitsChineseCharacters = bits & 4 == 0
            options.cleansText = bits & 8 == 0
            options.maximumWordLength = bits & 16 == 0 ? 100 : 3
            sets.append(options)
        }
        var unsplit = WordPieceOptions()
        unsplit.neverSplit = ["don't", "Unaffable"]
        var spaced = WordPieceOptions()
        spaced.splitsWords = false
        var long = WordPieceOptions()
        long.maximumWordLength = 1000
        return sets + [unsplit, spaced, long]
    }()

    @Test(arguments: optionSets.indices)
    func `ids without offsets are those with them, and spans lie in the text`(
        _ index: Int
    ) throws {
        let tokenizer = try WordPieceTokenizer(
            vocabulary: Fixtures.miniLM, options: Self.optionSets[index])
        var maker = TextMaker(seed: UInt64(index))
        for _ in 0..<150 {
            let text = maker.text()
            let found = tokenizer.encode(text)
            let place: Comment = "seed \(index), text \(text.debugDescription)"
            #expect(tokenizer.fast(text) == [found.ids, found.typeIDs], place)
            let count = text.unicodeScalars.count
            #expect(found.offsets.allSatisfy { $0.upperBound <= count }, place)
            #expect(found.offsets.count == found.ids.count, place)
            let starts = found.offsets.dropFirst().dropLast().map(\.lowerBound)
            #expect(zip(starts, starts.dropFirst()).allSatisfy { $0 <= $1 }, place)
        }
    }

    @Test func `cut ids are the cut encoding's, for pairs of any lengths`() throws {
        let wordPiece = try Fixtures.wordPiece()
        let bytePair = try BytePairTokenizer(folder: Fixtures.folder("bpe"))
        var maker = TextMaker(seed: 77)
        for round in 0..<400 {
            let first = maker.text(12)
            let second = round % 4 == 0 ? nil : maker.text(12)
            let length = maker.number(4..<24)
            for tokenizer in [wordPiece, bytePair] as [any TextTokenizer] {
                let found = try tokenizer.encode(first, pair: second, maximumLength: length)
                #expect(
                    tokenizer.fast(first, pair: second, maximumLength: length)
                        == [found.ids, found.typeIDs], "round \(round) to \(length)")
            }
        }
    }

    @Test func `ids are appended behind what is there`() throws {
        let tokenizer = try Fixtures.wordPiece()
        var ids: [Int32] = [7]
        var typeIDs: [Int32] = []
        let long = String(repeating: "word ", count: 40)
        tokenizer.encodeIDs(
            long, pair: long, maximumLength: 16, into: &ids, typeIDs: &typeIDs)
        let expected = try tokenizer.encode(long, pair: long, maximumLength: 16)
        #expect(ids == [7] + expected.ids)
        #expect(typeIDs == expected.typeIDs)
    }

    @Test func `windows cover the text, and each pair of neighbours shares the stride`() throws {
        let tokenizer = try Fixtures.wordPiece()
        var maker = TextMaker(seed: 5)
        for _ in 0..<100 {
            let text = maker.text(60)
            let whole = tokenizer.encode(text, addsSpecialTokens: false).ids
            let length = maker.number(2..<12)
            let stride = maker.number(0..<length)
            let found = try tokenizer.encode(
                text, maximumLength: length, stride: stride, addsSpecialTokens: false)
            var joined = found.ids
            for window in found.overflowing {
                #expect(window.ids.prefix(stride) == joined.suffix(stride))
                joined += window.ids.dropFirst(stride)
            }
            #expect(joined == whole)
        }
    }

    @Test func `byte pairs decode to the text they came from`() throws {
        let tokenizer = try BytePairTokenizer(folder: Fixtures.folder("bpe"))
        var maker = TextMaker(seed: 9)
        for _ in 0..<500 {
            let text = maker.text().filter { $0 != "<" }
            let ids = tokenizer.encode(text).ids
            let decoded = tokenizer.decode(ids, skipSpecialTokens: true, cleansSpaces: false)
            #expect(Array(decoded.utf8) == Array(text.utf8), "text \(text.debugDescription)")
        }
    }

    @Test func `decoded word pieces encode to the same ids`() throws {
        let tokenizer = try Fixtures.wordPiece()
        var maker = TextMaker(seed: 13)
        for _ in 0..<500 {
            let once = tokenizer.encode(maker.text()).ids
            let text = tokenizer.decode(once, skipSpecialTokens: true, cleansSpaces: false)
            if once.contains(tokenizer.unknownID) { continue }
            let twice = tokenizer.encode(text).ids
            let again = tokenizer.decode(twice, skipSpecialTokens: true, cleansSpaces: false)
            #expect(again == text)
        }
    }

    /// A plain version: merge the lowest rank, leftmost, until none is left.
    @Test func `long words merge as short ones do`() throws {
        let tokenizer = try BytePairTokenizer(folder: Fixtures.folder("bpe"))
        var maker = TextMaker(seed: 21)
        for round in 0..<300 {
            let letters = ["the", "in", "er", "a", "t", "h", "Ġ", " ", "tion", "é", "s"]
            var text = ""
            for _ in 0..<maker.number(1..<40) { text += letters[maker.number(0..<letters.count)] }
            let bytes = Array(text.utf8)
            var short: [BytePairModel.Symbol] = []
            var long: [BytePairModel.Symbol] = []
            tokenizer.model.append(
                bytes.span, from: 0, to: bytes.count, to: &short, shortWord: .max)
            tokenizer.model.append(bytes.span, from: 0, to: bytes.count, to: &long, shortWord: 0)
            #expect(short == long, "round \(round): \(text)")
        }
    }

    @Test func `pieces are the longest match, word by word`() throws {
        let words: Set<String> = ["un", "##aff", "##able", "##a", "##f", "una", "##ffa", "##ble"]
        let vocabulary =
            ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + words.sorted()
        let tokenizer = try WordPieceTokenizer(vocabulary: vocabulary)
        func plain(_ word: String) -> [String] {
            var pieces: [String] = []
            var rest = Substring(word)
            while !rest.isEmpty {
                let prefix = pieces.isEmpty ? "" : "##"
                var end = rest.endIndex
                while end > rest.startIndex, !words.contains(prefix + rest[..<end]) {
                    end = rest.index(before: end)
                }
                if end == rest.startIndex { return ["[UNK]"] }
                pieces.append(prefix + rest[..<end])
                rest = rest[end...]
            }
            return pieces
        }
        var maker = TextMaker(seed: 31)
        for _ in 0..<2000 {
            let letters = ["u", "n", "a", "f", "b", "l", "e"]
            let word = (0..<maker.number(1..<10)).map { _ in letters[maker.number(0..<7)] }.joined()
            let ids = tokenizer.encode(word, addsSpecialTokens: false).ids
            #expect(ids.compactMap { tokenizer.token(for: $0) } == plain(word), "\(word)")
        }
    }

    /// Long lines of what could make a search repeat itself; the work done is linear, so these end.
    @Test(arguments: [
        "a", "[", "[CLS", "\u{301}", "e\u{302E}\u{327}", "é", "中", "!", " ", "\u{0}", "\u{FFFD}",
        "##", "<mask", "\u{1D165}", "x ", "각", "'", "unaffable",
    ])
    func `one long line of anything is read`(_ unit: String) throws {
        let text = String(repeating: unit, count: 60_000 / unit.utf8.count)
        let wordPiece = try Fixtures.wordPiece()
        let bytePair = try BytePairTokenizer(folder: Fixtures.folder("bpe"))
        for tokenizer in [wordPiece, bytePair] as [any TextTokenizer] {
            let found = tokenizer.encode(text)
            #expect(tokenizer.fast(text) == [found.ids, found.typeIDs])
            let cut = tokenizer.fast(text, maximumLength: 256)
            #expect(cut[0].count == min(256, found.ids.count))
        }
    }
}
