import Foundation
import Tensors
import TestSupport
import Testing

@Suite("Packed products")
struct ProductTests {
    /// rows, columns, depth: none, one, around the tiles of 6 and 12 rows, the panels of 16 and the
    /// depth blocks of 384.
    static let sizes = [
        (1, 1, 1), (1, 16, 3), (2, 17, 7), (5, 31, 16), (6, 32, 33), (7, 33, 48), (11, 48, 12),
        (12, 64, 5), (13, 72, 72), (25, 15, 383), (3, 40, 384), (14, 96, 385), (2, 33, 769),
        (0, 16, 4), (37, 50, 20),
    ]

    @Test(arguments: paths)
    func `every element is one chain of fused multiply-adds over the depth`(path: SIMDPath) {
        var random = Dice(seed: 1)
        for (rows, columns, depth) in Self.sizes {
            let a = random.floats(rows * depth)
            let w = random.floats(columns * depth)
            let result = product(kernels(path), a, w, rows, columns, depth)
            var expected = [Float](repeating: 0, count: rows * columns)
            for row in 0..<rows {
                for column in 0..<columns {
                    var sum: Float = 0
                    for k in 0..<depth {
                        sum = sum.addingProduct(a[row * depth + k], w[column * depth + k])
                    }
                    expected[row * columns + column] = sum
                }
            }
            #expect(bits(result) == bits(expected), "\(rows) × \(columns) × \(depth)")
        }
    }

    @Test(arguments: paths)
    func `a sum halfway between two floats, or below the normal ones, is rounded once`(
        path: SIMDPath
    ) {
        var random = Dice(seed: 6)
        let (rows, columns) = (13, 37)
        func sign() -> Float { random.below(2) == 0 ? 1 : -1 }
        func odd() -> Float { Float(4097 + 2 * random.below(2048)) }
        let sets: [([Float], [Float], [Float])] = [
            // Products of 25 or 26 bits, and far below them 2⁻⁸⁵.
            (
                (0..<rows).map { _ in odd() }, (0..<columns).map { _ in odd() },
                (0..<columns).map { _ in sign() * 0x1p-85 }
            ),
            // 2⁻¹⁵⁰ less 2⁻¹⁸², and a subnormal number.
            (
                [Float](repeating: 0x1.0001p-75, count: rows),
                [Float](repeating: 0x1.fffep-76, count: columns),
                (0..<columns).map { _ in sign() * (0x1p-127 + odd() * 0x1p-149) }
            ),
        ]
        for (x, y, first) in sets {
            let a: [Float] = x.flatMap { [Float(1), $0] }
            let w: [Float] = zip(first, y).flatMap { [$0, $1] }
            var expected: [Float] = []
            var roundedTwice: [Float] = []
            for x in x {
                for (first, y) in zip(first, y) {
                    expected.append(first.addingProduct(x, y))
                    roundedTwice.append(Float(Double(first) + Double(x) * Double(y)))
                }
            }
            #expect(bits(roundedTwice) != bits(expected))
            let result = product(kernels(path), a, w, rows, columns, 2)
            #expect(bits(result) == bits(expected))
        }
    }

    @Test
    func `products agree with BLAS to rounding`() {
        OpenBLAS.useOneThread()
        var random = Dice(seed: 2)
        let (rows, columns, depth) = (19, 53, 411)
        let a = random.floats(rows * depth)
        let w = random.floats(columns * depth)
        var expected = [Float](repeating: 0, count: rows * columns)
        OpenBLAS.sgemm(
            m: rows, n: columns, k: depth, a: a, b: w, transposeB: true, c: &expected)
        let result = product(.best, a, w, rows, columns, depth)
        #expect(largestDifference(result, expected) < 1e-4)
    }

    @Test(arguments: paths)
    func `a range of columns has the same bits as those columns of the whole`(path: SIMDPath) {
        var random = Dice(seed: 3)
        let (rows, columns, depth) = (13, 70, 29)
        let a = random.floats(rows * depth)
        let w = random.floats(columns * depth)
        let bias = random.floats(columns)
        let matrix = PackedMatrix(w, columns: columns, depth: depth)
        var whole = [Float](repeating: 0, count: rows * columns)
        var part = [Float](repeating: 0, count: rows * 54)
        kernels(path).product(
            rows: rows, a: a, stride: depth, weights: matrix, bias: bias, into: &whole,
            stride: columns)
        kernels(path).product(
            rows: rows, a: a, stride: depth, weights: matrix, columns: 16..<70, bias: bias,
            into: &part, stride: 54)
        for row in 0..<rows {
            let expected = whole[row * columns + 16..<(row + 1) * columns]
            #expect(bits(Array(expected)) == bits(Array(part[row * 54..<(row + 1) * 54])))
        }
    }

