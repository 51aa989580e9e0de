import Tensors
import TestSupport
import Testing

@Suite("Attention and row kernels")
struct RowKernelTests {
    struct Attention {
        var length: Int
        var size: Int
        var q: [Float]
        var k: [Float]
        var v: [Float]
        var scale: Float

        init(_ length: Int, _ size: Int, _ random: inout Dice) {
            self.length = length
            self.size = size
            q = random.floats(length * size, in: -3...3)
            k = random.floats(length * size, in: -3...3)
            v = random.floats(length * size)
            scale = 1 / Float(size).squareRoot()
        }

        func run(_ kernels: EncoderKernels, queries: Int) -> [Float] {
            var out = [Float](repeating: .nan, count: queries * size)
            var scratch = [Float](
                repeating: .nan,
                count: EncoderKernels.attentionScratch(length: length, size: size))
            out.withUnsafeMutableBufferPointer { out in
                guard let start = out.baseAddress else { return }
                withUnsafePointers { q, k, v in
                    kernels.attention(
                        EncoderKernels.AttentionHead(
                            length: length, queries: queries, size: size, q: q, qStride: size,
                            k: k, v: v, stride: size, scale: scale, out: start, outStride: size),
                        scratch: &scratch)
                }
            }
            return out
        }

        private func withUnsafePointers(
            _ body: (UnsafePointer<Float>, UnsafePointer<Float>, UnsafePointer<Float>) -> Void
        ) {
            q.withUnsafeBufferPointer { q in
                k.withUnsafeBufferPointer { k in
                    v.withUnsafeBufferPointer { v in
                        if let q = q.baseAddress, let k = k.baseAddress, let v = v.baseAddress {
                            body(q, k, v)
                        }
                    }
                }
            }
        }

        /// The definition in float64.
        func plain() -> [Float] {
            var out: [Float] = []
            for i in 0..<length {
                let scores = (0..<length).map { j in
                    (0..<size).reduce(0.0) {
                        $0 + Double(q[i * size + $1]) * Double(k[j * size + $1])
                    } * Double(scale)
                }
                let top = scores.max() ?? 0
                let weights = scores.map { exponential($0 - top) }
                let sum = weights.reduce(0, +)
                for d in 0..<size {
                    let value = (0..<length).reduce(0.0) {
                        $0 + weights[$1] * Double(v[$1 * size + d])
                    }
                    out.append(Float(value / sum))
                }
            }
            return out
        }
    }

    /// Lengths and head sizes.
    static let shapes = [
        (1, 1), (1, 64), (2, 12), (7, 32), (15, 8), (16, 16), (17, 24), (31, 64), (33, 12),
        (49, 20), (97, 32), (130, 5),
    ]

    @Test(arguments: paths)
    func `attention is softmax of scaled scores times values`(path: SIMDPath) {
        var random = Dice(seed: 11)
        for (length, size) in Self.shapes {
            let head = Attention(length, size, &random)
            let result = head.run(kernels(path), queries: length)
            #expect(largestDifference(result, head.plain()) < 2e-6, "\(length) × \(size)")
        }
    }

    @Test(arguments: paths)
    func `attention of one query has the bits it has among all queries`(path: SIMDPath) {
        var random = Dice(seed: 12)
        for (length, size) in Self.shapes {
            let head = Attention(length, size, &random)
            let all = head.run(kernels(path), queries: length)
            #expect(bits(head.run(kernels(path), queries: 1)) == bits(Array(all[..<size])))
        }
    }

    @Test
    func `attention has the same bits on every instruction set`() {
        var random = Dice(seed: 13)
        for (length, size) in Self.shapes {
            let head = Attention(length, size, &random)
            let results = paths.map { bits(head.run(kernels($0), queries: length)) }
            #expect(Set(results).count == 1, "\(length) × \(size)")
        }
    }

    @Test(arguments: paths)
    func `rows are normalised, pooled and scaled as defined`(path: SIMDPath) {
        var random = Dice(seed: 14)
        for width in [1, 7, 16, 31, 33, 48, 72, 384] {
            let count = 5
            let rows = random.floats(count * width, in: -4...4)
            let gain = random.floats(width)
            let bias = random.floats(width)
            var normed = rows
            kernels(path).layerNorm(
                &normed, count: count, width: width, gain: gain, bias: bias, epsilon: 1e-5)
            #expect(
                largestDifference(normed, plainNorm(rows, width, gain, bias)) < 1e-5,
                "layer norm of \(width)")
            var mean = [Float](repeating: 0, count: width)
            var top = mean
            kernels(path).mean(of: rows, count: count, width: width, into: &mean)
            kernels(path).maximum(of: rows, count: count, width: width, into: &top)
            for j in 0..<width {
                let column = (0..<count).map { rows[$0 * width + j] }
                #expect(abs(column.reduce(0, +) / Float(count) - mean[j]) < 1e-6)
                #expect(column.max() == top[j])
            }
            var unit = Array(rows[..<width])
            kernels(path).normalise(&unit, width: width)
            let norm = unit.reduce(0.0) { $0 + Double($1) * Double($1) }
            #expect(abs(norm - 1) < 1e-6)
        }
    }

    @Test(arguments: paths)
    func `a zero row stays zero when it is scaled to length one`(path: SIMDPath) {
        var row = [Float](repeating: 0, count: 20)
        kernels(path).normalise(&row, width: 20)
        #expect(row == [Float](repeating: 0, count: 20))
    }

    @Test
    func `row kernels have the same bits on every instruction set`() {
        var random = Dice(seed: 15)
        for width in [1, 7, 16, 31, 33, 72, 130] {
            let rows = random.floats(3 * width, in: -4...4)
            let gain = random.floats(width)
            let results = paths.map { path in
                var normed = rows
                kernels(path).layerNorm(
                    &normed, count: 3, width: width, gain: gain, bias: gain, epsilon: 1e-12)
                var mean = [Float](repeating: 0, count: width)
                kernels(path).mean(of: normed, count: 3, width: width, into: &mean)
                var sum = mean
                kernels(path).add(rows, gain, mean, width: width, into: &sum)
                kernels(path).normalise(&sum, width: width)
                return bits(normed + mean + sum)
            }
            #expect(Set(results).count == 1, "width \(width)")
        }
    }

    private func plainNorm(
        _ rows: [Float], _ width: Int, _ gain: [Float], _ bias: [Float]
    ) -> [Float] {
        var out: [Float] = []
        for start in stride(from: 0, to: rows.count, by: width) {
            let row = rows[start..<start + width].map { Double($0) }
            let mean = row.reduce(0, +) / Double(width)
            let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(width)
            for (j, value) in row.enumerated() {
                let scaled = (value - mean) / (variance + 1e-5).squareRoot()
                out.append(Float(scaled * Double(gain[j]) + Double(bias[j])))
            }
        }
        return out
    }
}
