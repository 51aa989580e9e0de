import Tensors
import TestSupport
import Testing

/// Heads as decoders need them: fewer queries than positions, causal, biased, over kept keys and
/// values.
@Suite("Attention of decoders")
struct AttentionTests {
    /// One head with its inputs; position j is row `rows[j]` of `k` and `v`.
    struct Head {
        var length: Int
        var queries: Int
        var size: Int
        var q: FloatBuffer
        var k: FloatBuffer
        var v: FloatBuffer
        var bias: FloatBuffer?
        var isCausal = false
        var scale: Float

        init(_ length: Int, _ queries: Int, _ size: Int, _ dice: inout Dice) {
            self.length = length
            self.queries = queries
            self.size = size
            q = FloatBuffer(dice.floats(queries * size, in: -3...3))
            k = FloatBuffer(dice.floats(length * size, in: -3...3))
            v = FloatBuffer(dice.floats(length * size))
            scale = 1 / Float(size).squareRoot()
        }

        /// The queries from `first` on against the first `length` positions.
        func call(
            first: Int = 0, queries: Int? = nil, length: Int? = nil, into out: FloatBuffer
        ) -> EncoderKernels.AttentionHead {
            EncoderKernels.AttentionHead(
                length: length ?? self.length, queries: queries ?? self.queries, size: size,
                q: q.start + first * size, qStride: size, k: k.start, v: v.start, stride: size,
                scale: scale, out: out.start, outStride: size)
        }

        var mask: EncoderKernels.AttentionMask {
            EncoderKernels.AttentionMask(
                isCausal: isCausal, bias: bias.map { UnsafePointer($0.start) }, biasStride: length)
        }

        /// Calls `body` with scratch memory; the head's buffers outlive the call.
        func withScratch(_ body: (UnsafeMutablePointer<Float>) -> Void) {
            let scratch = FloatBuffer(
                unset: EncoderKernels.attentionScratch(length: length, size: size))
            withExtendedLifetime((self, scratch)) { body(scratch.start) }
        }

        func run(_ kernels: EncoderKernels) -> [Float] {
            let out = FloatBuffer(zeros: queries * size)
            withScratch { kernels.attention(call(into: out), mask: mask, scratch: $0) }
            return out.array
        }

        /// The definition in float64.
        var plain: [Float] {
            (0..<queries).flatMap { i -> [Float] in
                let seen = isCausal ? length - queries + i + 1 : length
                let scores = (0..<seen).map { j -> Double in
                    let product = (0..<size).reduce(0.0) {
                        $0 + Double(q.start[i * size + $1]) * Double(k.start[j * size + $1])
                    }
                    let added = bias.map { Double($0.start[i * length + j]) } ?? 0
                    return Double(scale) * product + added
                }
                let top = scores.max() ?? 0
                let weights = scores.map { exponential($0 - top) }
                let total = weights.reduce(0, +)
                return (0..<size).map { d in
                    Float(
                        (0..<seen).reduce(0.0) {
                            $0 + weights[$1] / total * Double(v.start[$1 * size + d])
                        })
                }
            }
        }
    }

    static let shapes = [(1, 1), (5, 1), (16, 16), (17, 3), (50, 50), (70, 64), (129, 4)]

    @Test(arguments: paths)
    func `a head is the softmax of its definition`(_ path: SIMDPath) {
        var dice = Dice(seed: 11)
        for (length, queries) in Self.shapes {
            for size in [8, 12, 64] {
                var head = Head(length, queries, size, &dice)
                for causal in [false, true] {
                    head.isCausal = causal
                    head.bias = nil
                    #expect(largestDifference(head.run(kernels(path)), head.plain) < 2e-6)
                    head.bias = FloatBuffer(dice.floats(queries * length, in: -4...4))
                    #expect(largestDifference(head.run(kernels(path)), head.plain) < 2e-6)
                    #expect(bits(head.run(kernels(path))) == bits(head.run(kernels(.portable))))
                }
            }
        }
    }

    @Test
    func `a causal query has the bits of a call of its own`() {
        var dice = Dice(seed: 12)
        for (length, queries) in Self.shapes {
            var head = Head(length, queries, 16, &dice)
            head.isCausal = true
            let all = head.run(.best)
            for query in 0..<queries {
                let out = FloatBuffer(zeros: 16)
                head.withScratch {
                    EncoderKernels.best.attention(
                        head.call(
                            first: query, queries: 1, length: length - queries + query + 1,
                            into: out), scratch: $0)
                }
                #expect(bits(out.array) == bits(all[query * 16..<(query + 1) * 16]))
            }
        }
    }

