import Foundation
import Tensors
import TestSupport

@testable import Models

extension TokenSequences {
    /// The sequences of a golden batch.
    init(_ batch: TokenBatch) {
        self.init()
        for sequence in 0..<batch.sequences {
            let range = batch.starts[sequence]..<batch.starts[sequence + 1]
            append(
                TokenIDs(ids: Array(batch.ids[range]), typeIDs: Array(batch.segments[range])))
        }
    }

    /// The sequences one by one.
    var all: [TokenIDs] {
        (0..<count).map {
            let range = starts[$0]..<starts[$0 + 1]
            return TokenIDs(
                ids: Array(batch.ids[range]), typeIDs: Array(batch.segments[range]))
        }
    }

    /// The numbers 0, 1, … for the sequences.
    var numbers: [UInt64] { (0..<UInt64(count)).map { $0 } }
}

extension TrainableEncoder {
    /// Without dropout.
    func forward(_ sequences: TokenSequences, _ mode: Recording.Mode = .full) -> Encoded {
        forward(sequences, exampleNumbers: sequences.numbers, dropout: nil, recording: mode)
    }
}

/// The losses of the golden cases, in float64 and as plain as can be.
enum PlainLoss {
    /// Inner products of rows: `[m, n]`.
    static func scores(_ a: [Float], _ b: [Float], dimension: Int) -> [[Double]] {
        rows(a, dimension).map { x in
            rows(b, dimension).map { y in zip(x, y).reduce(0) { $0 + $1.0 * $1.1 } }
        }
    }

    static func rows(_ values: [Float], _ width: Int) -> [[Double]] {
        stride(from: 0, to: values.count, by: width).map { start in
            values[start..<start + width].map(Double.init)
        }
    }

    static func logSoftmax(_ row: [Double]) -> [Double] {
        let top = row.max() ?? 0
        let sum = log(row.reduce(0) { $0 + exp($1 - top) }) + top
        return row.map { $0 - sum }
    }

    /// The mean cross-entropy of rows with one right column each, and its gradient.
    static func crossEntropy(
        _ scores: [[Double]], right: [Int]
    ) -> (loss: Double, gradient: [[Double]]) {
        let share = 1 / Double(scores.count)
        var loss = 0.0
        var gradient: [[Double]] = []
        for (row, right) in zip(scores, right) {
            let logs = logSoftmax(row)
            loss -= logs[right] * share
            gradient.append(
                logs.enumerated().map { (exp($0.element) - ($0.offset == right ? 1 : 0)) * share })
        }
        return (loss, gradient)
    }

    static func transposed(_ matrix: [[Double]]) -> [[Double]] {
        (matrix.first ?? []).indices.map { column in matrix.map { $0[column] } }
    }

    /// G B: the gradient of the left rows of scores A Bᵀ.
    static func product(_ g: [[Double]], _ b: [Float], dimension: Int) -> [Float] {
        let other = rows(b, dimension)
        return g.flatMap { row -> [Float] in
            var sum = [Double](repeating: 0, count: dimension)
            for (share, vector) in zip(row, other) {
                for index in 0..<dimension { sum[index] += share * vector[index] }
            }
            return sum.map(Float.init)
        }
    }
}

/// ‖a − b‖ / ‖b‖, or ‖a‖ where b is zero.
func relativeError(_ a: some Collection<Float>, _ b: some Collection<Float>) -> Double {
    guard a.count == b.count else { return .infinity }
    var difference = 0.0
    var size = 0.0
    for (x, y) in zip(a, b) {
        difference += (Double(x) - Double(y)) * (Double(x) - Double(y))
        size += Double(y) * Double(y)
    }
    return size > 0 ? (difference / size).squareRoot() : difference.squareRoot()
}

/// The worst relative error of a set's gradients against those of a golden case, by tensor.
///
/// Some gradients are zero in theory and noise in the reference: those of key biases, and of the
/// last bias of the passages where the loss is a softmax over them. Both sides must then be small
/// beside the largest tensor's.
func worstGradient(
    _ set: ParameterSet, _ golden: GoldenCase, prefix: String
) throws -> (name: String, error: Double) {
    let expected = try set.entries.map { try golden.floats(prefix + $0.name) }
    let sizes = expected.map { norm($0) }
    let largest = sizes.max() ?? 0
    var worst = (name: "", error: 0.0)
    for (index, entry) in set.entries.enumerated() {
        let own = set.gradients[entry.range]
        let isNoise = sizes[index] < 1e-5 * largest
        let error =
            isNoise ? norm(own) / largest : relativeError(own, expected[index])
        if !(error <= worst.error) { worst = (entry.name, error) }
    }
    return worst
}

func norm(_ values: some Collection<Float>) -> Double {
    values.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
}
