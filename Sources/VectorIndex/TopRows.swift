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
///
/// Those that may belong to them are gathered and sorted many at a time, which costs less than a
/// heap that takes them one by one.
struct TopRows {
    private let k: Int
    /// The first rows when it was last sorted, in order.
    private var kept: [ScoredRow] = []
    /// Rows that came since and may precede the last of those.
    private var gathered: [ScoredRow] = []

    init(k: Int) {
        self.k = k
    }

    mutating func offer(_ rows: [ScoredRow]) {
        if kept.count == k, let last = kept.last {
            gathered += rows.lazy.filter { $0.precedes(last) }
        } else {
            gathered += rows
        }
        if gathered.count >= k { sort() }
    }

    /// Offers rows that follow each other.
    mutating func offer(_ scores: [Double], firstRow: Int) {
        let least = kept.count == k ? kept.last?.score ?? -.infinity : -.infinity
        for (index, score) in scores.enumerated() where score >= least {
            gathered.append(ScoredRow(row: firstRow + index, score: score))
        }
        if gathered.count >= k { sort() }
    }

    /// The score to reach: that of the k-th row, or −∞ while there are fewer.
    mutating func threshold() -> Double {
        sort()
        return kept.count < k ? -.infinity : kept.last?.score ?? -.infinity
    }

    /// The first rows, in order.
    mutating func rows() -> [ScoredRow] {
        sort()
        return kept
    }

    private mutating func sort() {
        guard !gathered.isEmpty else { return }
        kept += gathered
        gathered.removeAll(keepingCapacity: true)
        kept.sort { $0.precedes($1) }
        if kept.count > k { kept.removeSubrange(k...) }
    }
}
