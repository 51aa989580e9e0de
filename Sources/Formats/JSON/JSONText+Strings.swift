import Base

extension JSONText {
    /// Reads a string with its quotes.
    package static func string(
        _ bytes: Span<UInt8>, _ at: inout Int, _ source: JSONSource
    ) throws(JSONError) -> String {
        guard at < bytes.count, bytes[at] == 0x22 else { throw fault(at, "a string expected") }
        let start = at + 1
        guard let quote = ByteSearch.first(0x22, in: bytes, start..<bytes.count) else {
            throw fault(at, "a string without an end")
        }
        if ByteSearch.first(0x5C, in: bytes, start..<quote) == nil {
            try refuseControls(bytes, start..<quote, source)
            guard let text = ByteSearch.string(bytes, start..<quote) else {
                throw JSONError(start, .notUTF8)
            }
            at = quote + 1
            return text
        }
        return try escapedString(bytes, &at, source)
    }

    private static func refuseControls(
        _ bytes: Span<UInt8>, _ range: Range<Int>, _ source: JSONSource
    ) throws(JSONError) {
        var lowest: UInt8 = 0xFF
        for index in range { lowest = min(lowest, bytes[index]) }
        if lowest >= 0x20 { return }
        for index in range where bytes[index] < 0x20 {
            throw bytes[index] == 0 && source.refusesNUL
                ? JSONError(index, .nul) : fault(index, "a control character inside a string")
        }
    }

    private static func escapedString(
        _ bytes: Span<UInt8>, _ at: inout Int, _ source: JSONSource
    ) throws(JSONError) -> String {
        var text: [UInt8] = []
        let opening = at
        at += 1
        while at < bytes.count {
            let start = at
            while at < bytes.count, bytes[at] != 0x22, bytes[at] != 0x5C { at += 1 }
            try refuseControls(bytes, start..<at, source)
            for index in start..<at { text.append(bytes[index]) }
            guard at < bytes.count else { break }
            at += 1
            if bytes[at - 1] == 0x22 {
                guard let string = ByteSearch.string(text.span, 0..<text.count) else {
                    throw JSONError(opening + 1, .notUTF8)
                }
                return string
            }
            try escape(bytes, &at, source, to: &text)
        }
        throw fault(at, "a string without an end")
    }

    /// Reads what follows a backslash.
    private static func escape(
        _ bytes: Span<UInt8>, _ at: inout Int, _ source: JSONSource, to text: inout [UInt8]
    ) throws(JSONError) {
        guard at < bytes.count else { throw fault(at, "a string without an end") }
        at += 1
        switch bytes[at - 1] {
        case 0x22: text.append(0x22)
        case 0x5C: text.append(0x5C)
        case 0x2F: text.append(0x2F)
        case 0x62: text.append(0x08)
        case 0x66: text.append(0x0C)
        case 0x6E: text.append(0x0A)
        case 0x72: text.append(0x0D)
        case 0x74: text.append(0x09)
        case 0x75:
            let scalar = try unicodeEscape(bytes, &at)
            if scalar.value == 0, source.refusesNUL { throw JSONError(at - 6, .nul) }
            text.append(contentsOf: UTF8.encode(scalar).map { Array($0) } ?? [])
        default: throw fault(at - 2, "an unknown escape")
        }
    }

    private static func unicodeEscape(
        _ bytes: Span<UInt8>, _ at: inout Int
    ) throws(JSONError) -> Unicode.Scalar {
        let start = at - 2
        let first = try hexadecimal(bytes, &at)
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard first < 0xDC00, at + 1 < bytes.count, bytes[at] == 0x5C, bytes[at + 1] == 0x75 else {
            throw fault(start, "half of a surrogate pair")
        }
        at += 2
        let second = try hexadecimal(bytes, &at)
        guard 0xDC00...0xDFFF ~= second,
            let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
        else { throw fault(start, "half of a surrogate pair") }
        return scalar
    }

    private static func hexadecimal(
        _ bytes: Span<UInt8>, _ at: inout Int
    ) throws(JSONError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard at < bytes.count, let digit = Hexadecimal.value(bytes[at]) else {
                throw fault(at, "four hexadecimal digits expected")
            }
            value = value << 4 | UInt32(digit)
            at += 1
        }
        return value
    }

    /// Appends a string as JSON text, with the escapes that JSON demands and no more.
    package static func append(_ string: String, to text: inout [UInt8]) {
        text.append(UInt8(ascii: "\""))
        for byte in string.utf8 {
            switch byte {
            case UInt8(ascii: "\""): text.append(contentsOf: "\\\"".utf8)
            case UInt8(ascii: "\\"): text.append(contentsOf: "\\\\".utf8)
            case UInt8(ascii: "\n"): text.append(contentsOf: "\\n".utf8)
            case UInt8(ascii: "\r"): text.append(contentsOf: "\\r".utf8)
            case UInt8(ascii: "\t"): text.append(contentsOf: "\\t".utf8)
            case 0..<0x20:
                text.append(contentsOf: "\\u00".utf8)
                text.append(contentsOf: Hexadecimal.utf8([byte]))
            default: text.append(byte)
            }
        }
        text.append(UInt8(ascii: "\""))
    }
}
