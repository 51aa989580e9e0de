/// The numbers that a segment holds its vectors in.
public enum VectorPrecision: String, CaseIterable, Codable, Sendable {
    /// float32: the vectors as the encoder made them.
    case float32 = "f32"
    /// float16: half the space; each component is the nearest float16.
    case float16 = "f16"

    /// How the header of a segment calls it.
    var tensorType: String {
        switch self {
        case .float32: "F32"
        case .float16: "F16"
        }
    }

    /// Bytes of one component.
    var width: Int {
        switch self {
        case .float32: 4
        case .float16: 2
        }
    }
}
