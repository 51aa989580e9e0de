internal import CKernels

/// Index kind `exact`: a scan over int8 codes keeps the rows that may belong into the answer, and
/// only those are scored, from the float32 vectors in the segments' files.
///
/// The codes give each score a lower and an upper bound. A row is left out only when its upper
/// bound lies below the scores of k others, so the answer is that of a full scan in float64. Codes
/// need a quarter of the memory of the vectors.
struct ExactScan: RowSearch {
    /// Questions that share one pass over the codes.
    private static let blockSize = 64
    /// Rows between two updates of the thresholds; a multiple of the kernel's stride.
    private static let tileRows = 512

    private let store: RowStore
    private let table: CodeTable
    private let path: sheaf_simd_path

    init(store: RowStore, path: sheaf_simd_path = Kernels.path) throws(IndexError) {
        let limit = Int(SHEAF_SCAN_MAXIMUM_DIMENSION)
        guard store.dimension <= limit else {
            throw .outOfRange(
                what: "the dimension of an exact index", value: store.dimension, minimum: 1,
                maximum: limit)
        }
        self.store = store
        self.path = path
        table = CodeTable(store)
    }

    func search(
        _ questions: UnsafeBufferPointer<Float>, k: Int, threads: Int
    ) throws(IndexError) -> [[ScoredRow]] {
        let parts = dividedRows(threads: threads)
        guard parts.count > 1 else { return search(questions, k: k, in: 0..<table.paddedRows) }
        let own = Array(questions)
        let found = Threads.run(count: parts.count, threads: parts.count) { range in
            range.map { part in
                own.withUnsafeBufferPointer { search($0, k: k, in: parts[part]) }
            }
        }.flatMap { $0 }
        return (0..<questions.count / store.dimension).map { number in
            var top = TopRows(k: k)
            for part in found { for row in part[number] { top.offer(row) } }
            return top.sorted()
        }
    }

    /// The padded rows in nearly equal parts of whole tiles.
    private func dividedRows(threads: Int) -> [Range<Int>] {
        let tiles = (table.paddedRows + Self.tileRows - 1) / Self.tileRows
        return Threads.divide(tiles, into: threads).map {
            $0.lowerBound
                * Self.tileRows..<min(
                    $0.upperBound * Self.tileRows, table.paddedRows)
        }
    }

    private func search(
        _ questions: UnsafeBufferPointer<Float>, k: Int, in rows: Range<Int>
    ) -> [[ScoredRow]] {
        let width = store.dimension
        let count = questions.count / width
        return stride(from: 0, to: count, by: Self.blockSize).flatMap { first in
            let last = min(first + Self.blockSize, count)
            let block = UnsafeBufferPointer(rebasing: questions[first * width..<last * width])
            return scan(block, k: k, rows)
        }
    }

    private func scan(
        _ questions: UnsafeBufferPointer<Float>, k: Int, _ rows: Range<Int>
    ) -> [[ScoredRow]] {
        let encoded = EncodedQuestions(
            questions, dimension: store.dimension, metric: store.metric)
        let count = encoded.questions.count
        var selections = (0..<count).map { number in
            Selection(question: store.question(number, of: questions), k: k)
        }
        let room = UnsafeMutableBufferPointer<sheaf_scan_candidate>.allocate(
            capacity: Self.tileRows * count)
        defer { room.deallocate() }
        var found = [Int](repeating: 0, count: count)
        for start in stride(from: rows.lowerBound, to: rows.upperBound, by: Self.tileRows) {
            let tile = start..<min(start + Self.tileRows, rows.upperBound)
            table.candidates(
                in: tile, of: encoded.questions, into: room, found: &found, path: path)
            for number in 0..<count where found[number] > 0 {
                let part = number * tile.count..<number * tile.count + found[number]
                selections[number].take(UnsafeBufferPointer(rebasing: room[part]), from: store)
                encoded.setThreshold(selections[number].threshold, of: number)
            }
        }
        return selections.indices.map { selections[$0].finish(from: store) }
    }
}

/// What is known about the answer to one question while the codes are scanned.
private struct Selection {
    private let question: UnsafeBufferPointer<Float>
    private let k: Int
    /// The k highest lower bounds, the lowest of them on top.
    private var lowerBounds = Heap<Double>(<)
    /// Candidates that are not scored yet.
    private var pending: [sheaf_scan_candidate] = []
    /// The best of those that are.
    private var scored: TopRows
    /// At least k rows score this or more; what cannot reach it is out.
    private(set) var threshold = -Double.infinity

    init(question: UnsafeBufferPointer<Float>, k: Int) {
        self.question = question
        self.k = k
        scored = TopRows(k: k)
    }

    /// Takes in candidates; scores what is pending when it grows, so that memory stays bounded
    /// even where bounds tell nothing apart.
    mutating func take(
        _ candidates: UnsafeBufferPointer<sheaf_scan_candidate>, from store: RowStore
    ) {
        for candidate in candidates
        where candidate.upper >= threshold && candidate.row < store.rows {
            pending.append(candidate)
            if lowerBounds.count < k {
                lowerBounds.insert(candidate.lower)
            } else if let lowest = lowerBounds.first, candidate.lower > lowest {
                lowerBounds.replaceFirst(with: candidate.lower)
            }
            if lowerBounds.count == k, let lowest = lowerBounds.first, lowest > threshold {
                threshold = lowest
            }
        }
        if pending.count > max(4096, 4 * k) { settle(from: store) }
    }

    /// The first rows of all that were taken in.
    mutating func finish(from store: RowStore) -> [ScoredRow] {
        settle(from: store)
        return scored.sorted()
    }

    /// Scores pending candidates, the most promising first, until none can enter the answer.
    private mutating func settle(from store: RowStore) {
        let reaching = threshold
        pending.removeAll { $0.upper < reaching }
        pending.sort { ($0.upper, $1.row) > ($1.upper, $0.row) }
        for candidate in pending {
            if candidate.upper < scored.threshold { break }
            let row = Int(candidate.row)
            scored.offer(ScoredRow(row: row, score: store.score(question, row: row)))
        }
        pending.removeAll(keepingCapacity: true)
        threshold = max(threshold, scored.threshold)
    }
}
