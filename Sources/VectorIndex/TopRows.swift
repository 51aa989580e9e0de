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
    /// The last of the kept rows lies on top.
    private var heap = Heap<ScoredRow> { $1.precedes($0) }

    init(k: Int) {
        self.k = k
    }

    /// The score to reach: that of the k-th row, or −∞ while there are fewer.
    var threshold: Double {
        heap.count < k ? -.infinity : heap.first?.score ?? -.infinity
    }

    mutating func offer(_ row: ScoredRow) {
        if heap.count < k {
            heap.insert(row)
        } else if let last = heap.first, row.precedes(last) {
            heap.replaceFirst(with: row)
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
    var rows: [ScoredRow] { heap.elements }

    func sorted() -> [ScoredRow] {
        heap.elements.sorted { $0.precedes($1) }
    }
}
