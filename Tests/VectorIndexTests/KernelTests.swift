import TestSupport
import Testing

@testable import VectorIndex

struct KernelTests {
    @Test(arguments: Metric.allCases)
    func `every instruction set scores with the documented bits`(_ metric: Metric) {
        var generator = Dice(seed: 1)
        for dimension in Array(1...70) + [383, 384, 768, 1000, 4097] {
            for scale: Float in [1, 1e-30, 1e30, 1e38] {
                let one = (0..<dimension).map { _ in
                    Float.random(in: -1...1, using: &generator) * scale
                }
                let other = (0..<dimension).map { _ in
                    Float.random(in: -1...1, using: &generator) * scale
                }
                let plain = plainScore(metric, one[...], other[...])
                for path in Kernels.paths {
                    let score = one.withUnsafeBufferPointer { one in
                        other.withUnsafeBufferPointer { other in
                            Kernels.score(metric, one, other, path: path)
                        }
                    }
                    #expect(
                        score.bitPattern == plain.bitPattern,
                        "\(path), dimension \(dimension), scale \(scale)")
                }
            }
        }
    }

    @Test func `a vector is at distance plus zero from itself`() {
        let vector: [Float] = [1, -2, 3]
        let score = vector.withUnsafeBufferPointer { Kernels.score(.l2, $0, $0) }
        #expect(score.bitPattern == 0)
    }
}
