package import Base

/// A file in Arrow's IPC streaming format, mapped into memory: a schema, then batches of rows.
///
/// Texts and vectors are read where they lie. Each place is checked when it is used: an error names
/// its byte. Compressed batches and files in the format with a footer are refused.
///
///     let file = try ArrowFile(MappedFile("data-00000-of-00001.arrow"))
///     let title = try file.text(0, row: 17)
package struct ArrowFile: Sendable {
    /// In the order of the file.
    package let columns: [ArrowColumn]
    /// How many rows there are.
    package let rows: Int
    private let file: MappedFile
    private let batches: [Batch]

    /// A batch of rows: where its buffers lie in the file.
    private struct Batch {
        var firstRow: Int
        var rows: Int
        /// Of each column that is read, in order; of others nothing.
        var parts: [Part?]
    }

    /// A column of a batch.
    private struct Part {
        /// A bit for each row; empty where no value is missing.
        var validity: Range<Int>
        /// Where each text or list ends; empty for lists of one length.
        var offsets: Range<Int>
        /// Bytes of texts, or components, of which none may be missing.
        var values: Range<Int>
    }

    /// Looks through a file's messages; values are left for later.
    package init(_ file: MappedFile) throws(FormatError) {
        self.file = file
        var reader = ArrowMessages(file.bytes)
        guard let first = try reader.next() else {
            throw FormatError(0, "it has no schema")
        }
        guard first.kind == 1 else {
            throw FormatError(first.offset, "it begins with a message that is no schema")
        }
        let schema = try ArrowSchemaReader(first.buffer, first.header)
        columns = schema.columns
        var batches: [Batch] = []
        var rows = 0
        while let message = try reader.next() {
            switch message.kind {
            // Dictionaries belong to columns that are not read.
            case 2: continue
            case 3:
                let batch = try Self.batch(message, schema, firstRow: rows)
                let (sum, overflow) = rows.addingReportingOverflow(batch.rows)
                guard !overflow else { throw FormatError(message.offset, "it has too many rows") }
                rows = sum
                if batch.rows > 0 { batches.append(batch) }
            default:
                throw FormatError(
                    message.offset, "a message is of kind \(message.kind) in the place of rows")
            }
        }
        self.batches = batches
        self.rows = rows
    }

    /// The number of the column of this name, or nil.
    package func column(_ name: String) -> Int? { columns.firstIndex { $0.name == name } }

    /// Whether all that was read so far were the bytes of the file as it was when it was opened.
    package var isWhole: Bool { file.isWhole }
}

extension ArrowFile {
    private static func batch(
        _ message: ArrowMessages.Message, _ schema: ArrowSchemaReader, firstRow: Int
    ) throws(FormatError) -> Batch {
        let buffer = message.buffer
        if let compression = try buffer.table(3, of: message.header) {
            let codec = try buffer.number(0, of: compression, or: UInt8(0))
            throw FormatError(
                message.offset, "its rows are compressed with \(codec == 0 ? "LZ4" : "ZSTD")")
        }
        let rows = Int(try buffer.number(0, of: message.header, or: Int64(0)))
        guard rows >= 0 else { throw FormatError(message.offset, "a batch has \(rows) rows") }
        let nodes = try buffer.vector(1, of: message.header, width: 16)
        let buffers = try buffer.vector(2, of: message.header, width: 16)
        let (nodeCount, bufferCount) = (count(nodes), count(buffers))
        guard nodeCount == schema.nodes,
            schema.hasViews ? bufferCount >= schema.buffers : bufferCount == schema.buffers
        else {
            throw FormatError(
                message.offset,
                "a batch has \(nodeCount) parts and \(bufferCount) buffers, its columns"
                    + " \(schema.nodes) and \(schema.buffers)")
        }
        let parts = ArrowParts(
            buffer: buffer, nodes: Array(nodes), buffers: Array(buffers), body: message.body)
        var batch = Batch(firstRow: firstRow, rows: rows, parts: [])
        for column in schema.columns {
            batch.parts.append(try part(column, parts, rows, schema))
        }
        return batch
    }

    private static func count(_ places: StrideTo<Int>) -> Int { places.underestimatedCount }

