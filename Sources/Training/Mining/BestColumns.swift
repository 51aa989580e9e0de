import Tensors

/// The best columns of each of some rows, while the columns come by in slabs.
///
/// Rows are questions, columns passages; what is held is the lists and one slab's scores. Among
/// equal scores the smaller column comes first, so the lists do not depend on the slabs.
struct BestColumns {
    /// One column of a row.
    struct Entry: Equatable {
        var column: Int
        var score: Float
    }

    /// Per row its best columns so far, best first.
    private(set) var lists: [[Entry]]
    private let wanted: Int
    /// Columns that have come by.
    private var columns = 0

    /// Scores that are in memory at a time.
    private static let scoresAtOnce = 1 << 22

    /// Prepares lists of `wanted` columns at most.
    init(rows: Int, wanted: Int) {
        self.wanted = wanted
        lists = [[Entry]](repeating: [], count: rows)
    }

    /// Scores all rows with the vectors that follow those before.
    ///
    /// - Parameters:
    ///   - questions: `[rows, width]`.
    ///   - vectors: `[columns, width]`.
    mutating func add(
        _ questions: [Float], _ vectors: UnsafeBufferPointer<Float>, width: Int
    ) {
        let count = vectors.count / width
        guard count > 0, !lists.isEmpty else { return }
        let block = max(1, Self.scoresAtOnce / count)
        var scores = [Float](repeating: 0, count: min(block, lists.count) * count)
        for start in stride(from: 0, to: lists.count, by: block) {
            let rows = start..<min(start + block, lists.count)
            OpenBLAS.products(of: rows, in: questions, with: vectors, width: width, into: &scores)
            for row in rows {
                let place = (row - start) * count
                merge(scores[place..<place + count], into: row)
            }
        }
        columns += count
    }

    /// Takes what is better than the last entry of a list: most columns fall below it at once.
    private mutating func merge(_ scores: ArraySlice<Float>, into row: Int) {
        var column = columns
        // Taken out, so that it is changed in place.
        var list = lists[row]
        lists[row] = []
        defer { lists[row] = list }
        for score in scores {
            defer { column += 1 }
            if list.count == wanted {
                // A later column loses against an equal one.
                guard let last = list.last, score > last.score else { continue }
                list.removeLast()
            }
            var low = 0
            var high = list.count
            while low < high {
                let middle = (low + high) / 2
                if list[middle].score < score { high = middle } else { low = middle + 1 }
            }
            list.insert(Entry(column: column, score: score), at: low)
        }
    }
}
