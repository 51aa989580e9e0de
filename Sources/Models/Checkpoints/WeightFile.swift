import Tensors

/// One file of weights, whatever its format.
package enum WeightFile {
    /// Tensors beyond this many elements are not read by `readAll`: strides of 0 describe many.
    private static let largest = 1 << 16

    /// Opens a file, checks it, and reads its tensors: how many it has.
    ///
    /// - Throws: `ModelError` for whatever a load would refuse.
    package static func readAll(_ path: String) throws(ModelError) -> Int {
        let checkpoint = try Checkpoint.open(file: path)
        try checkpoint.verifyChecksums()
        for (name, tensor) in checkpoint.tensors
        where tensor.count < largest && tensor.type.isFloat {
            _ = try checkpoint.floats(name, shape: tensor.shape)
        }
        return checkpoint.tensors.count
    }
}
