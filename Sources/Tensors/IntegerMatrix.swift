import CKernels
import Glibc

/// The weights of a linear layer as 16-bit whole numbers and one step per output, in the order the
/// integer product reads them.
///
/// A step is as fine as lets no sum over a block overflow, see `integer_kernels.h`. Read-only once
/// packed, so threads may share it.
public final class IntegerMatrix: @unchecked Sendable {
    /// Number of outputs.
    public let columns: Int
    /// Number of inputs.
    public let depth: Int
    /// The value of one, by output; zeros up to a multiple of 16.
    public let steps: FloatBuffer
    let panels: UnsafeMutablePointer<Int16>

    /// Packs row-major weights `[columns, depth]`.
    public init(_ weights: UnsafePointer<Float>, columns: Int, depth: Int) {
        self.columns = columns
        self.depth = depth
        steps = FloatBuffer(unset: sheaf_integer_step_count(columns))
        panels = allocateInt16(sheaf_integer_packed_size(columns, depth))
        sheaf_integer_pack(weights, columns, depth, panels, steps.start)
    }

    deinit {
        free(panels)
    }
}

/// Rows of activations as 16-bit whole numbers, with a step per row and block.
///
/// Scratch memory of one thread, which grows to the largest use.
public final class IntegerRows {
    /// Terms that have one step.
    public static let block = Int(SHEAF_INTEGER_BLOCK)
    /// The largest whole number.
    public static let limit = Int(SHEAF_INTEGER_LIMIT)

    /// The whole numbers; a row starts every `stride`.
    public private(set) var values: UnsafeMutablePointer<Int16>
    /// The value of one, `[row, block]`.
    public private(set) var steps = FloatBuffer(unset: 0)
    /// Numbers of a row that count.
    public private(set) var width = 0
    private var capacity = 0

    /// Holds nothing at first.
    public init() {
        values = allocateInt16(0)
    }

    deinit {
        free(values)
    }

    /// Distance of rows: whole cache lines.
    public var stride: Int { (width + 31) / 32 * 32 }
    /// Steps of a row.
    public var blocks: Int { (width + Self.block - 1) / Self.block }

    /// Makes room for `rows` rows of `width` numbers; what was there is lost.
    public func reserve(rows: Int, width: Int) {
        self.width = width
        if rows * stride > capacity {
            free(values)
            capacity = rows * stride
            values = allocateInt16(capacity)
        }
        if rows * blocks > steps.count { steps = FloatBuffer(unset: rows * blocks) }
    }
}

/// Room for numbers, to be freed with `free`.
private func allocateInt16(_ count: Int) -> UnsafeMutablePointer<Int16> {
    sheaf_allocate(2 * count).bindMemory(to: Int16.self, capacity: count)
}
