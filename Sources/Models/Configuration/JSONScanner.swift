/// What is wrong with a JSON text, and where.
struct JSONError: Error {
    var offset: Int
    var reason: String
}

/// Reads JSON token by token from bytes it does not own, without building anything by itself.
///
/// Strict: UTF-8 only, no duplicate keys where `JSONValue` builds objects, nesting at most
/// `maximumDepth`, nothing after the value.
struct JSONScanner {
    static let maximumDepth = 64

    private let bytes: UnsafeRawBufferPointer
    private(set) var offset = 0

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    func failure(_ reason: String) -> JSONError {
        JSONError(offset: offset, reason: reason)
    }

    mutating func skipSpace() {
        while offset < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[offset]) {
            offset += 1
        }
    }

    /// The next byte that is not white space, not consumed; nil at the end.
    mutating func peek() -> UInt8? {
        skipSpace()
        return offset < bytes.count ? bytes[offset] : nil
    }

    mutating func accept(_ byte: UInt8) -> Bool {
        guard peek() == byte else { return false }
        offset += 1
        return true
    }

    mutating func expect(_ character: Unicode.Scalar) throws(JSONError) {
        guard accept(UInt8(ascii: character)) else {
            throw failure("'\(character)' is expected here")
        }
    }

    mutating func expectEnd() throws(JSONError) {
        guard peek() == nil else { throw failure("the JSON text ends before this") }
    }

    mutating func string() throws(JSONError) -> String {
        try expect("\"")
        let start = offset
        while offset < bytes.count, bytes[offset] != 0x22, bytes[offset] != 0x5C {
            if bytes[offset] < 0x20 { throw failure("a control character is inside a string") }
            offset += 1
        }
        guard offset < bytes.count else { throw failure("a string does not end") }
        if bytes[offset] == 0x22 {
            let text = try utf8(start..<offset)
            offset += 1
            return text
        }
        return try escapedString(from: start)
    }

    private func utf8(_ range: Range<Int>) throws(JSONError) -> String {
        let slice = UnsafeRawBufferPointer(rebasing: bytes[range])
        guard let text = String(validating: slice, as: UTF8.self) else {
            throw JSONError(offset: range.lowerBound, reason: "a string is not UTF-8")
        }
        return text
    }

    /// The rest of a string whose first escape is at `offset`.
    private mutating func escapedString(from start: Int) throws(JSONError) -> String {
        var text = try utf8(start..<offset)
        while true {
            let plain = offset
            while offset < bytes.count, bytes[offset] != 0x22, bytes[offset] != 0x5C {
                if bytes[offset] < 0x20 { throw failure("a control character is inside a string") }
                offset += 1
            }
            guard offset < bytes.count else { throw failure("a string does not end") }
            text += try utf8(plain..<offset)
            let quote = bytes[offset] == 0x22
            offset += 1
            if quote { return text }
            text.unicodeScalars.append(try escape())
        }
    }

    private mutating func escape() throws(JSONError) -> Unicode.Scalar {
        guard offset < bytes.count else { throw failure("a string does not end") }
        let letter = bytes[offset]
        offset += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"):
            return Unicode.Scalar(letter)
        case UInt8(ascii: "b"): return "\u{08}"
        case UInt8(ascii: "f"): return "\u{0C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"):
            var code = try hexadecimal()
            if (0xD800..<0xDC00).contains(code), offset + 1 < bytes.count,
                bytes[offset] == 0x5C, bytes[offset + 1] == UInt8(ascii: "u")
            {
                offset += 2
                let low = try hexadecimal()
                guard (0xDC00..<0xE000).contains(low) else {
                    throw failure("half a surrogate pair is missing")
                }
                code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
            }
            guard let scalar = Unicode.Scalar(code) else {
                throw failure("half a surrogate pair is missing")
            }
            return scalar
        default: throw failure("an unknown escape is inside a string")
        }
    }

    private mutating func hexadecimal() throws(JSONError) -> UInt32 {
        guard offset + 4 <= bytes.count else { throw failure("a string does not end") }
        var code: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = Character(Unicode.Scalar(bytes[offset])).hexDigitValue else {
                throw failure("\\u needs four hexadecimal digits")
            }
            code = code << 4 | UInt32(digit)
            offset += 1
        }
        return code
    }

    /// A number as written.
    mutating func number() throws(JSONError) -> String {
        skipSpace()
        let start = offset
        var digits = 0
        while offset < bytes.count {
            switch bytes[offset] {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digits += 1
            case UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."), UInt8(ascii: "e"),
                UInt8(ascii: "E"):
                break
            default:
                return try finishNumber(start, digits)
            }
            offset += 1
        }
        return try finishNumber(start, digits)
    }

    private func finishNumber(_ start: Int, _ digits: Int) throws(JSONError) -> String {
        guard digits > 0, offset - start <= 64 else {
            throw JSONError(offset: start, reason: "a number is expected here")
        }
        let text = try utf8(start..<offset)
        guard Double(text) != nil else {
            throw JSONError(offset: start, reason: "\(text) is not a number")
        }
        return text
    }

    /// An integer from 0 up, written without sign, point or exponent.
    mutating func naturalNumber() throws(JSONError) -> Int {
        skipSpace()
        let start = offset
        var value = 0
        while offset < bytes.count, (0x30...0x39).contains(bytes[offset]) {
            let (tens, high) = value.multipliedReportingOverflow(by: 10)
            let (sum, low) = tens.addingReportingOverflow(Int(bytes[offset] - 0x30))
            guard !high, !low else { throw failure("the number does not fit in 63 bits") }
            value = sum
            offset += 1
        }
        let next = offset < bytes.count ? bytes[offset] : 0x20
        guard offset > start, ![0x2E, 0x65, 0x45].contains(next) else {
            throw failure("an integer from 0 up is expected here")
        }
        return value
    }

    mutating func word(_ text: StaticString) throws(JSONError) {
        skipSpace()
        let expected = UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
        guard offset + expected.count <= bytes.count,
            UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + expected.count])
                .elementsEqual(expected)
        else { throw failure("a JSON value is expected here") }
        offset += expected.count
    }
}
