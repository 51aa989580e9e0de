package import Base

/// A pickle of nothing but a list or a dictionary of texts, numbers and tuples of these: what
/// programs in Python keep beside an index.
///
///     let ids = try FlatPickle(MappedFile("index_meta.dpr"))
///
/// Texts stay where they lie in the file. Nothing is ever called: a global is refused. Memory is
/// bounded by a multiple of the file's size. Protocols 2 to 5; source: the comments of CPython's
/// `Lib/pickletools.py`.
package struct FlatPickle: Sendable {
    /// A value.
    package enum Value: Equatable, Sendable {
        case none
        case integer(Int)
        /// Bytes of the file, in UTF-8.
        case text(start: Int, count: Int)
        /// Items of `items`.
        case tuple(start: Int, count: Int)
    }

    /// What the pickle is.
    package enum Root: Equatable, Sendable {
        /// The elements.
        case list([Value])
        /// Keys and values in turn.
        case dictionary([Value])
    }

    /// The list or dictionary.
    package private(set) var root: Root
    private let file: MappedFile
    private let items: [Value]

    /// Reads all of `file`.
    package init(_ file: MappedFile) throws(FormatError) {
        var machine = FlatPickleMachine(file.bytes)
        root = try machine.run()
        items = machine.items
        self.file = file
        guard file.isWhole else {
            throw FormatError(0, "the file was shortened while it was in use")
        }
    }

    /// The text of a value; nil where it is none.
    package func text(_ value: Value) -> String? {
        guard case .text(let start, let count) = value else { return nil }
        return String(decoding: file.bytes[start..<start + count], as: UTF8.self)
    }

    /// The items of a tuple; nil where it is none.
    package func tuple(_ value: Value) -> ArraySlice<Value>? {
        guard case .tuple(let start, let count) = value else { return nil }
        return items[start..<start + count]
    }
}

/// The stack machine that a pickle is a program of, with the instructions that data needs.
private struct FlatPickleMachine {
    /// What is on the stack: a value, or the one container.
    private enum Item: Equatable {
        case value(FlatPickle.Value)
        case root
    }

    private var cursor: ByteCursor
    private var start = 0
    private var stack: [Item] = []
    private var marks: [Int] = []
    /// Writers number what they remember in order.
    private var memo: [Item] = []
    private var contents: [FlatPickle.Value] = []
    private var isList: Bool?
    var items: [FlatPickle.Value] = []
    /// Values that may still be kept.
    private var room: Int

    /// Values and marks on the stack: writers push a thousand pairs at a time.
    private static let maximumDepth = 10_000

    init(_ bytes: UnsafeRawBufferPointer) {
        cursor = ByteCursor(bytes)
        room = bytes.count + 4_096
    }

    private func failure(_ reason: String) -> FormatError { FormatError(start, reason) }

    mutating func run() throws(FormatError) -> FlatPickle.Root {
        guard cursor.number(UInt8.self) == 0x80, let version = cursor.number(UInt8.self),
            (2...5).contains(version)
        else { throw failure("it is no pickle of protocol 2 to 5") }
        while true {
            start = cursor.position
            let code = try byte()
            if code == UInt8(ascii: ".") { break }
            try execute(code)
            guard stack.count + marks.count <= Self.maximumDepth else {
                throw failure("the pickle is nested too deep")
            }
            guard room >= 0 else {
                throw failure("the pickle builds more than a file of this size holds")
            }
        }
        guard stack == [.root], marks.isEmpty, let isList else {
            throw failure("the pickle is neither a list nor a dictionary")
        }
        guard cursor.left == 0 else { throw failure("bytes follow the pickle") }
        return isList ? .list(contents) : .dictionary(contents)
    }

