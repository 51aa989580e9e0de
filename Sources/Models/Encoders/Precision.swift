import Tensors

/// The numbers an encoder computes its linear layers in.
public enum Precision: String, CaseIterable, Codable, Sendable {
    /// 32-bit floats.
    case float32
    /// 16-bit whole numbers, a step per output channel and per row and block of activations; the
    /// rest in 32-bit floats.
    case i16

    /// What a fingerprint says of it: all that vectors depend on.
    var description: String {
        switch self {
        case .float32: "float32"
        case .i16: "i16 ±\(IntegerRows.limit) by \(IntegerRows.block)"
        }
    }
}
