import HeapModule

/// Words to tokens by merging pairs of neighbours, the pair of lowest rank first.
///
/// Sennrich et al., Neural Machine Translation of Rare Words with Subword Units (2016). Short words
/// are searched through for each merge; long ones use a heap, so that cost stays near linear.
struct BytePairModel: Sendable {
    /// A token of the word, and the bytes it covers.
    struct Symbol: Equatable {
        var id: Int32
        var start: Int
        var end: Int
    }

    /// Longest word, in symbols, that is searched through.
    static let shortWord = 32

    let vocabulary: Vocabulary
    let merges: MergeTable
    /// The token of each byte, or -1.
    let byteIDs: [Int32]
    /// What bytes without a token become; nil leaves them out.
    let unknownID: Int32?
    /// Makes one unknown token of several in a row.
    let fusesUnknown: Bool

    /// Appends the tokens of the bytes from `start` to `stop`.
    func append(
        _ text: Span<UInt8>, from start: Int, to stop: Int, to symbols: inout [Symbol],
        shortWord: Int = shortWord
    ) {
        let first = symbols.count
        for position in start..<stop {
            let id = byteIDs[Int(text[position])]
            if id >= 0 {
                symbols.append(Symbol(id: id, start: position, end: position + 1))
            } else if let unknownID {
                if fusesUnknown, symbols.count > first, symbols[symbols.count - 1].id == unknownID {
                    symbols[symbols.count - 1].end = position + 1
                } else {
                    symbols.append(Symbol(id: unknownID, start: position, end: position + 1))
                }
            }
        }
        if symbols.count - first <= shortWord {
            mergeShort(&symbols, from: first)
        } else {
            mergeLong(&symbols, from: first)
        }
    }

    private func mergeShort(_ symbols: inout [Symbol], from first: Int) {
        while symbols.count - first > 1 {
            var best: MergeTable.Merge?
            var place = first
            for index in first..<symbols.count - 1 {
                guard let merge = merges.merge(symbols[index].id, symbols[index + 1].id) else {
                    continue
                }
                if merge.rank < best?.rank ?? .max {
                    best = merge
                    place = index
                }
            }
            guard let best else { return }
            symbols[place].id = best.id
            symbols[place].end = symbols[place + 1].end
            symbols.remove(at: place + 1)
        }
    }

    /// A merge that may come: of the symbol at `place` with its right neighbour.
    private struct Candidate: Comparable {
        /// Rank << 32 | place: the lowest rank first, and of equal ones the leftmost.
        var order: UInt64
        /// The right neighbour and both ids when this was noted; stale where they changed since.
        var next: Int32
        var first: Int32
        var second: Int32
        var id: Int32

        var place: Int { Int(order & 0xFFFF_FFFF) }

        static func < (left: Candidate, right: Candidate) -> Bool { left.order < right.order }
    }

    private func mergeLong(_ symbols: inout [Symbol], from start: Int) {
        var word = Array(symbols[start...])
        symbols.removeSubrange(start...)
        var next = (1...word.count).map { Int32($0 == word.count ? -1 : $0) }
        var previous = (0..<word.count).map { Int32($0 - 1) }
        var heap = Heap<Candidate>()
        func note(_ place: Int32, _ heap: inout Heap<Candidate>) {
            guard place >= 0, next[Int(place)] >= 0 else { return }
            let right = next[Int(place)]
            let first = word[Int(place)].id
            let second = word[Int(right)].id
            if let merge = merges.merge(first, second) {
                heap.insert(
                    Candidate(
                        order: UInt64(merge.rank) << 32 | UInt64(place), next: right,
                        first: first, second: second, id: merge.id))
            }
        }
        for place in 0..<Int32(word.count) { note(place, &heap) }
        while let candidate = heap.popMin() {
            let place = candidate.place
            let right = Int(candidate.next)
            guard next[place] == candidate.next, word[place].id == candidate.first,
                word[right].id == candidate.second
            else { continue }
            word[place].id = candidate.id
            word[place].end = word[right].end
            // An id of -1 marks a symbol merged away; candidates that name it are stale.
            word[right].id = -1
            next[place] = next[right]
            if next[place] >= 0 { previous[Int(next[place])] = Int32(place) }
            note(previous[place], &heap)
            note(Int32(place), &heap)
        }
        for symbol in word where symbol.id >= 0 { symbols.append(symbol) }
    }
}
