/// The messages of an Arrow stream, one after another (“Encapsulated message format”).
struct ArrowMessages {
    /// A message: its description, and where its body lies.
    struct Message {
        /// 1 a schema, 2 a dictionary, 3 a batch of rows.
        var kind: UInt8
        var header: FlatBuffer.Table
        var buffer: FlatBuffer
        var body: Range<Int>
        /// Where it begins in the file.
        var offset: Int
    }

    private let file: UnsafeRawBufferPointer
    private var at = 0

    init(_ file: UnsafeRawBufferPointer) { self.file = file }

    private static let magic = Array("ARROW1".utf8)

    /// The next message; nil behind the last.
    mutating func next() throws(FormatError) -> Message? {
        if at == 0, file.starts(with: Self.magic) {
            throw FormatError(0, "it has the form with a footer (Feather), not that of a stream")
        }
        let offset = at
        if at == file.count { return nil }
        var length = try number()
        // Writers before version 0.15 leave the mark out.
        if length == UInt32.max { length = try number() }
        if length == 0 { return nil }
        guard Int(length) <= file.count - at else {
            throw FormatError(
                offset, "a message would have \(length) bytes, and \(file.count - at) follow")
        }
        let buffer = FlatBuffer(file, at..<at + Int(length))
        let root = try buffer.root()
        let version = try buffer.number(0, of: root, or: Int16(0))
        guard version >= 3 else {
            throw FormatError(offset, "its version is V\(version + 1), older than V4")
        }
        let kind = try buffer.number(1, of: root, or: UInt8(0))
        guard let header = try buffer.table(2, of: root) else {
            throw FormatError(offset, "a message has no content")
        }
        let bodyLength = try buffer.number(3, of: root, or: Int64(0))
        let start = at + Int(length)
        guard bodyLength >= 0, bodyLength <= file.count - start else {
            throw FormatError(
                offset, "a body would have \(bodyLength) bytes, and \(file.count - start) follow")
        }
        at = start + Int(bodyLength)
        return Message(
            kind: kind, header: header, buffer: buffer, body: start..<at, offset: offset)
    }

    private mutating func number() throws(FormatError) -> UInt32 {
        guard file.count - at >= 4 else { throw FormatError(at, "a message is cut off") }
        defer { at += 4 }
        return UInt32(littleEndian: file.loadUnaligned(fromByteOffset: at, as: UInt32.self))
    }
}

/// The nodes and buffers of a batch, by number.
struct ArrowParts {
    let buffer: FlatBuffer
    /// Where each node lies: a length and a number of missing values, 64 bits each.
    let nodes: [Int]
    /// Where each buffer's description lies: its start in the body and its length, 64 bits each.
    let buffers: [Int]
    let body: Range<Int>

    func length(_ node: Int) throws(FormatError) -> Int {
        Int(try buffer.number(at: nodes[node], as: Int64.self))
    }

    func missing(_ node: Int) throws(FormatError) -> Int {
        Int(try buffer.number(at: nodes[node] + 8, as: Int64.self))
    }

    /// Where a buffer lies in the file, of so many bytes or more.
    func buffer(_ number: Int, atLeast bytes: Int) throws(FormatError) -> Range<Int> {
        let place = buffers[number]
        let start = try buffer.number(at: place, as: Int64.self)
        let length = try buffer.number(at: place + 8, as: Int64.self)
        guard start >= 0, length >= 0, start <= body.count, length <= body.count - Int(start) else {
            throw FormatError(
                place, "a buffer lies at \(start) with \(length) bytes in a body of \(body.count)")
        }
        guard length >= bytes else {
            throw FormatError(place, "a buffer has \(length) bytes where \(bytes) are needed")
        }
        return body.lowerBound + Int(start)..<body.lowerBound + Int(start + length)
    }

    /// The offsets of texts or lists: one more than there are rows.
    func offsets(_ number: Int, rows: Int, isLarge: Bool) throws(FormatError) -> Range<Int> {
        if rows == 0 { return 0..<0 }
        let (bytes, overflow) = (rows &+ 1).multipliedReportingOverflow(by: isLarge ? 8 : 4)
        guard !overflow, rows < Int.max else {
            throw FormatError(buffers[number], "a batch has \(rows) rows")
        }
        return try buffer(number, atLeast: bytes)
    }

    /// The components of all vectors of a column, whose own buffers are `count`.
    func components(
        _ column: ArrowColumn, after count: Int, _ float: ArrowFloat
    ) throws(FormatError) -> Range<Int> {
        let node = column.node + 1
        let length = try length(node)
        let (bytes, overflow) = length.multipliedReportingOverflow(by: float.width)
        guard length >= 0, !overflow else {
            throw FormatError(nodes[node], "column \(column.name) has \(length) components")
        }
        guard try missing(node) == 0 else {
            throw FormatError(nodes[node], "components of column \(column.name) are missing")
        }
        let values = try buffer(column.buffer + count + 1, atLeast: bytes)
        return values.lowerBound..<values.lowerBound + bytes
    }
}