    @Test(arguments: paths)
    func `parts of the depth, one after the other, give the bits of the whole`(path: SIMDPath) {
        var random = Dice(seed: 5)
        for form in [WeightForm.packed, .rounded] {
            let (rows, columns, depth) = (26, 49, 800)
            let a = random.floats(rows * depth)
            let w = random.floats(columns * depth)
            let bias = random.floats(columns)
            let residual = random.floats(rows * columns)
            let matrix =
                form == .packed
                ? PackedMatrix(w, columns: columns, depth: depth)
                : PackedMatrix(rounding: w, columns: columns, depth: depth)
            #expect(matrix.isPacked == (form == .packed))
            var whole = [Float](repeating: 0, count: rows * columns)
            kernels(path).product(
                rows: rows, a: a, stride: depth, weights: matrix, bias: bias, residual: residual,
                residualStride: columns, into: &whole, stride: columns)
            var parts = [Float](repeating: 0, count: rows * columns)
            for part in [0..<37, 37..<421, 421..<800] {
                let inputs = (0..<rows).flatMap { row in
                    a[row * depth + part.lowerBound..<row * depth + part.upperBound]
                }
                kernels(path).product(
                    rows: rows, a: inputs, stride: part.count, weights: matrix, inputs: part,
                    bias: bias, residual: residual, residualStride: columns, into: &parts,
                    stride: columns)
            }
            #expect(bits(parts) == bits(whole), "\(form)")
        }
    }

    private enum WeightForm { case packed, rounded }

    @Test(arguments: paths)
    func `a sum starts from bias and residual, and the activation comes last`(path: SIMDPath) {
        var random = Dice(seed: 4)
        for columns in [1, 15, 16, 33, 64, 71] {
            for activation in Activation.allCases {
                let (rows, depth) = (15, 390)
                let a = random.floats(rows * depth)
                let w = random.floats(columns * depth)
                let bias = random.floats(columns)
                let residual = random.floats(rows * columns)
                var expected: [Float] = []
                for index in 0..<rows * columns {
                    let (row, column) = (index / columns, index % columns)
                    var sum = bias[column] + residual[index]
                    for k in 0..<depth {
                        sum = sum.addingProduct(a[row * depth + k], w[column * depth + k])
                    }
                    kernels(path).apply(activation, to: &sum, count: 1)
                    expected.append(sum)
                }
                var result = [Float](repeating: .nan, count: rows * columns)
                kernels(path).product(
                    rows: rows, a: a, stride: depth,
                    weights: PackedMatrix(w, columns: columns, depth: depth), bias: bias,
                    activation: activation, residual: residual, residualStride: columns,
                    into: &result, stride: columns)
                #expect(bits(result) == bits(expected), "\(columns) columns, \(activation)")
            }
        }
    }

    @Test(arguments: paths)
    func `activations are within 1e-6 of their definitions up to rounding`(path: SIMDPath) {
        let inputs = stride(from: Float(-12), through: 12, by: 0.0037).map { $0 }
        let definitions: [(Activation, (Double) -> Double)] = [
            (.none, { $0 }), (.gelu, { $0 * 0.5 * erfc(-$0 / 2.0.squareRoot()) }),
            (
                .geluTanh,
                {
                    let inner = $0 + 0.044715 * $0 * $0 * $0
                    return 0.5 * $0 * (1 + tanh((2 / Double.pi).squareRoot() * inner))
                }
            ), (.relu, { max($0, 0) }), (.silu, { $0 / (1 + exp(-$0)) }), (.tanh, { tanh($0) }),
        ]
        for (activation, definition) in definitions {
            var values = inputs
            kernels(path).apply(activation, to: &values, count: values.count)
            for (input, value) in zip(inputs, values) {
                let expected = definition(Double(input))
                #expect(
                    abs(Double(value) - expected) < 1e-6 * max(1, abs(expected) / 8),
                    "\(activation) of \(input): \(value)")
            }
        }
    }

    @Test
    func `activations have the same bits on every instruction set`() {
        var random = Dice(seed: 5)
        let inputs = random.floats(1_003, in: -20...20) + [0, -0.0, 1e-38, -1e-38, 3e38, -3e38]
        for activation in Activation.allCases {
            let results = paths.map { path in
                var values = inputs
                kernels(path).apply(activation, to: &values, count: values.count)
                return bits(values)
            }
            #expect(Set(results).count == 1, "\(activation)")
        }
    }

    private func product(
        _ kernels: EncoderKernels, _ a: [Float], _ w: [Float], _ rows: Int, _ columns: Int,
        _ depth: Int
    ) -> [Float] {
        var c = [Float](repeating: .nan, count: rows * columns)
        kernels.product(
            rows: rows, a: a, stride: depth,
            weights: PackedMatrix(w, columns: columns, depth: depth), into: &c, stride: columns)
        return c
    }
}
