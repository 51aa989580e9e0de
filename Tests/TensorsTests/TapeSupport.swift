import Foundation
import TestSupport
import Testing

@testable import Tensors

/// An input of an operation: floats, and for parameters their gradient.
final class Operand {
    let shape: [Int]
    let floats: FloatBuffer
    let gradient: FloatBuffer
    private(set) var tapeValue: Tape.Value?

    init(_ shape: [Int], seed: UInt64) {
        self.shape = shape
        var generator = Dice(seed: seed)
        floats = FloatBuffer(generator.floats(shape.reduce(1, *)))
        gradient = FloatBuffer(zeros: floats.count)
    }

    var parameter: Tape.Parameter {
        Tape.Parameter(values: UnsafePointer(floats.start), gradient: gradient.start)
    }

    func value(_ tape: Tape) -> Tape.Value {
        let value = tape.make(rows: shape[0], width: shape[1], copying: floats.start)
        tapeValue = value
        return value
    }

    func clear() {
        gradient.start.update(repeating: 0, count: gradient.count)
    }
}

/// The worst error of the tape's gradients of ⟨output, random weights⟩, relative to the size of the
/// gradient of an operand, against central differences (step 1e-5) of a float64 twin.
///
/// Of large operands 40 elements are compared.
func worstError(
    _ operands: [Operand], _ body: (Tape) -> Tape.Value, twin: ([[Double]]) -> [Double]
) -> Double {
    let tape = Tape(arena: TapeArena(), isRecording: true)
    let output = body(tape)
    let seed = Operand([output.rows, output.width], seed: 99)
    let values = operands.map { $0.floats.array.map(Double.init) }
    let weights = seed.floats.array.map(Double.init)
    let expected = twin(values)
    var worst = 0.0
    let largest = expected.map { abs($0) }.max() ?? 0
    for (index, value) in expected.enumerated() {
        worst = max(worst, abs(Double(output.start[index]) - value) / largest)
    }
    tape.backward([(output, UnsafePointer(seed.floats.start))])
    func loss(_ values: [[Double]]) -> Double {
        zip(twin(values), weights).reduce(0) { $0 + $1.0 * $1.1 }
    }
    for (index, operand) in operands.enumerated() {
        let own = operand.tapeValue.flatMap { tape.gradient(of: $0) } ?? operand.gradient.array
        let step = max(1, own.count / 40)
        var difference = 0.0
        var size = 0.0
        for element in stride(from: 0, to: own.count, by: step) {
            var moved = values
            moved[index][element] += 1e-5
            let above = loss(moved)
            moved[index][element] = values[index][element] - 1e-5
            let slope = (above - loss(moved)) / 2e-5
            difference += (Double(own[element]) - slope) * (Double(own[element]) - slope)
            size += slope * slope
        }
        worst = max(worst, size > 0 ? (difference / size).squareRoot() : difference)
    }
    tape.close()
    return worst
}

/// A place of dropout, nil for rate 0.
func site(_ rate: Double) -> DropoutSite? {
    DropoutSite(
        DropoutKey(
            seed: 5, step: 6, stream: 1, rates: DropoutRates(hidden: rate, attention: rate)),
        layer: 2, place: 1, rate: rate)
}

/// What dropout makes of ones.
func mask(_ site: DropoutSite?, _ layout: TapeLayout, width: Int) -> [Double] {
    let rows = layout.starts.last ?? 0
    let tape = Tape(arena: TapeArena(), isRecording: false)
    let ones = tape.make(rows: rows, width: width)
    ones.start.update(repeating: 1, count: ones.count)
    let dropped = tape.dropout(ones, at: site, layout)
    return (0..<dropped.count).map { Double(dropped.start[$0]) }
}

/// The factors of attention weights: `[head · length + query][key]` for each example.
func attentionMasks(
    _ site: DropoutSite?, _ layout: TapeLayout, heads: Int
) -> [[Double]] {
    (0..<layout.count).map { example in
        let length = layout.rows(example).count
        let own = TapeLayout(
            starts: [0, heads * length], examples: [layout.examples[example]])
        return mask(site, own, width: length)
    }
}

/// The operations in float64, as plain as can be.
enum Plain {
    static func exp(_ x: Double) -> Double { Foundation.exp(x) }
    static func log(_ x: Double) -> Double { Foundation.log(x) }

    static func activate(_ activation: Activation, _ x: Double) -> Double {
        switch activation {
        case .none: return x
        case .gelu: return x * 0.5 * erfc(-x / 2.0.squareRoot())
        case .geluTanh:
            return 0.5 * x * (1 + Foundation.tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)))
        case .relu: return max(x, 0)
        case .silu: return x / (1 + exp(-x))
        case .tanh: return Foundation.tanh(x)
        }
    }

    static func linear(
        _ x: [Double], _ weight: [Double], _ bias: [Double]?, outputs: Int,
        residual: [Double]? = nil
    ) -> [Double] {
        let inputs = weight.count / outputs
        return (0..<x.count / inputs).flatMap { row in
            (0..<outputs).map { column in
                var sum = (bias?[column] ?? 0) + (residual?[row * outputs + column] ?? 0)
                for k in 0..<inputs { sum += x[row * inputs + k] * weight[column * inputs + k] }
                return sum
            }
        }
    }

    static func norm(_ x: [Double], width: Int, epsilon: Double) -> [Double] {
        stride(from: 0, to: x.count, by: width).flatMap { start -> [Double] in
            let row = x[start..<start + width]
            let mean = row.reduce(0, +) / Double(width)
            let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(width)
            return row.map { ($0 - mean) / (variance + epsilon).squareRoot() }
        }
    }

    /// `columns`: where keys and values begin in a row of `others`.
    static func attention(
        queries: [Double], others: [Double], columns: (key: Int, value: Int), heads: Int,
        size: Int, queryLayout: TapeLayout, _ layout: TapeLayout, masks: [[Double]]
    ) -> [Double] {
        let queryWidth = queries.count / (queryLayout.starts.last ?? 1)
        let width = others.count / (layout.starts.last ?? 1)
        var out = [Double](
            repeating: 0, count: (queryLayout.starts.last ?? 0) * heads * size)
        for example in 0..<layout.count {
            let keys = layout.rows(example)
            for (query, row) in queryLayout.rows(example).enumerated() {
                for head in 0..<heads {
                    let scores = keys.map { key -> Double in
                        var sum = 0.0
                        for d in head * size..<(head + 1) * size {
                            let q = queries[row * queryWidth + d]
                            sum += q * others[key * width + columns.key + d]
                        }
                        return sum / Double(size).squareRoot()
                    }
                    let top = scores.max() ?? 0
                    let total = scores.reduce(0) { $0 + exp($1 - top) }
                    for (index, key) in keys.enumerated() {
                        let factor =
                            masks[example][(head * keys.count + query) * keys.count + index]
                        let share = exp(scores[index] - top) / total * factor
                        for d in 0..<size {
                            out[row * heads * size + head * size + d] +=
                                share * others[key * width + columns.value + head * size + d]
                        }
                    }
                }
            }
        }
        return out
    }
}
