/// A column of an Arrow stream.
package struct ArrowColumn: Equatable, Sendable {
    /// What its values are.
    package enum Kind: Equatable, Sendable {
        /// Texts, whose offsets have 32 or 64 bits.
        case text(isLarge: Bool)
        /// Vectors.
        case vectors(ArrowLists, of: ArrowFloat)
        /// Another kind, by its name: its values are not read.
        case other(String)
    }

    /// Its name.
    package var name: String
    /// What its values are.
    package var kind: Kind
    /// Where its first field node and its first buffer stand among those of a batch.
    var node = 0
    var buffer = 0
}

/// How vectors are laid out.
package enum ArrowLists: Equatable, Sendable {
    /// By offsets of 32 or 64 bits.
    case offsets(isLarge: Bool)
    /// All of one length.
    case fixed(Int)
}

/// The type of a vector's components.
package enum ArrowFloat: Int, Equatable, Sendable {
    /// float16.
    case half
    /// float32.
    case single
    /// float64.
    case double

    /// Bytes of one.
    package var width: Int { 2 << rawValue }
}

/// Reads the fields of a schema and counts the nodes and buffers that each takes of a batch
/// (Schema.fbs, and “Recordbatch message” of Arrow's columnar format).
struct ArrowSchemaReader {
    private let buffer: FlatBuffer
    private(set) var columns: [ArrowColumn] = []
    /// What the columns so far take of a batch.
    private(set) var nodes = 0
    private(set) var buffers = 0
    /// Whether a column has buffers whose number each batch says anew.
    private(set) var hasViews = false
    private var fieldsLeft: Int

    private static let deepest = 16

    /// What a field's type is, and what of it stands in each batch.
    private struct Layout {
        var name: String
        var nodes = 1
        var buffers = 2
    }

    init(_ buffer: FlatBuffer, _ schema: FlatBuffer.Table) throws(FormatError) {
        self.buffer = buffer
        // A field takes sixteen bytes or more, so more of them are the same ones again.
        fieldsLeft = buffer.range.count / 16
        guard try buffer.number(0, of: schema, or: Int16(0)) == 0 else {
            throw FormatError(schema.start, "its numbers are big-endian")
        }
        for field in try buffer.tables(1, of: schema) { try read(field) }
    }

    private mutating func read(_ field: FlatBuffer.Table) throws(FormatError) {
        var column = ArrowColumn(
            name: try buffer.string(0, of: field) ?? "", kind: .other(""), node: nodes,
            buffer: buffers)
        let layout = try count(field, depth: 0)
        column.kind = try kind(field) ?? .other(layout.name)
        columns.append(column)
    }

    /// Adds what a field and its children take of a batch.
    private mutating func count(
        _ field: FlatBuffer.Table, depth: Int
    ) throws(FormatError) -> Layout {
        fieldsLeft -= 1
        guard fieldsLeft >= 0, depth < Self.deepest else {
            throw FormatError(field.start, "its columns have too many parts")
        }
        if try buffer.table(4, of: field) != nil {
            nodes += 1
            buffers += 2
            return Layout(name: "a dictionary")
        }
        let layout = try layout(field)
        nodes += layout.nodes
        buffers += layout.buffers
        for child in try buffer.tables(5, of: field) { _ = try count(child, depth: depth + 1) }
        return layout
    }

    private mutating func layout(_ field: FlatBuffer.Table) throws(FormatError) -> Layout {
        let type = try buffer.number(2, of: field, or: UInt8(0))
        switch type {
        case 1: return Layout(name: "null", buffers: 0)
        case 2: return Layout(name: try integerName(field))
        case 3: return Layout(name: try floatName(field))
        case 4: return Layout(name: "binary", buffers: 3)
        case 5: return Layout(name: "utf8", buffers: 3)
        case 6: return Layout(name: "bool")
        case 7...11, 15, 18:
            let names: [UInt8: String] = [
                7: "decimal", 8: "date", 9: "time", 10: "timestamp", 11: "interval",
                15: "fixed-size binary", 18: "duration",
            ]
            return Layout(name: names[type] ?? "")
        case 12: return Layout(name: "list")
        case 13: return Layout(name: "struct", buffers: 1)
        case 14:
            let mode = try buffer.table(3, of: field).map { table throws(FormatError) in
                try buffer.number(0, of: table, or: Int16(0))
            }
            return Layout(name: "union", buffers: mode == 1 ? 2 : 1)
        case 16: return Layout(name: "fixed-size list", buffers: 1)
        case 17: return Layout(name: "map")
        case 19: return Layout(name: "large binary", buffers: 3)
        case 20: return Layout(name: "large utf8", buffers: 3)
        case 21: return Layout(name: "large list")
        case 22: return Layout(name: "run-end encoded", buffers: 0)
        case 23, 24:
            hasViews = true
            return Layout(name: type == 23 ? "binary view" : "utf8 view")
        case 25: return Layout(name: "list view", buffers: 3)
        case 26: return Layout(name: "large list view", buffers: 3)
        default: throw FormatError(field.start, "a column has the unknown type \(type)")
        }
    }

    private func integerName(_ field: FlatBuffer.Table) throws(FormatError) -> String {
        guard let type = try buffer.table(3, of: field) else { return "int" }
        let bits = try buffer.number(0, of: type, or: Int32(0))
        let isSigned = try buffer.number(1, of: type, or: UInt8(0)) != 0
        return (isSigned ? "int" : "uint") + "\(bits)"
    }

    private func floatName(_ field: FlatBuffer.Table) throws(FormatError) -> String {
        let float = try float(field)
        return "float\(8 * (float?.width ?? 0))"
    }

    private func float(_ field: FlatBuffer.Table) throws(FormatError) -> ArrowFloat? {
        guard let type = try buffer.table(3, of: field) else { return .half }
        return ArrowFloat(rawValue: Int(try buffer.number(0, of: type, or: Int16(0))))
    }

    /// Texts and vectors; nil for what is not read.
    private func kind(_ field: FlatBuffer.Table) throws(FormatError) -> ArrowColumn.Kind? {
        if try buffer.table(4, of: field) != nil { return nil }
        let type = try buffer.number(2, of: field, or: UInt8(0))
        switch type {
        case 5: return .text(isLarge: false)
        case 20: return .text(isLarge: true)
        case 12, 16, 21:
            let children = try buffer.tables(5, of: field)
            guard children.count == 1, try buffer.table(4, of: children[0]) == nil else {
                return nil
            }
            guard try buffer.number(2, of: children[0], or: UInt8(0)) == 3,
                let float = try float(children[0])
            else {
                let name = type == 12 ? "list" : type == 16 ? "fixed-size list" : "large list"
                return .other(name + " of other values than floats")
            }
            if type != 16 { return .vectors(.offsets(isLarge: type == 21), of: float) }
            guard let list = try buffer.table(3, of: field) else { return nil }
            let length = Int(try buffer.number(0, of: list, or: Int32(0)))
            guard length >= 0 else {
                throw FormatError(list.start, "a list has the length \(length)")
            }
            return .vectors(.fixed(length), of: float)
        default: return nil
        }
    }
}
