import Base

/// A restricted interpreter of pickles, protocols 2 to 5.
///
/// It can build numbers, strings, tuples, lists, dictionaries and descriptions of tensors; every
/// other global is refused by name, and nothing is ever called. It uses no recursion. Its memory
/// is bounded by the size of the file, and its time by `maximumInstructions`.
///
/// Source: the comments of CPython's `Lib/pickletools.py` and PyTorch's `torch/serialization.py`.
struct PickleReader {
    static let maximumInstructions = 4_000_000
    /// Values and marks on the stack; those who write checkpoints push a thousand pairs at a time.
    private static let maximumDepth = 10_000
    private static let maximumName = 256
    private static let maximumIntegerBytes = 256

    let path: String
    private var cursor: ByteCursor
    private let base: Int
    var position: Int { cursor.position }
    private(set) var start = 0
    private var instructions = 0
    /// Bytes that containers and remembered values may still take.
    private var room: Int

    private var stack: [PickleValue] = []
    /// Heights of the stack at the open marks.
    private var marks: [Int] = []
    private var memo: [Int: PickleValue] = [:]
    var tuples: [[PickleValue]] = []
    var lists: [[PickleValue]] = []
    var dictionaries: [[(key: PickleValue, value: PickleValue)]] = []
    var storages: [PickleStorage] = []
    var tensors: [PickleTensor] = []

    /// Reads from `bytes`, which lie at `base` of the file `path` of `fileSize` bytes.
    init(_ bytes: UnsafeRawBufferPointer, path: String, base: Int = 0, fileSize: Int) {
        cursor = ByteCursor(bytes)
        self.path = path
        self.base = base
        room = 2 * fileSize + 1 << 18
    }

    func failure(_ reason: String) -> ModelError {
        .malformedFile(path: path, offset: base + start, reason: reason)
    }

    func forbidden(_ what: String) -> ModelError {
        .forbiddenPickle(path: path, offset: base + start, global: what)
    }

    /// Reads one pickle and returns its value; the next one starts where it stops.
    mutating func read() throws(ModelError) -> PickleValue {
        stack.removeAll()
        marks.removeAll()
        memo.removeAll()
        start = position
        guard cursor.left > 0 else { throw failure("the pickle does not end") }
        guard cursor.bytes[position] == 0x80 else {
            throw failure("it is no pickle of protocol 2 or later")
        }
        while true {
            instructions += 1
            guard instructions <= Self.maximumInstructions else {
                throw failure("the pickle has more than \(Self.maximumInstructions) instructions")
            }
            start = position
            let code = try byte()
            if code == UInt8(ascii: ".") { return try pop() }
            try execute(code)
            guard stack.count + marks.count <= Self.maximumDepth else {
                throw failure("the pickle is nested deeper than any checkpoint")
            }
            guard room >= 0 else {
                throw failure("the pickle builds more than a file of this size holds")
            }
        }
    }

    private mutating func execute(_ code: UInt8) throws(ModelError) {
        switch code {
        case 0x80:
            let version = try byte()
            guard (2...5).contains(version) else {
                throw failure("the pickle protocol \(version) is not one of 2 to 5")
            }
        case 0x95: _ = try integer(UInt64.self)
        case UInt8(ascii: "("): marks.append(stack.count)
        case UInt8(ascii: "0"): try popOrMark()
        case UInt8(ascii: "1"): _ = try popMark()
        case UInt8(ascii: "2"): stack.append(try top())
        default:
            if try pushScalar(code) { return }
            if try pushContainer(code) { return }
            if try remember(code) { return }
            try build(code)
        }
    }

