internal import CKernels
internal import Corpus

/// The rows of a shard, numbered 0, 1, … in the order of their ordinals.
///
/// Row order is ordinal order, so breaking ties by row breaks them by ordinal.
///
/// Sound as `Sendable`: nothing changes after `init`, and `starts` point into `segments`.
final class RowStore: @unchecked Sendable {
    /// Sorted by first ordinal, without overlap.
    let segments: [Segment]
    /// First row of each segment, and the number of rows at the end.
    private let firstRows: [Int]
    let metric: Metric
    /// Components of each vector; 0 in an empty store.
    let dimension: Int
    /// At least the largest Euclidean norm of a row.
    let maximumNorm: Double
    /// What may stay in memory.
    let memory: ShardMemory
    /// Of each segment: its first vector, the bytes of one, and whether its numbers are float16.
    private let starts: [(UnsafeRawPointer, width: Int, isHalf: Int32)]
    /// Bytes of float32 that are handed on at a time.
    private static let runBytes = 4 << 20
    /// With each row, the system brings up to 64 KiB around it into memory.
    private static let rowsBetweenReleases = 32

    var rows: Int { firstRows[segments.count] }

    /// The power of two that brings the largest norm below 1.
    var factor: Double {
        guard maximumNorm > 0 else { return 1 }
        return Double(sign: .plus, exponent: -(Int(maximumNorm.exponent) + 1), significand: 1)
    }

    /// Checks that the segments belong together and hold finite vectors; reads each vector once.
    init(
        segments: [Segment], metric: Metric, memory: ShardMemory = .vectors
    ) throws(IndexError) {
        let sorted = segments.sorted { $0.firstOrdinal < $1.firstOrdinal }
        try Self.checkUnity(of: sorted)
        var firstRows = [0]
        var largest = 0.0
        for segment in sorted {
            firstRows.append(firstRows[firstRows.count - 1] + segment.rows)
            largest = max(largest, try Self.largestSquare(in: segment))
            if memory == .codes { segment.releaseVectors() }
        }
        self.segments = sorted
        self.firstRows = firstRows
        self.metric = metric
        self.memory = memory
        starts = sorted.compactMap { segment in
            segment.vectorBytes.baseAddress.map {
                ($0, segment.rowBytes, segment.precision == .float16 ? 1 : 0)
            }
        }
        dimension = sorted.first?.dimension ?? 0
        maximumNorm = ErrorBounds.norm(square: largest, dimension: dimension)
    }

    private static func checkUnity(of sorted: [Segment]) throws(IndexError) {
        guard let first = sorted.first else { return }
        for (previous, segment) in zip(sorted, sorted.dropFirst()) {
            guard segment.dimension == first.dimension else {
                throw .shapeMismatch(
                    what: "dimension of \(segment.path)", expected: first.dimension,
                    found: segment.dimension)
            }
            guard segment.fingerprint == first.fingerprint else {
                throw .mixedEncoders(
                    path: segment.path, expected: first.fingerprint, found: segment.fingerprint)
            }
            let end = previous.firstOrdinal.rawValue + UInt64(previous.rows)
            guard segment.firstOrdinal.rawValue >= end else {
                throw .overlappingOrdinals(
                    path: segment.path, otherPath: previous.path,
                    ordinal: segment.firstOrdinal.rawValue)
            }
        }
    }

    private static func largestSquare(in segment: Segment) throws(IndexError) -> Double {
        var largest = 0.0
        for row in 0..<segment.rows {
            let square = segment.withVector(row) { Kernels.innerProduct($0, $0) }
            // A square of a finite float32 vector is finite in float64, so this finds NaN and ∞.
            guard square.isFinite else { throw .nonFiniteRow(path: segment.path, row: row) }
            largest = max(largest, square)
        }
        return largest
    }

    /// Throws where what was read of some segment may not have been its own bytes.
    func check() throws(IndexError) {
        for segment in segments { try segment.file.check() }
    }

