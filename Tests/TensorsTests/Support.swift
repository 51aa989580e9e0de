import Tensors

/// The instruction sets this processor has.
let paths = SIMDPath.allCases.filter { EncoderKernels($0) != nil }

func kernels(_ path: SIMDPath) -> EncoderKernels {
    guard let kernels = EncoderKernels(path) else { preconditionFailure("\(path) is not here") }
    return kernels
}
