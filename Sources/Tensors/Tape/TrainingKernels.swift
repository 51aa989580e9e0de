import CKernels

/// The inner loops of training on one instruction set; see `training_kernels.h`.
public struct TrainingKernels: @unchecked Sendable {
    let table: UnsafePointer<sheaf_training_kernels>
    let encoderTable: UnsafePointer<sheaf_encoder_kernels>
    /// The kernels of inference on the same set.
    public let encoder: EncoderKernels

    /// The kernels for this processor's best set, or for the one that SHEAF_SIMD names.
    public static let best = TrainingKernels(.best)

    /// The kernels of the same set as `encoder`.
    public init(_ encoder: EncoderKernels) {
        let path = sheaf_simd_path(rawValue: UInt32(encoder.path.rawValue))
        guard let table = sheaf_training_kernels_for(path),
            let encoderTable = sheaf_encoder_kernels_for(path)
        else {
            preconditionFailure("the instruction set \(encoder.path) has no training kernels")
        }
        self.table = table
        self.encoderTable = encoderTable
        self.encoder = encoder
    }

    /// An activation in the kernels' own type.
    static func raw(_ activation: Activation) -> sheaf_activation {
        sheaf_activation(rawValue: UInt32(activation.rawValue))
    }

    /// Rows of a product's left side worked on at once, so that they stay in the second-level
    /// cache while the panels of the right side pass by.
    static let rowBlock = 384

    /// Computes `c = or += a × b` for packed `b` (panels of 16 columns, `[depth][16]` each).
    func product(
        rows: Int, columns: Int, depth: Int, a: UnsafePointer<Float>, stride aStride: Int,
        panels: UnsafePointer<Float>, bias: UnsafePointer<Float>? = nil,
        residual: UnsafePointer<Float>? = nil, residualStride: Int = 0,
        into c: UnsafeMutablePointer<Float>, stride cStride: Int
    ) {
        for row in stride(from: 0, to: rows, by: Self.rowBlock) {
            var call = sheaf_product()
            call.rows = min(Self.rowBlock, rows - row)
            call.columns = columns
            call.depth = depth
            call.a = a + row * aStride
            call.a_stride = aStride
            call.b = panels
            call.bias = bias
            call.residual = residual.map { $0 + row * residualStride }
            call.residual_stride = residualStride
            call.c = c + row * cStride
            call.c_stride = cStride
            encoderTable.pointee.product(&call)
        }
    }

    /// Floats that a matrix of `columns` and `depth` takes when packed.
    static func packedSize(columns: Int, depth: Int) -> Int {
        sheaf_packed_size(columns, depth)
    }
}
