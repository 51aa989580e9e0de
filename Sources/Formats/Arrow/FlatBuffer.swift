/// Reads the FlatBuffers encoding of tables within a part of a file; every place is checked before
/// it is read.
///
/// Offsets of errors are those in the file.
struct FlatBuffer {
    let file: UnsafeRawBufferPointer
    let range: Range<Int>

    /// A table: where it lies, and its fields' places by number.
    struct Table {
        let start: Int
        fileprivate let fields: Range<Int>
    }

    init(_ file: UnsafeRawBufferPointer, _ range: Range<Int>) {
        self.file = file
        self.range = range
    }

    /// The table that the buffer opens with.
    func root() throws(FormatError) -> Table {
        try table(at: try target(of: range.lowerBound))
    }

    /// A number at a place.
    func number<Value: FixedWidthInteger>(
        at place: Int, as type: Value.Type = Value.self
    ) throws(FormatError) -> Value {
        try check(place, MemoryLayout<Value>.size)
        return Value(littleEndian: file.loadUnaligned(fromByteOffset: place, as: type))
    }

    /// A number that is a field of a table; `other` where it is left out.
    func number<Value: FixedWidthInteger>(
        _ field: Int, of table: Table, or other: Value
    ) throws(FormatError) -> Value {
        guard let place = try place(field, of: table) else { return other }
        return try number(at: place)
    }

    /// A table that is a field of a table.
    func table(_ field: Int, of table: Table) throws(FormatError) -> Table? {
        guard let place = try place(field, of: table) else { return nil }
        return try self.table(at: try target(of: place))
    }

    /// The places of a vector's elements, each of so many bytes; empty where the field is left out.
    func vector(
        _ field: Int, of table: Table, width: Int
    ) throws(FormatError) -> StrideTo<Int> {
        guard let place = try place(field, of: table) else { return stride(from: 0, to: 0, by: 1) }
        let start = try target(of: place)
        let count = Int(try number(at: start, as: UInt32.self))
        try check(start + 4, count * width)
        return stride(from: start + 4, to: start + 4 + count * width, by: width)
    }

    /// The tables of a vector of tables.
    func tables(_ field: Int, of table: Table) throws(FormatError) -> [Table] {
        var tables: [Table] = []
        for place in try vector(field, of: table, width: 4) {
            tables.append(try self.table(at: try target(of: place)))
        }
        return tables
    }

    /// A string that is a field of a table.
    func string(_ field: Int, of table: Table) throws(FormatError) -> String? {
        guard let place = try place(field, of: table) else { return nil }
        let start = try target(of: place)
        let count = Int(try number(at: start, as: UInt32.self))
        try check(start + 4, count)
        let bytes = file[start + 4..<start + 4 + count]
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw FormatError(start + 4, "a name is not UTF-8")
        }
        return text
    }

    private func table(at start: Int) throws(FormatError) -> Table {
        let (fields, overflow) = start.subtractingReportingOverflow(
            Int(try number(at: start, as: Int32.self)))
        guard !overflow else { throw FormatError(start, "a table lies outside of its message") }
        let size = Int(try number(at: fields, as: UInt16.self))
        guard size >= 4 else { throw FormatError(fields, "a table has no description") }
        try check(fields, size)
        return Table(start: start, fields: fields + 4..<fields + size)
    }

    /// Where a field of a table lies; nil where it is left out.
    private func place(_ field: Int, of table: Table) throws(FormatError) -> Int? {
        let entry = table.fields.lowerBound + 2 * field
        guard entry + 2 <= table.fields.upperBound else { return nil }
        let offset = Int(try number(at: entry, as: UInt16.self))
        return offset == 0 ? nil : table.start + offset
    }

    /// Where an offset leads.
    private func target(of place: Int) throws(FormatError) -> Int {
        place + Int(try number(at: place, as: UInt32.self))
    }

    private func check(_ start: Int, _ count: Int) throws(FormatError) {
        guard start >= range.lowerBound, start <= range.upperBound,
            count <= range.upperBound - start
        else {
            throw FormatError(
                max(0, min(start, file.count)), "\(count) bytes lie outside of their message")
        }
    }
}
