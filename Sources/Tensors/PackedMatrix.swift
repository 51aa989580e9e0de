import CKernels

/// The weights of a linear layer, `[columns, depth]` in a checkpoint, in the order the product
/// kernel reads them: panels of 16 columns, each `[depth][16]`.
///
/// The panels are kept whole, or as 16-bit floats, or are made for each product from the rows where
/// they lie. Read-only once made, so threads may share it.
public final class PackedMatrix: @unchecked Sendable {
    /// Number of outputs.
    public let columns: Int
    /// Number of inputs.
    public let depth: Int
    private let storage: Storage

    private enum Storage {
        case floats(FloatBuffer)
        case halves(UnsafeMutableBufferPointer<UInt16>)
        case rows(WeightRows)
    }

    /// Packs row-major weights `[columns, depth]`.
    public init(_ weights: UnsafePointer<Float>, columns: Int, depth: Int) {
        self.columns = columns
        self.depth = depth
        let panels = FloatBuffer(unset: sheaf_packed_size(columns, depth))
        sheaf_pack(weights, columns, depth, panels.start)
        storage = .floats(panels)
    }

    /// Packs row-major weights `[columns, depth]` rounded to 16-bit floats.
    public init(rounding weights: UnsafePointer<Float>, columns: Int, depth: Int) {
        self.columns = columns
        self.depth = depth
        let halves = UnsafeMutableBufferPointer<UInt16>.allocate(
            capacity: sheaf_packed_size(columns, depth))
        let panel = FloatBuffer(unset: Self.width * depth)
        for column in stride(from: 0, to: columns, by: Self.width) {
            let count = min(Self.width, columns - column)
            sheaf_pack(weights + column * depth, count, depth, panel.start)
            sheaf_round_float16(
                panel.start, panel.count, halves.baseAddress.map { $0 + column * depth })
        }
        storage = .halves(halves)
    }

    /// Reads the weights where they lie, one row a column.
    public init(_ rows: WeightRows, depth: Int) {
        columns = rows.starts.count
        self.depth = depth
        storage = .rows(rows)
    }

    /// Whether the panels are kept whole; otherwise each product makes those it needs.
    public var isPacked: Bool {
        if case .floats = storage { true } else { false }
    }

    deinit {
        if case .halves(let halves) = storage { halves.deallocate() }
    }
}

/// Rows of weights where they lie, in their own type.
public struct WeightRows: @unchecked Sendable {
    /// Where each row starts.
    public var starts: [UnsafeRawPointer]
    /// The type of the elements: one of the float types.
    public var type: ElementType
    /// What keeps the rows in memory.
    public var owner: any AnyObject & Sendable

    /// Names the rows.
    public init(starts: [UnsafeRawPointer], type: ElementType, owner: any AnyObject & Sendable) {
        precondition(type.isFloat, "\(type.rawValue) holds no weights")
        self.starts = starts
        self.type = type
        self.owner = owner
    }
}

extension PackedMatrix {
    /// Columns of a panel.
    static let width = 16
    /// Panels made together: enough for the widest tile, few enough for the second-level cache.
    private static let panelsAtOnce = 4

    /// Calls `body` with runs of columns that make up `columns` and the panels of each.
    func withPanels(
        _ columns: Range<Int>, _ body: (Range<Int>, UnsafePointer<Float>) -> Void
    ) {
        if case .floats(let buffer) = storage {
            return body(columns, UnsafePointer(buffer.start + columns.lowerBound * depth))
        }
        let step = Self.width * Self.panelsAtOnce
        withUnsafeTemporaryAllocation(
            byteCount: step * depth * MemoryLayout<Float>.stride, alignment: 64
        ) { scratch in
            guard let start = scratch.baseAddress else { return }
            let panels = start.bindMemory(to: Float.self, capacity: step * depth)
            for first in Swift.stride(from: columns.lowerBound, to: columns.upperBound, by: step) {
                let part = first..<min(first + step, columns.upperBound)
                for column in Swift.stride(from: first, to: part.upperBound, by: Self.width) {
                    unpack(column, to: panels + (column - first) * depth)
                }
                body(part, UnsafePointer(panels))
            }
        }
    }

    /// Makes the panel that starts at `column`.
    private func unpack(_ column: Int, to panel: UnsafeMutablePointer<Float>) {
        switch storage {
        case .floats(let buffer):
            panel.update(from: buffer.start + column * depth, count: Self.width * depth)
        case .halves(let halves):
            sheaf_widen_float16(
                halves.baseAddress.map { $0 + column * depth }, Self.width * depth, panel)
        case .rows(let rows): pack(rows, column, to: panel)
        }
    }

    private func pack(
        _ rows: WeightRows, _ column: Int, to panel: UnsafeMutablePointer<Float>
    ) {
        let count = min(Self.width, columns - column)
        withUnsafeTemporaryAllocation(of: UnsafePointer<Float>?.self, capacity: Self.width) {
            starts in
            starts.initialize(repeating: nil)
            if rows.type == .float32 {
                for row in 0..<count {
                    starts[row] = rows.starts[column + row].assumingMemoryBound(to: Float.self)
                }
                return sheaf_pack_panel(starts.baseAddress, depth, panel)
            }
            withUnsafeTemporaryAllocation(of: Float.self, capacity: count * depth) { wide in
                guard let wide = wide.baseAddress else { return }
                for row in 0..<count {
                    let out = wide + row * depth
                    _ = rows.type.convert(rows.starts[column + row], count: depth, to: out)
                    starts[row] = UnsafePointer(out)
                }
                sheaf_pack_panel(starts.baseAddress, depth, panel)
            }
        }
    }
}
