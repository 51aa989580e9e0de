import CKernels

/// The element types that checkpoints hold.
public enum ElementType: String, CaseIterable, Sendable {
    /// IEEE 64-bit float.
    case float64 = "F64"
    /// IEEE 32-bit float.
    case float32 = "F32"
    /// IEEE 16-bit float.
    case float16 = "F16"
    /// The upper half of a 32-bit float.
    case bfloat16 = "BF16"
    /// Signed 64-bit integer.
    case int64 = "I64"
    /// Signed 32-bit integer.
    case int32 = "I32"
    /// Signed 16-bit integer.
    case int16 = "I16"
    /// Signed 8-bit integer.
    case int8 = "I8"
    /// Unsigned 64-bit integer.
    case uint64 = "U64"
    /// Unsigned 32-bit integer.
    case uint32 = "U32"
    /// Unsigned 16-bit integer.
    case uint16 = "U16"
    /// Unsigned 8-bit integer.
    case uint8 = "U8"
    /// One byte, 0 or 1.
    case bool = "BOOL"

    /// Bytes of one element.
    public var size: Int {
        switch self {
        case .float64, .int64, .uint64: 8
        case .float32, .int32, .uint32: 4
        case .float16, .bfloat16, .int16, .uint16: 2
        case .int8, .uint8, .bool: 1
        }
    }

    /// Whether the type is a float, which weights must be.
    public var isFloat: Bool {
        switch self {
        case .float64, .float32, .float16, .bfloat16: true
        default: false
        }
    }

    /// Converts `count` elements at `source` (of any alignment) to 32-bit floats.
    ///
    /// Rounds to nearest where the type is wider. False where the type is not a float.
    public func convert(
        _ source: UnsafeRawPointer, count: Int, to floats: UnsafeMutablePointer<Float>
    ) -> Bool {
        switch self {
        case .float32:
            UnsafeMutableRawPointer(floats).copyMemory(from: source, byteCount: count * 4)
        case .float16: sheaf_from_float16(source, count, floats)
        case .bfloat16: sheaf_from_bfloat16(source, count, floats)
        case .float64: sheaf_from_float64(source, count, floats)
        default: return false
        }
        return true
    }
}

/// Index of the first value that is not finite, or nil.
public func firstNotFinite(_ values: UnsafePointer<Float>, count: Int) -> Int? {
    let index = sheaf_first_not_finite(values, count)
    return index == count ? nil : index
}

/// Rounds `count` floats to 16-bit floats, to nearest, ties to even.
public func roundToFloat16(
    _ source: UnsafePointer<Float>, count: Int, into halves: UnsafeMutablePointer<UInt16>
) {
    sheaf_round_float16(source, count, halves)
}
