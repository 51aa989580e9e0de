import Tensors

/// The instruction sets this processor has.
let paths = SIMDPath.allCases.filter { EncoderKernels($0) != nil }

func kernels(_ path: SIMDPath) -> EncoderKernels {
    guard let kernels = EncoderKernels(path) else { preconditionFailure("\(path) is not here") }
    return kernels
}

/// A generator whose numbers depend on its seed alone.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
    }

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state &* 0x2545_F491_4F6C_DD1D
    }

    mutating func floats(_ count: Int, in range: ClosedRange<Float> = -1...1) -> [Float] {
        (0..<count).map { _ in Float.random(in: range, using: &self) }
    }
}

/// The bits of floats, so that comparisons tell −0 from 0.
func bits(_ values: [Float]) -> [UInt32] { values.map(\.bitPattern) }

func largestDifference(_ a: [Float], _ b: [Float]) -> Float {
    zip(a, b).map { abs($0 - $1) }.max() ?? 0
}