    func ordinal(ofRow row: Int) -> Ordinal {
        let index = segmentIndex(ofRow: row)
        return Ordinal(segments[index].firstOrdinal.rawValue + UInt64(row - firstRows[index]))
    }

    /// The segment and its row that hold an ordinal.
    func place(of ordinal: Ordinal) -> (segment: Segment, row: Int)? {
        let index = segments.countOfPrefix { $0.firstOrdinal <= ordinal } - 1
        guard index >= 0 else { return nil }
        let distance = ordinal.rawValue - segments[index].firstOrdinal.rawValue
        guard distance < UInt64(segments[index].rows) else { return nil }
        return (segments[index], Int(distance))
    }

    /// The vector of a row, copied.
    func vector(ofRow row: Int) -> [Float] {
        let index = segmentIndex(ofRow: row)
        return segments[index].vector(row - firstRows[index])
    }

    /// Calls `body` with runs of rows that lie together, in order, a few MiB at a time; where only
    /// codes may stay in memory, each segment is given back when it is done.
    func forEachRun<Failure: Error>(
        _ body: (_ firstRow: Int, _ vectors: UnsafeBufferPointer<Float>) throws(Failure) -> Void
    ) throws(Failure) {
        let most = max(1, Self.runBytes / (4 * max(1, dimension)))
        for (index, segment) in segments.enumerated() {
            for first in stride(from: 0, to: segment.rows, by: most) {
                let range = first..<min(first + most, segment.rows)
                try segment.withVectors(range) { (vectors) throws(Failure) in
                    try body(firstRows[index] + first, vectors)
                }
            }
            if memory == .codes { segment.releaseVectors() }
        }
    }

    /// The scores of some rows: the fixed kernel over the stored values.
    ///
    /// Where only codes may stay in memory, the vectors read are given back a few at a time.
    func scores(_ question: UnsafeBufferPointer<Float>, rows: [Int]) -> [Double] {
        guard memory == .codes else { return Kernels.scores(metric, question, rows.map(place)) }
        var scores: [Double] = []
        for first in stride(from: 0, to: rows.count, by: Self.rowsBetweenReleases) {
            let some = rows[first..<min(first + Self.rowsBetweenReleases, rows.count)]
            scores += Kernels.scores(metric, question, some.map(place))
            for index in Set(some.map(segmentIndex)) { segments[index].releaseVectors() }
        }
        return scores
    }

    private func place(_ row: Int) -> sheaf_scan_vector {
        let index = segmentIndex(ofRow: row)
        let (start, width, isHalf) = starts[index]
        return sheaf_scan_vector(values: start + (row - firstRows[index]) * width, is_half: isHalf)
    }

    /// Scores every row for each question `[count, dimension]`: the plain way to the exact answer,
    /// and the last resort of the others.
    func scan(_ questions: UnsafeBufferPointer<Float>, k: Int) -> [[ScoredRow]] {
        var tops = [TopRows](repeating: TopRows(k: k), count: questions.count / dimension)
        // Few enough rows to stay in the cache while every question meets them.
        for first in stride(from: 0, to: rows, by: 64) {
            let places = (first..<min(first + 64, rows)).map(place)
            for number in tops.indices {
                let scores = Kernels.scores(metric, self.question(number, of: questions), places)
                tops[number].offer(scores, firstRow: first)
            }
        }
        return tops.indices.map { tops[$0].rows() }
    }

    /// One of the questions `[count, dimension]`.
    func question(
        _ number: Int, of questions: UnsafeBufferPointer<Float>
    ) -> UnsafeBufferPointer<Float> {
        UnsafeBufferPointer(rebasing: questions[number * dimension..<(number + 1) * dimension])
    }

    private func segmentIndex(ofRow row: Int) -> Int {
        firstRows.countOfPrefix { $0 <= row } - 1
    }
}

extension Array {
    /// How many leading elements satisfy a condition that never holds again once it fails.
    func countOfPrefix(where condition: (Element) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if condition(self[middle]) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