    private static func part(
        _ column: ArrowColumn, _ parts: ArrowParts, _ rows: Int, _ schema: ArrowSchemaReader
    ) throws(FormatError) -> Part? {
        switch column.kind {
        case .other: return nil
        case .text, .vectors: break
        }
        // Views before it move a column's buffers by numbers that each batch says anew.
        guard !schema.hasViews else {
            throw FormatError(parts.body.lowerBound, "its batches hold views")
        }
        let length = try parts.length(column.node)
        guard length == rows else {
            throw FormatError(
                parts.nodes[column.node], "column \(column.name) has \(length) of \(rows) rows")
        }
        let missing = try parts.missing(column.node)
        let validity =
            missing == 0
            ? 0..<0 : try parts.buffer(column.buffer, atLeast: rows / 8 + (rows % 8 > 0 ? 1 : 0))
        switch column.kind {
        case .other: return nil
        case .text(let isLarge):
            return Part(
                validity: validity,
                offsets: try parts.offsets(column.buffer + 1, rows: rows, isLarge: isLarge),
                values: try parts.buffer(column.buffer + 2, atLeast: 0))
        case .vectors(.offsets(let isLarge), let float):
            return Part(
                validity: validity,
                offsets: try parts.offsets(column.buffer + 1, rows: rows, isLarge: isLarge),
                values: try parts.components(column, after: 2, float))
        case .vectors(.fixed(let length), let float):
            let (total, overflow) = rows.multipliedReportingOverflow(by: length)
            guard !overflow, try parts.length(column.node + 1) >= total else {
                throw FormatError(
                    parts.nodes[column.node + 1],
                    "column \(column.name) lacks components for \(rows) vectors of \(length)")
            }
            return Part(
                validity: validity, offsets: 0..<0,
                values: try parts.components(column, after: 1, float))
        }
    }
}

extension ArrowFile {
    /// A text, which is checked to be UTF-8; nil where the value is missing.
    package func text(_ column: Int, row: Int) throws(FormatError) -> String? {
        guard let range = try textRange(column, row: row) else { return nil }
        guard let text = String(validating: file.bytes[range], as: UTF8.self) else {
            throw FormatError(range.lowerBound, "the text of row \(row) is not UTF-8")
        }
        return text
    }

    /// Calls back with the bytes of a text where they lie, not checked to be UTF-8; with nil where
    /// the value is missing.
    package func withText<Result>(
        _ column: Int, row: Int, _ body: (UnsafeRawBufferPointer?) -> Result
    ) throws(FormatError) -> Result {
        guard let range = try textRange(column, row: row) else { return body(nil) }
        return body(UnsafeRawBufferPointer(rebasing: file.bytes[range]))
    }

    private func textRange(_ column: Int, row: Int) throws(FormatError) -> Range<Int>? {
        guard case .text(let isLarge) = columns[column].kind else {
            preconditionFailure("column \(column) holds no texts: \(columns[column])")
        }
        guard let (part, index) = try place(column, row) else { return nil }
        return try range(part, index, row, isLarge: isLarge, width: 1)
    }

    /// Appends the components of a vector; false where the value is missing.
    package func appendVector(
        _ column: Int, row: Int, to vector: inout [Float]
    ) throws(FormatError) -> Bool {
        guard case .vectors(let lists, let float) = columns[column].kind else {
            preconditionFailure("column \(column) holds no vectors: \(columns[column])")
        }
        guard let (part, index) = try place(column, row) else { return false }
        let range: Range<Int>
        switch lists {
        case .offsets(let isLarge):
            range = try self.range(part, index, row, isLarge: isLarge, width: float.width)
        case .fixed(let length):
            let start = part.values.lowerBound + index * length * float.width
            range = start..<start + length * float.width
        }
        for place in stride(from: range.lowerBound, to: range.upperBound, by: float.width) {
            switch float {
            case .half:
                let bits = file.integer(at: place, as: UInt16.self)
                vector.append(Float(Float16(bitPattern: bits)))
            case .single:
                vector.append(Float(bitPattern: file.integer(at: place, as: UInt32.self)))
            case .double:
                let bits = file.integer(at: place, as: UInt64.self)
                vector.append(Float(Double(bitPattern: bits)))
            }
        }
        return true
    }

    /// The part of the file that holds a row's value, and its index there; nil where it is missing.
    private func place(_ column: Int, _ row: Int) throws(FormatError) -> (Part, Int)? {
        precondition(row >= 0 && row < rows, "row \(row) of \(rows)")
        var low = 0
        var high = batches.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if batches[middle].firstRow <= row { low = middle } else { high = middle }
        }
        guard let part = batches[low].parts[column] else { return nil }
        let index = row - batches[low].firstRow
        if !part.validity.isEmpty {
            let byte = file.bytes[part.validity.lowerBound + index / 8]
            if byte >> UInt8(index % 8) & 1 == 0 { return nil }
        }
        return (part, index)
    }

    /// What the offsets of a row say, in bytes of the file.
    private func range(
        _ part: Part, _ index: Int, _ row: Int, isLarge: Bool, width: Int
    ) throws(FormatError) -> Range<Int> {
        let place = part.offsets.lowerBound + index * (isLarge ? 8 : 4)
        let start: Int
        let end: Int
        if isLarge {
            start = Int(Int64(bitPattern: file.integer(at: place, as: UInt64.self)))
            end = Int(Int64(bitPattern: file.integer(at: place + 8, as: UInt64.self)))
        } else {
            start = Int(Int32(bitPattern: file.integer(at: place, as: UInt32.self)))
            end = Int(Int32(bitPattern: file.integer(at: place + 4, as: UInt32.self)))
        }
        guard start >= 0, start <= end, end <= part.values.count / width else {
            throw FormatError(
                place,
                "row \(row) lies at \(start) to \(end) of \(part.values.count / width) values")
        }
        return part.values.lowerBound + start * width..<part.values.lowerBound + end * width
    }
}
