internal import HeapModule

/// A row of a shard and its score.
struct ScoredRow: Equatable {
    var row: Int
    var score: Double

    /// Higher score first, then lower row.
    func precedes(_ other: ScoredRow) -> Bool {
        score != other.score ? score > other.score : row < other.row
    }
}

/// The k first of all rows that were offered.
struct TopRows {
    private let k: Int
    private var kept = Heap<Kept>()

    /// The last of the kept rows is the least.
    private struct Kept: Comparable {
        var row: ScoredRow

        static func < (one: Kept, other: Kept) -> Bool { other.row.precedes(one.row) }
    }

    init(k: Int) {
        self.k = k
    }

    /// The score to reach: that of the k-th row, or −∞ while there are fewer.
    var threshold: Double {
        kept.count < k ? -.infinity : kept.min?.row.score ?? -.infinity
    }

    mutating func offer(_ row: ScoredRow) {
        if kept.count < k {
            kept.insert(Kept(row: row))
        } else if let last = kept.min, row.precedes(last.row) {
            kept.replaceMin(with: Kept(row: row))
        }
    }

    /// Offers rows that follow each other.
    mutating func offer(_ scores: ArraySlice<Double>, firstRow: Int) {
        var threshold = threshold
        for (index, score) in scores.enumerated() where score >= threshold {
            offer(ScoredRow(row: firstRow + index, score: score))
            threshold = self.threshold
        }
    }

    /// The rows kept, in no order.
    var rows: [ScoredRow] { kept.unordered.map(\.row) }

    func sorted() -> [ScoredRow] { rows.sorted { $0.precedes($1) } }
}
