@testable import Formats

/// Writes Arrow streams plainly, for tests: what the reader must find is what went in.
struct ArrowWriter {
    /// A column with its values.
    enum Column {
        case texts([String?], isLarge: Bool)
        case vectors([[Float]?], ArrowLists, ArrowFloat)
        case integers([Int64])
    }

    /// A value of a FlatBuffers table.
    indirect enum Value {
        case bytes([UInt8])
        case string(String)
        case table([Int: Value])
        case tables([[Int: Value]])
        /// A table, referred to again and again.
        case repeated([Int: Value], count: Int)
        /// Elements of a width, as they lie.
        case elements([UInt8], count: Int)
    }

    private(set) var bytes: [UInt8] = []

    static func little<Number: FixedWidthInteger>(_ value: Number) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }

    /// A stream of batches over the same columns.
    init(_ names: [String], _ batches: [[Column]], marks: Bool = true) {
        if let first = batches.first {
            message(
                1,
                .table([
                    0: .bytes(Self.little(Int16(0))),
                    1: .tables(
                        zip(names, first).map { Self.field($0, $1) }),
                ]), body: [], marks: marks)
        }
        for batch in batches {
            var body: [UInt8] = []
            var nodes: [UInt8] = []
            var buffers: [UInt8] = []
            var rows = 0
            for column in batch {
                rows = Self.append(column, &nodes, &buffers, &body)
            }
            message(
                3,
                .table([
                    0: .bytes(Self.little(Int64(rows))),
                    1: .elements(nodes, count: nodes.count / 16),
                    2: .elements(buffers, count: buffers.count / 16),
                ]), body: body, marks: marks)
        }
        if marks { bytes += Self.little(UInt32.max) }
        bytes += Self.little(UInt32(0))
    }

    /// A stream of a schema with this field alone.
    init(field: [Int: Value]) {
        message(
            1, .table([0: .bytes(Self.little(Int16(0))), 1: .tables([field])]), body: [],
            marks: true)
    }

    private static func field(_ name: String, _ column: Column) -> [Int: Value] {
        var field: [Int: Value] = [0: .string(name), 1: .bytes([1])]
        func float(_ float: ArrowFloat) -> [Int: Value] {
            [
                0: .string("item"), 2: .bytes([3]),
                3: .table([0: .bytes(little(Int16(float.rawValue)))]),
            ]
        }
        switch column {
        case .texts(_, let isLarge):
            field[2] = .bytes([isLarge ? 20 : 5])
            field[3] = .table([:])
        case .vectors(_, .offsets(let isLarge), let type):
            field[2] = .bytes([isLarge ? 21 : 12])
            field[3] = .table([:])
            field[5] = .tables([float(type)])
        case .vectors(_, .fixed(let length), let type):
            field[2] = .bytes([16])
            field[3] = .table([0: .bytes(little(Int32(length)))])
            field[5] = .tables([float(type)])
        case .integers:
            field[2] = .bytes([2])
            field[3] = .table([0: .bytes(little(Int32(64))), 1: .bytes([1])])
        }
        return field
    }

    private static func append(
        _ column: Column, _ nodes: inout [UInt8], _ buffers: inout [UInt8], _ body: inout [UInt8]
    ) -> Int {
        func add(_ data: [UInt8]) {
            buffers += little(Int64(body.count)) + little(Int64(data.count))
            body += data + [UInt8](repeating: 0, count: (8 - data.count % 8) % 8)
        }
        func node(_ rows: Int, _ isThere: [Bool]) {
            let missing = isThere.count { !$0 }
            nodes += little(Int64(rows)) + little(Int64(missing))
            var bits = [UInt8](repeating: 0, count: (rows + 7) / 8)
            for (row, there) in isThere.enumerated() where there { bits[row / 8] |= 1 << (row % 8) }
            add(missing == 0 ? [] : bits)
        }
        func offsets(_ counts: [Int], isLarge: Bool) {
            var sum = 0
            var data: [UInt8] = isLarge ? little(Int64(0)) : little(Int32(0))
            for count in counts {
                sum += count
                data += isLarge ? little(Int64(sum)) : little(Int32(sum))
            }
            add(data)
        }
        switch column {
        case .texts(let texts, let isLarge):
            node(texts.count, texts.map { $0 != nil })
            offsets(texts.map { $0?.utf8.count ?? 0 }, isLarge: isLarge)
            add(texts.flatMap { Array(($0 ?? "").utf8) })
            return texts.count
        case .vectors(let vectors, let lists, let type):
            node(vectors.count, vectors.map { $0 != nil })
            var all: [Float] = []
            if case .offsets(let isLarge) = lists {
                offsets(vectors.map { $0?.count ?? 0 }, isLarge: isLarge)
                all = vectors.flatMap { $0 ?? [] }
            } else if case .fixed(let length) = lists {
                all = vectors.flatMap { $0 ?? [Float](repeating: 0, count: length) }
            }
            node(all.count, [])
            add(
                all.flatMap { value -> [UInt8] in
                    switch type {
                    case .half: little(Float16(value).bitPattern)
                    case .single: little(value.bitPattern)
                    case .double: little(Double(value).bitPattern)
                    }
                })
            return vectors.count
        case .integers(let values):
            node(values.count, [])
            add(values.flatMap { little($0) })
            return values.count
        }
    }

    private mutating func message(_ kind: UInt8, _ header: Value, body: [UInt8], marks: Bool) {
        var buffer = little32(4)
        Self.emit(
            [
                0: .bytes(Self.little(Int16(4))), 1: .bytes([kind]), 2: header,
                3: .bytes(Self.little(Int64(body.count))),
            ], into: &buffer, from: 0)
        buffer += [UInt8](repeating: 0, count: (8 - buffer.count % 8) % 8)
        if marks { bytes += Self.little(UInt32.max) }
        bytes += Self.little(UInt32(buffer.count)) + buffer + body
    }

    private func little32(_ value: UInt32) -> [UInt8] { Self.little(value) }

    /// Appends a table and what it refers to, and lets the offset at `from` lead to it.
    private static func emit(_ fields: [Int: Value], into buffer: inout [UInt8], from: Int) {
        let count = (fields.keys.max() ?? -1) + 1
        let description = buffer.count
        var places: [Int: Int] = [:]
        var size = 4
        for (number, value) in fields.sorted(by: { $0.key < $1.key }) {
            places[number] = size
            if case .bytes(let bytes) = value { size += bytes.count } else { size += 4 }
        }
        buffer += little(UInt16(4 + 2 * count)) + little(UInt16(size))
        for number in 0..<count { buffer += little(UInt16(places[number] ?? 0)) }
        let table = buffer.count
        patch(&buffer, from, table)
        buffer += little(Int32(table - description))
        buffer += [UInt8](repeating: 0, count: size - 4)
        for (number, value) in fields.sorted(by: { $0.key < $1.key }) {
            let place = table + (places[number] ?? 0)
            switch value {
            case .bytes(let bytes): buffer.replaceSubrange(place..<place + bytes.count, with: bytes)
            case .string(let text):
                patch(&buffer, place, buffer.count)
                buffer += little(UInt32(text.utf8.count)) + Array(text.utf8) + [0]
            case .table(let fields): emit(fields, into: &buffer, from: place)
            case .tables(let tables):
                patch(&buffer, place, buffer.count)
                buffer += little(UInt32(tables.count))
                let start = buffer.count
                buffer += [UInt8](repeating: 0, count: 4 * tables.count)
                for (index, fields) in tables.enumerated() {
                    emit(fields, into: &buffer, from: start + 4 * index)
                }
            case .repeated(let fields, let count):
                patch(&buffer, place, buffer.count)
                buffer += little(UInt32(count))
                let start = buffer.count
                buffer += [UInt8](repeating: 0, count: 4 * count)
                emit(fields, into: &buffer, from: start)
                let target = buffer[start..<start + 4].reversed().reduce(0) { $0 << 8 | Int($1) }
                for index in 1..<count { patch(&buffer, start + 4 * index, start + target) }
            case .elements(let bytes, let count):
                patch(&buffer, place, buffer.count)
                buffer += little(UInt32(count)) + bytes
            }
        }
    }

    private static func patch(_ buffer: inout [UInt8], _ place: Int, _ target: Int) {
        buffer.replaceSubrange(place..<place + 4, with: little(UInt32(target - place)))
    }
}
