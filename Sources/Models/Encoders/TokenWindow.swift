/// Tokenized texts, put into batches of about equal numbers of tokens.
///
/// The longest text that is left goes to the batch with the most room, so that no batch is much
/// smaller or larger than was meant, even where texts are few. Which texts share a batch changes no
/// vector.
struct TokenWindow {
    /// Fewest tokens that a batch is cut down to where each thread has one: with fewer, reading the
    /// weights takes longer than computing.
    static let smallestBatch = 192

    private struct Text {
        let row: Int
        let part: Int
        let sequence: Int
        let length: Int
    }

    private let parts: [TokenBatch]
    private let batches: [[Text]]

    /// Divides the sequences of `parts`, whose rows of the result are `rows`.
    ///
    /// - Parameters:
    ///   - budget: Tokens of a batch, about.
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
        let tokens = texts.reduce(0) { $0 + $1.length }
        var room = Self.sizes(tokens: tokens, budget: budget, workers: workers)
        var batches = [[Text]](repeating: [], count: room.count)
        for text in texts {
            guard let widest = room.indices.max(by: { (room[$0], $1) < (room[$1], $0) }) else {
                continue
            }
            room[widest] -= text.length
            batches[widest].append(text)
        }
        self.batches = batches.filter { !$0.isEmpty }
    }

    /// The numbers of tokens that are meant for the batches.
    private static func sizes(tokens: Int, budget: Int, workers: Int) -> [Int] {
        guard workers > 1 else {
            return even(tokens, by: max(1, (tokens + budget / 2) / budget))
        }
        let whole = max(0, tokens / budget - 2 * workers)
        let left = tokens - whole * budget
        return [Int](repeating: budget, count: whole)
            + even(left, by: max(1, left / (workers * smallestBatch)) * workers)
    }

    private static func even(_ tokens: Int, by count: Int) -> [Int] {
        [Int](repeating: (tokens + count - 1) / count, count: count)
    }

    var count: Int { batches.count }

    /// Replaces `batch` by the tokens of batch `index`, and `rows` by the rows of its texts.
    func copy(_ index: Int, to batch: inout TokenBatch, rows: inout [Int]) {
        batch.removeAll()
        rows.removeAll(keepingCapacity: true)
        for text in batches[index] {
            batch.append(text.sequence, of: parts[text.part])
            rows.append(text.row)
        }
    }
}