    @Test
    func `rows in any order and packed panels give the bits of rows in order`() {
        var dice = Dice(seed: 13)
        for (length, queries) in Self.shapes {
            for size in [12, 16] {
                let head = Head(length, queries, size, &dice)
                let expected = bits(head.run(.best))
                // The same rows, each at another place of a larger buffer.
                let places = (0..<2 * length).shuffled(using: &dice).prefix(length)
                var moved = head
                moved.k = FloatBuffer(unset: 2 * length * size)
                moved.v = FloatBuffer(unset: 2 * length * size)
                for (row, place) in places.enumerated() {
                    (moved.k.start + place * size).update(
                        from: head.k.start + row * size, count: size)
                    (moved.v.start + place * size).update(
                        from: head.v.start + row * size, count: size)
                }
                let out = FloatBuffer(zeros: queries * size)
                let rows = places.map { UInt32($0) }
                moved.withScratch {
                    EncoderKernels.best.attention(
                        moved.call(into: out), mask: moved.mask, rows: rows, scratch: $0)
                }
                #expect(bits(out.array) == expected)

                let counts = EncoderKernels.packedAttention(length: length, size: size)
                let keys = FloatBuffer(unset: counts.keys)
                let values = FloatBuffer(unset: counts.values)
                withExtendedLifetime(head) {
                    EncoderKernels.best.packAttention(
                        k: head.k.start, v: head.v.start, stride: size, length: length,
                        size: size, keys: keys.start, values: values.start)
                }
                let again = FloatBuffer(zeros: queries * size)
                head.withScratch { scratch in
                    withExtendedLifetime((keys, values)) {
                        EncoderKernels.best.attention(
                            head.call(into: again), keys: keys.start, values: values.start,
                            scratch: scratch)
                    }
                }
                #expect(bits(again.array) == expected)
            }
        }
    }

    @Test
    func `a bias by distance is read with a stride of minus one`() {
        var dice = Dice(seed: 14)
        let length = 37
        var head = Head(length, length, 16, &dice)
        // What is added for the distance j − i lies at length − 1 + j − i.
        let table = FloatBuffer(dice.floats(2 * length - 1, in: -2...2))
        head.bias = FloatBuffer(
            (0..<length * length).map { table.start[length - 1 + $0 % length - $0 / length] })
        let expected = bits(head.run(.best))
        let out = FloatBuffer(zeros: length * 16)
        head.withScratch { scratch in
            withExtendedLifetime(table) {
                let mask = EncoderKernels.AttentionMask(
                    bias: table.start + length - 1, biasStride: -1)
                EncoderKernels.best.attention(head.call(into: out), mask: mask, scratch: scratch)
            }
        }
        #expect(bits(out.array) == expected)
    }

    @Test(arguments: paths)
    func `a root mean square norm and a log softmax are as defined`(_ path: SIMDPath) {
        var dice = Dice(seed: 15)
        for width in [1, 15, 16, 48, 1_100, 2_500] {
            let values = dice.floats(2 * width, in: -9...9)
            let gain = dice.floats(width)
            var normal = values
            kernels(path).rmsNorm(&normal, count: 2, width: width, gain: gain, epsilon: 1e-6)
            var likely = values
            kernels(path).logSoftmax(&likely, count: 2, width: width)
            for row in 0..<2 {
                let own = values[row * width..<(row + 1) * width].map(Double.init)
                let mean = own.reduce(0) { $0 + $1 * $1 } / Double(width)
                let root = (mean + 1e-6).squareRoot()
                let plain = zip(own, gain).map { Float($0 / root * Double($1)) }
                #expect(largestDifference(normal[row * width..<(row + 1) * width], plain) < 2e-6)
                let top = own.max() ?? 0
                let total = naturalLogarithm(own.reduce(0) { $0 + exponential($1 - top) })
                let plainLog = own.map { Float($0 - top - total) }
                #expect(
                    largestDifference(likely[row * width..<(row + 1) * width], plainLog) < 4e-6)
            }
            var portable = values
            kernels(.portable).logSoftmax(&portable, count: 2, width: width)
            #expect(bits(portable) == bits(likely))
            var portableNorm = values
            kernels(.portable).rmsNorm(
                &portableNorm, count: 2, width: width, gain: gain, epsilon: 1e-6)
            #expect(bits(portableNorm) == bits(normal))
        }
    }
}
