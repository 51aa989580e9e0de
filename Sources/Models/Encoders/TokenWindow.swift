/// Tokenized texts, put into batches by their tokens.
///
/// Each batch begins with the longest text that is left and is filled with the longest that still
/// fit, because full batches compute fastest. Which texts share a batch changes no vector.
struct TokenWindow {
    /// Fewest tokens a batch is cut down to when the end nears.
    static let smallestBatch = 96

    private struct Text {
        let row: Int
        let part: Int
        let sequence: Int
        let length: Int
    }

    private let parts: [TokenBatch]
    private let texts: [Text]
    /// Runs of `texts`.
    private let batches: [Range<Int>]

    /// Sorts the sequences of `parts`, whose rows of the result are `rows`.
    ///
    /// - Parameters:
    ///   - budget: Tokens of a batch; a longer text is a batch of its own.
    ///   - workers: Threads the batches are for. With several, the last batches become smaller, so
    ///     that no thread waits long for another.
    init(_ parts: [(tokens: TokenBatch, rows: [Int])], budget: Int, workers: Int) {
        self.parts = parts.map(\.tokens)
        var texts: [Text] = []
        for (index, part) in parts.enumerated() {
            for (sequence, row) in part.rows.enumerated() {
                let length = part.tokens.length(sequence)
                texts.append(Text(row: row, part: index, sequence: sequence, length: length))
            }
        }
        texts.sort { ($1.length, $0.row) < ($0.length, $1.row) }
        var batches: [Range<Int>] = []
        var ordered: [Text] = []
        ordered.reserveCapacity(texts.count)
        var left = texts.reduce(0) { $0 + $1.length }
        while !texts.isEmpty {
            let share = workers > 1 ? max(left / (2 * workers), Self.smallestBatch) : budget
            let start = ordered.count
            var room = min(share, budget)
            texts.removeAll { text in
                guard text.length <= room || ordered.count == start else { return false }
                ordered.append(text)
                left -= text.length
                room -= text.length
                return true
            }
            batches.append(start..<ordered.count)
        }
        self.texts = ordered
        self.batches = batches
    }

    var count: Int { batches.count }

    /// Replaces `batch` by the tokens of batch `index`, and `rows` by the rows of its texts.
    func copy(_ index: Int, to batch: inout TokenBatch, rows: inout [Int]) {
        batch.removeAll()
        rows.removeAll(keepingCapacity: true)
        for text in texts[batches[index]] {
            batch.append(text.sequence, of: parts[text.part])
            rows.append(text.row)
        }
    }
}