    /// Instructions that push a number, a string or a constant.
    private mutating func pushScalar(_ code: UInt8) throws(ModelError) -> Bool {
        switch code {
        case UInt8(ascii: "N"): stack.append(.none)
        case 0x88: stack.append(.bool(true))
        case 0x89: stack.append(.bool(false))
        case UInt8(ascii: "J"):
            stack.append(.integer(Int(Int32(bitPattern: try integer(UInt32.self)))))
        case UInt8(ascii: "K"): stack.append(.integer(Int(try byte())))
        case UInt8(ascii: "M"): stack.append(.integer(Int(try integer(UInt16.self))))
        case 0x8A: stack.append(try long(Int(try byte())))
        case 0x8B: stack.append(try long(Int(try integer(UInt32.self))))
        case UInt8(ascii: "G"):
            let bits = try integer(UInt64.self).byteSwapped
            stack.append(.float(Double(bitPattern: bits)))
        case UInt8(ascii: "X"): stack.append(.string(try text(Int(try integer(UInt32.self)))))
        case 0x8C: stack.append(.string(try text(Int(try byte()))))
        case 0x8D: stack.append(.string(try text(try length64())))
        // Byte strings of Python 2 hold names and are read as text.
        case UInt8(ascii: "T"): stack.append(.string(try text(Int(try integer(UInt32.self)))))
        case UInt8(ascii: "U"): stack.append(.string(try text(Int(try byte()))))
        case UInt8(ascii: "B"): stack.append(.bytes(try raw(Int(try integer(UInt32.self)))))
        case UInt8(ascii: "C"): stack.append(.bytes(try raw(Int(try byte()))))
        case 0x8E: stack.append(.bytes(try raw(try length64())))
        default: return false
        }
        return true
    }

    /// Instructions that make or fill a tuple, list or dictionary.
    private mutating func pushContainer(_ code: UInt8) throws(ModelError) -> Bool {
        switch code {
        case UInt8(ascii: ")"): push(tuple: [])
        case 0x85: push(tuple: [try pop()])
        case 0x86:
            let second = try pop()
            push(tuple: [try pop(), second])
        case 0x87:
            let third = try pop()
            let second = try pop()
            push(tuple: [try pop(), second, third])
        case UInt8(ascii: "t"): push(tuple: try popMark())
        case UInt8(ascii: "]"): push(list: [])
        case UInt8(ascii: "l"): push(list: try popMark())
        case UInt8(ascii: "a"): try append([try pop()])
        case UInt8(ascii: "e"): try append(try popMark())
        case UInt8(ascii: "}"): push(dictionary: [])
        case UInt8(ascii: "d"): push(dictionary: try pairs(try popMark()))
        case UInt8(ascii: "s"):
            let value = try pop()
            try set([(try pop(), value)])
        case UInt8(ascii: "u"): try set(try pairs(try popMark()))
        default: return false
        }
        return true
    }

    /// Instructions that write or read the memo.
    private mutating func remember(_ code: UInt8) throws(ModelError) -> Bool {
        switch code {
        case UInt8(ascii: "q"): try remember(under: Int(try byte()))
        case UInt8(ascii: "r"): try remember(under: Int(try integer(UInt32.self)))
        case 0x94: try remember(under: memo.count)
        case UInt8(ascii: "h"): try recall(Int(try byte()))
        case UInt8(ascii: "j"): try recall(Int(try integer(UInt32.self)))
        default: return false
        }
        return true
    }

    private mutating func recall(_ index: Int) throws(ModelError) {
        guard let value = memo[index] else { throw failure("nothing is stored under \(index)") }
        stack.append(value)
    }

    /// Instructions that would import, call or rebuild in Python.
    private mutating func build(_ code: UInt8) throws(ModelError) {
        switch code {
        case UInt8(ascii: "c"):
            let module = try line()
            stack.append(try global(module, try line()))
        case 0x93:
            guard case .string(let name) = try pop(), case .string(let module) = try pop() else {
                throw failure("a global is not named by strings")
            }
            stack.append(try global(module, name))
        case UInt8(ascii: "Q"): stack.append(try storage(try pop()))
        case UInt8(ascii: "R"), 0x81:
            let arguments = try pop()
            stack.append(try reduce(try pop(), arguments))
        case UInt8(ascii: "b"):
            _ = try pop()
            switch try top() {
            case .dictionary, .tensor: break
            default: throw forbidden("__setstate__")
            }
        case UInt8(ascii: "i"):
            let module = try line()
            throw forbidden("\(module).\(try line())")
        case UInt8(ascii: "o"), 0x92: throw forbidden("a class (instruction \(code))")
        case 0x82, 0x83, 0x84: throw forbidden("an object of the extension registry")
        default: throw failure("the pickle has the unsupported instruction \(code)")
        }
    }

    private func global(_ module: String, _ name: String) throws(ModelError) -> PickleValue {
        guard let global = PickleGlobal(module: module, name: name) else {
            throw forbidden("\(module).\(name)")
        }
        return .global(global)
    }

    // MARK: The stack

    private mutating func pop() throws(ModelError) -> PickleValue {
        let value = try top()
        stack.removeLast()
        return value
    }

