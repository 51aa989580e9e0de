/// Words to the pieces whose scores sum highest (Kudo, Subword Regularization, 2018, section 3.1).
///
/// The best way to each place of a word comes from the best ways to the places before it; of equal
/// sums the earlier one stays, as in the reference. Cost: one step of the trie for each place and
/// each byte of the longest piece that begins there.
struct UnigramModel: Sendable {
    /// What a character without a piece costs beyond the least likely piece.
    private static let unknownPenalty = 10.0

    let vocabulary: Vocabulary
    /// The logarithm of each piece's probability, by id.
    let scores: [Double]
    let unknownID: Int32
    /// The pieces of single bytes, which stand for what has no piece; -1 where one is missing.
    let byteIDs: [Int32]?
    private let trie: PieceTrie
    private let unknownScore: Double

    init(
        vocabulary: Vocabulary, scores: [Double], unknownID: Int32, fallsBackToBytes: Bool
    ) {
        self.vocabulary = vocabulary
        self.scores = scores
        self.unknownID = unknownID
        trie = PieceTrie(vocabulary)
        unknownScore = (scores.min() ?? 0) - Self.unknownPenalty
        byteIDs =
            fallsBackToBytes ? (0..<256).map { vocabulary.id(of: Self.byteToken($0)) ?? -1 } : nil
    }

    /// The piece of a byte: `<0x0A>`.
    private static func byteToken(_ byte: Int) -> String {
        let digits = String(byte, radix: 16, uppercase: true)
        return "<0x" + (byte < 16 ? "0" : "") + digits + ">"
    }

    /// A piece of a word: its id, and its span in the word's bytes.
    struct Piece: Equatable {
        var id: Int32
        var start: Int32
        var end: Int32
    }

    /// The best way to a place of the word.
    struct Step {
        var score: Double
        /// Where its last piece begins; -1 for a place that no piece ends at.
        var start: Int32
        var id: Int32
    }

    /// What a word's pieces are found with; kept from word to word.
    struct Scratch {
        var steps: [Step] = []
        var pieces: [Piece] = []
    }

    /// Finds the pieces of a word, last first; unknown neighbours are one.
    ///
    /// The word is UTF-8 of fewer than 2³¹ bytes.
    private func split(_ word: Span<UInt8>, _ kept: inout [Step], _ pieces: inout [Piece]) {
        let size = word.count
        let unreached = Step(score: 0, start: -1, id: unknownID)
        if kept.count <= size {
            kept += repeatElement(unreached, count: size + 1 - kept.count)
        }
        var steps = kept.mutableSpan
        for place in 0...size { steps[place] = unreached }
        let units = trie.units.span
        let scores = self.scores.span
        let root = trie.root
        var start = 0
        while start < size {
            let reached = steps[start].score
            let after = start + Self.length(word[start])
            var base = root
            var end = start
            var isKnown = false
            while end < size {
                let byte = word[end]
                let unit = units[base ^ Int(byte)]
                if !PieceTrie.isChild(unit, byte) { break }
                end &+= 1
                base = PieceTrie.base(unit)
                let id = PieceTrie.value(unit)
                if id < 0 { continue }
                let score = scores[Int(id)] + reached
                if steps[end].start < 0 || score > steps[end].score {
                    steps[end] = Step(
                        score: score, start: Int32(truncatingIfNeeded: start), id: id)
                }
                if end == after { isKnown = true }
            }
            if !isKnown, after <= size {
                let score = unknownScore + reached
                if steps[after].start < 0 || score > steps[after].score {
                    steps[after] = Step(
                        score: score, start: Int32(truncatingIfNeeded: start), id: unknownID)
                }
            }
            start = after
        }
        walkBack(steps, size, &pieces)
    }

    private func walkBack(
        _ steps: borrowing MutableSpan<Step>, _ size: Int, _ pieces: inout [Piece]
    ) {
        pieces.removeAll(keepingCapacity: true)
        var end = Int32(truncatingIfNeeded: size)
        var isUnknown = false
        while end > 0 {
            let step = steps[Int(end)]
            if step.id == unknownID, isUnknown {
                pieces[pieces.count - 1].start = step.start
            } else {
                pieces.append(Piece(id: step.id, start: step.start, end: end))
            }
            isUnknown = step.id == unknownID
            end = step.start
        }
    }

    /// Calls back with the tokens of a word in order, each with the bytes it covers.
    ///
    /// Where bytes stand for what has no piece, each covers all of it.
    @inline(__always)
    func forEachToken(
        of word: Span<UInt8>, _ scratch: inout Scratch, _ body: (Int32, Int, Int) -> Void
    ) {
        split(word, &scratch.steps, &scratch.pieces)
        var index = scratch.pieces.count
        while index > 0 {
            index -= 1
            let piece = scratch.pieces[index]
            let start = Int(piece.start)
            let end = Int(piece.end)
            if piece.id != unknownID {
                body(piece.id, start, end)
            } else {
                appendUnknown(word.extracting(start..<end)) { body($0, start, end) }
            }
        }
    }

    /// The tokens of what has no piece: what joined neighbours spell, its bytes, or the unknown.
    private func appendUnknown(_ text: Span<UInt8>, _ body: (Int32) -> Void) {
        var hash = ByteHash.seed
        for index in 0..<text.count { hash = ByteHash.step(hash, text[index]) }
        if let id = vocabulary.id(of: text, hash: ByteHash.finish(hash)) { return body(id) }
        guard let byteIDs else { return body(unknownID) }
        for index in 0..<text.count where byteIDs[Int(text[index])] < 0 { return body(unknownID) }
        for index in 0..<text.count { body(byteIDs[Int(text[index])]) }
    }

    /// How many bytes the character takes that begins with this one.
    @inline(__always)
    static func length(_ lead: UInt8) -> Int {
        lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4
    }
}
