import Corpus
import Foundation
import TestSupport
import Testing

@testable import VectorIndex

extension Dice {
    /// About normal: a sum of twelve uniform numbers.
    mutating func normal() -> Float {
        Float((0..<12).reduce(-6.0) { sum, _ in sum + Double.random(in: 0..<1, using: &self) })
    }
}

/// A segment content with passages named after their ordinals.
func content(
    first: UInt64, dimension: Int, vectors: [Float], batch: Int = 0, fingerprint: String = "e",
    precision: VectorPrecision = .float32
) -> SegmentContent {
    let rows = vectors.count / dimension
    return SegmentContent(
        firstOrdinal: Ordinal(first), dimension: dimension, vectors: vectors,
        passages: (0..<UInt64(rows)).map {
            Passage(id: "p\(first + $0)", title: "T \(first + $0)", text: "text é \(first + $0)")
        },
        sourceDigest: "s", batch: batch, fingerprint: fingerprint, precision: precision)
}

/// Writes and opens segments of the given numbers of rows; ordinals run on over all of them.
func segments(
    _ vectors: [Float], dimension: Int, rows: [Int], in folder: TemporaryFolder,
    precision: VectorPrecision = .float32
) throws -> [Segment] {
    var first = 0
    return try rows.enumerated().map { batch, count in
        defer { first += count }
        let file = try Segment.write(
            content(
                first: UInt64(first), dimension: dimension,
                vectors: Array(vectors[first * dimension..<(first + count) * dimension]),
                batch: batch, precision: precision),
            folder: folder.path)
        return try Segment.open(path: file.path, expecting: file.sha256)
    }
}

/// The score as documented, in the plainest form: sums over sixteen lanes, added in halves.
func plainScore(_ metric: Metric, _ question: ArraySlice<Float>, _ row: ArraySlice<Float>) -> Double
{
    switch metric {
    case .innerProduct:
        return plainSum(question, row, *)
    case .l2:
        return 0 - plainSum(question, row) { ($0 - $1) * ($0 - $1) }
    case .cosine:
        let squares = plainSum(question, question, *) * plainSum(row, row, *)
        return squares > 0 ? plainSum(question, row, *) / squares.squareRoot() : 0
    }
}

private func plainSum(
    _ one: ArraySlice<Float>, _ other: ArraySlice<Float>, _ term: (Double, Double) -> Double
) -> Double {
    one.withUnsafeBufferPointer { one in
        other.withUnsafeBufferPointer { other in
            withUnsafeTemporaryAllocation(of: Double.self, capacity: 16) { lanes in
                lanes.initialize(repeating: 0)
                for index in 0..<one.count {
                    lanes[index & 15] += term(Double(one[index]), Double(other[index]))
                }
                for half in [8, 4, 2, 1] {
                    for index in 0..<half { lanes[index] += lanes[index + half] }
                }
                return lanes[0]
            }
        }
    }
}

/// The first k of all rows by `plainScore`, fully sorted.
func plainSearch(
    _ metric: Metric, questions: [Float], rows: [Float], dimension: Int, k: Int
) -> [[Hit]] {
    stride(from: 0, to: questions.count, by: dimension).map { start in
        let question = questions[start..<start + dimension]
        let all = (0..<rows.count / dimension).map { row in
            Hit(
                ordinal: Ordinal(UInt64(row)),
                score: plainScore(metric, question, rows[row * dimension..<(row + 1) * dimension]))
        }
        return Array(all.sorted { $0.precedes($1) }.prefix(k))
    }
}