    private func top() throws(ModelError) -> PickleValue {
        guard let value = stack.last, stack.count > marks.last ?? 0 else {
            throw failure("the pickle takes more from its stack than there is")
        }
        return value
    }

    private mutating func popOrMark() throws(ModelError) {
        if marks.last == stack.count {
            marks.removeLast()
        } else {
            _ = try pop()
        }
    }

    /// What was pushed since the last mark, which is removed.
    private mutating func popMark() throws(ModelError) -> [PickleValue] {
        guard let height = marks.popLast() else { throw failure("the pickle lacks a mark") }
        let values = Array(stack[height...])
        stack.removeSubrange(height...)
        return values
    }

    private mutating func remember(under index: Int) throws(ModelError) {
        memo[index] = try top()
        charge(2)
    }

    /// Takes what a container of `values` costs from the room that is left.
    private mutating func charge(_ values: Int) {
        room -= 16 + (values == 0 ? 0 : 32 + values * MemoryLayout<PickleValue>.stride)
    }

    private mutating func push(tuple: [PickleValue]) {
        charge(tuple.count)
        stack.append(.tuple(tuples.count))
        tuples.append(tuple)
    }

    private mutating func push(list: [PickleValue]) {
        charge(list.count)
        stack.append(.list(lists.count))
        lists.append(list)
    }

    private mutating func push(dictionary: [(key: PickleValue, value: PickleValue)]) {
        charge(2 * dictionary.count)
        stack.append(.dictionary(dictionaries.count))
        dictionaries.append(dictionary)
    }

    private mutating func append(_ values: [PickleValue]) throws(ModelError) {
        guard case .list(let index) = try top() else { throw failure("no list is appended to") }
        charge(values.count)
        lists[index] += values
    }

    private mutating func set(
        _ pairs: [(key: PickleValue, value: PickleValue)]
    ) throws(ModelError) {
        guard case .dictionary(let index) = try top() else {
            throw failure("items are set in what is no dictionary")
        }
        charge(2 * pairs.count)
        dictionaries[index] += pairs
    }

    private func pairs(
        _ values: [PickleValue]
    ) throws(ModelError) -> [(key: PickleValue, value: PickleValue)] {
        guard values.count % 2 == 0 else { throw failure("a key has no value") }
        return stride(from: 0, to: values.count, by: 2).map { (values[$0], values[$0 + 1]) }
    }

    // MARK: Bytes

    private mutating func byte() throws(ModelError) -> UInt8 { try integer(UInt8.self) }

    private mutating func integer<T: FixedWidthInteger>(_ type: T.Type) throws(ModelError) -> T {
        guard let number = cursor.number(type) else { throw failure("the pickle does not end") }
        return number
    }

    private mutating func length64() throws(ModelError) -> Int {
        guard let length = Int(exactly: try integer(UInt64.self)) else {
            throw failure("a length does not fit in 63 bits")
        }
        return length
    }

    private mutating func raw(_ count: Int) throws(ModelError) -> [UInt8] {
        guard let place = cursor.take(count) else {
            throw failure("\(count) bytes are announced and \(cursor.left) follow")
        }
        return Array(cursor.bytes[place])
    }

    private mutating func text(_ count: Int) throws(ModelError) -> String {
        guard let text = String(validating: try raw(count), as: UTF8.self) else {
            throw failure("a string is not UTF-8")
        }
        return text
    }

    private mutating func line() throws(ModelError) -> String {
        var line: [UInt8] = []
        while true {
            let next = try byte()
            if next == UInt8(ascii: "\n") { break }
            guard line.count < Self.maximumName else { throw failure("a name does not end") }
            line.append(next)
        }
        guard let text = String(validating: line, as: UTF8.self) else {
            throw failure("a name is not UTF-8")
        }
        return text
    }

    private mutating func long(_ count: Int) throws(ModelError) -> PickleValue {
        guard count <= Self.maximumIntegerBytes else {
            throw failure("an integer of \(count) bytes is announced")
        }
        let digits = try raw(count)
        guard count <= 8 else { return .longInteger(digits) }
        var value: UInt64 = (digits.last ?? 0) >= 0x80 ? .max : 0
        for digit in digits.reversed() { value = value << 8 | UInt64(digit) }
        return .integer(Int(Int64(bitPattern: value)))
    }
}
