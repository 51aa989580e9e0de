import CKernels

/// The weights of a linear layer, `[columns, depth]` in a checkpoint, in the order the product
/// kernel reads them: panels of 16 columns, each `[depth][16]`.
///
/// Read-only once packed, so threads may share it.
public final class PackedMatrix: @unchecked Sendable {
    /// Number of outputs.
    public let columns: Int
    /// Number of inputs.
    public let depth: Int
    private let storage: FloatBuffer

    var panels: UnsafeMutablePointer<Float> { storage.start }

    /// Packs row-major weights `[columns, depth]`.
    public init(_ weights: UnsafePointer<Float>, columns: Int, depth: Int) {
        self.columns = columns
        self.depth = depth
        storage = FloatBuffer(unset: sheaf_packed_size(columns, depth))
        sheaf_pack(weights, columns, depth, storage.start)
    }
}