    private mutating func execute(_ code: UInt8) throws(FormatError) {
        switch code {
        case 0x95: _ = try number(UInt64.self)
        case UInt8(ascii: "("): marks.append(stack.count)
        case UInt8(ascii: "N"): push(.none)
        case UInt8(ascii: "J"): push(.integer(Int(Int32(bitPattern: try number(UInt32.self)))))
        case UInt8(ascii: "K"): push(.integer(Int(try byte())))
        case UInt8(ascii: "M"): push(.integer(Int(try number(UInt16.self))))
        case 0x8A: push(.integer(try long(Int(try byte()))))
        case UInt8(ascii: "X"): push(try text(Int(try number(UInt32.self))))
        case 0x8C: push(try text(Int(try byte())))
        case 0x8D: push(try text(Int(clamping: try number(UInt64.self))))
        case UInt8(ascii: ")"): pushTuple([])
        case 0x85: pushTuple(try pop(1))
        case 0x86: pushTuple(try pop(2))
        case 0x87: pushTuple(try pop(3))
        case UInt8(ascii: "t"): pushTuple(try popMark())
        case UInt8(ascii: "]"): try begin(isList: true)
        case UInt8(ascii: "}"): try begin(isList: false)
        case UInt8(ascii: "a"): try append(try pop(1), toList: true)
        case UInt8(ascii: "e"): try append(try popMark(), toList: true)
        case UInt8(ascii: "s"): try append(try pop(2), toList: false)
        case UInt8(ascii: "u"): try append(try popMark(), toList: false)
        case UInt8(ascii: "q"): try remember(Int(try byte()))
        case UInt8(ascii: "r"): try remember(Int(try number(UInt32.self)))
        case 0x94: try remember(memo.count)
        case UInt8(ascii: "h"): try recall(Int(try byte()))
        case UInt8(ascii: "j"): try recall(Int(try number(UInt32.self)))
        default:
            throw failure(
                "the pickle holds something other than texts, numbers and tuples of these "
                    + "(instruction \(code))")
        }
    }

    // MARK: The stack

    private mutating func push(_ value: FlatPickle.Value) { stack.append(.value(value)) }

    private mutating func pushTuple(_ values: [FlatPickle.Value]) {
        push(.tuple(start: items.count, count: values.count))
        items += values
        room -= values.count
    }

    private mutating func begin(isList: Bool) throws(FormatError) {
        guard self.isList == nil else {
            throw failure("the pickle holds a list or dictionary inside another")
        }
        self.isList = isList
        stack.append(.root)
    }

    /// The values above `height`, which are taken off.
    private mutating func take(above height: Int) throws(FormatError) -> [FlatPickle.Value] {
        guard height >= marks.last ?? 0 else {
            throw failure("the pickle takes more from its stack than there is")
        }
        var values: [FlatPickle.Value] = []
        values.reserveCapacity(stack.count - height)
        for item in stack[height...] {
            guard case .value(let value) = item else {
                throw failure("the pickle holds itself")
            }
            values.append(value)
        }
        stack.removeSubrange(height...)
        return values
    }

    private mutating func pop(_ count: Int) throws(FormatError) -> [FlatPickle.Value] {
        try take(above: stack.count - count)
    }

    private mutating func popMark() throws(FormatError) -> [FlatPickle.Value] {
        guard let height = marks.last else { throw failure("the pickle lacks a mark") }
        let values = try take(above: height)
        marks.removeLast()
        return values
    }

    private mutating func append(
        _ values: [FlatPickle.Value], toList: Bool
    ) throws(FormatError) {
        guard stack.last == .root, isList == toList else {
            throw failure("the pickle fills what is no \(toList ? "list" : "dictionary")")
        }
        guard toList || values.count % 2 == 0 else { throw failure("a key has no value") }
        contents += values
        room -= values.count
    }

    private mutating func remember(_ number: Int) throws(FormatError) {
        guard let top = stack.last, stack.count > marks.last ?? 0 else {
            throw failure("the pickle remembers what is not there")
        }
        if number < memo.count {
            memo[number] = top
        } else if number == memo.count {
            memo.append(top)
            room -= 1
        } else {
            throw failure("the pickle remembers under \(number) before \(memo.count)")
        }
    }

    private mutating func recall(_ number: Int) throws(FormatError) {
        guard number < memo.count else { throw failure("nothing is stored under \(number)") }
        stack.append(memo[number])
    }

    // MARK: Bytes

    private mutating func byte() throws(FormatError) -> UInt8 { try number(UInt8.self) }

    private mutating func number<Number: FixedWidthInteger>(
        _ type: Number.Type
    ) throws(FormatError) -> Number {
        guard let number = cursor.number(type) else { throw failure("the pickle does not end") }
        return number
    }

    private mutating func text(_ count: Int) throws(FormatError) -> FlatPickle.Value {
        guard let place = cursor.take(count) else {
            throw failure("a text of \(count) bytes is announced and the file ends before")
        }
        return .text(start: place.lowerBound, count: count)
    }

    private mutating func long(_ count: Int) throws(FormatError) -> Int {
        guard count <= 8, let place = cursor.take(count) else {
            throw failure("a number of \(count) bytes is announced")
        }
        let digits = cursor.bytes[place]
        var value: UInt64 = digits.last ?? 0 >= 0x80 ? .max : 0
        for digit in digits.reversed() { value = value << 8 | UInt64(digit) }
        return Int(Int64(bitPattern: value))
    }
}
