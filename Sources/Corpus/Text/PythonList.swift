import Base

/// Reads a Python list literal of strings, the way DPR's question files write answers.
///
/// Strings may be quoted either way, carry every escape of Python but `\N{…}`, and stand side by
/// side to be joined. Numbers are kept as they are written.
package struct PythonList {
    private let scalars: [Unicode.Scalar]
    private var at = 0

    private init(_ text: String) {
        scalars = Array(text.unicodeScalars)
    }

    /// The elements of a list.
    static func parse(_ text: String) throws(Malformation) -> [String] {
        var reader = PythonList(text)
        return try reader.list()
    }

    /// The elements of a list; nil where the text is none.
    package static func texts(_ text: String) -> [String]? {
        guard looksLikeList(text) else { return nil }
        return try? parse(text)
    }

    /// Tells whether a text has the brackets of a list.
    static func looksLikeList(_ text: String) -> Bool {
        let visible = text.unicodeScalars.filter { !$0.properties.isWhitespace }
        return visible.first == "[" && visible.last == "]" && visible.count > 1
    }

    private func fault(_ detail: String) -> Malformation {
        .badAnswerList(detail: "character \(at + 1): \(detail)")
    }

    private var next: Unicode.Scalar? { at < scalars.count ? scalars[at] : nil }

    private mutating func skipSpace() {
        while let scalar = next, scalar.properties.isWhitespace { at += 1 }
    }

    private mutating func list() throws(Malformation) -> [String] {
        var elements: [String] = []
        skipSpace()
        guard next == "[" else { throw fault("\"[\" expected") }
        at += 1
        while true {
            skipSpace()
            if next == "]" { break }
            elements.append(try element())
            skipSpace()
            if next == "," {
                at += 1
            } else if next != "]" {
                throw fault("\",\" or \"]\" expected")
            }
        }
        at += 1
        skipSpace()
        guard next == nil else { throw fault("text follows the list") }
        return elements
    }

    /// Reads one or more strings side by side, or a number.
    private mutating func element() throws(Malformation) -> String {
        guard let first = next else { throw fault("the list is cut off") }
        if first == "-" || "0" <= first && first <= "9" { return try number() }
        var text = String.UnicodeScalarView()
        repeat {
            if next == "u" || next == "U" { at += 1 }
            try string(to: &text)
            skipSpace()
        } while next == "'" || next == "\"" || next == "u" || next == "U"
        return String(text)
    }

    private mutating func number() throws(Malformation) -> String {
        var text = ""
        while let scalar = next, "0123456789+-._eE".unicodeScalars.contains(scalar) {
            text.unicodeScalars.append(scalar)
            at += 1
        }
        guard Double(text.filter { $0 != "_" }) != nil else { throw fault("a string expected") }
        return text
    }

    private mutating func string(to text: inout String.UnicodeScalarView) throws(Malformation) {
        guard let quote = next, quote == "'" || quote == "\"" else {
            throw fault("a string expected")
        }
        at += 1
        while let scalar = next {
            at += 1
            if scalar == quote { return }
            if scalar == "\\" {
                try escape(to: &text)
            } else {
                text.append(scalar)
            }
        }
        throw fault("a string without an end")
    }

    /// Reads what follows a backslash; an unknown escape stays as it is, as in Python.
    private mutating func escape(to text: inout String.UnicodeScalarView) throws(Malformation) {
        guard let scalar = next else { throw fault("a string without an end") }
        at += 1
        switch scalar {
        case "\n": break
        case "\\", "'", "\"": text.append(scalar)
        case "a": text.append("\u{07}")
        case "b": text.append("\u{08}")
        case "f": text.append("\u{0C}")
        case "n": text.append("\n")
        case "r": text.append("\r")
        case "t": text.append("\t")
        case "v": text.append("\u{0B}")
        case "x": text.append(try code(try digits(2)))
        case "u": text.append(try code(try surrogates(try digits(4))))
        case "U": text.append(try code(try digits(8)))
        case "0"..."7":
            var value = scalar.value - 0x30
            for _ in 0..<2 {
                guard let digit = next, "0"..."7" ~= digit else { break }
                value = value << 3 | (digit.value - 0x30)
                at += 1
            }
            text.append(try code(value))
        default:
            text.append("\\")
            text.append(scalar)
        }
    }

    private mutating func digits(_ count: Int) throws(Malformation) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<count {
            guard let digit = next, digit.isASCII,
                let nibble = Hexadecimal.value(UInt8(digit.value))
            else { throw fault("\(count) hexadecimal digits expected") }
            value = value << 4 | UInt32(nibble)
            at += 1
        }
        return value
    }

    /// Joins two escaped halves of a surrogate pair, which Python would keep apart.
    private mutating func surrogates(_ first: UInt32) throws(Malformation) -> UInt32 {
        guard 0xD800...0xDBFF ~= first, at + 1 < scalars.count, scalars[at] == "\\",
            scalars[at + 1] == "u"
        else { return first }
        at += 2
        let second = try digits(4)
        guard 0xDC00...0xDFFF ~= second else { throw fault("half of a surrogate pair") }
        return 0x10000 + (first - 0xD800) << 10 + (second - 0xDC00)
    }

    private func code(_ value: UInt32) throws(Malformation) -> Unicode.Scalar {
        guard let scalar = Unicode.Scalar(value) else { throw fault("no such character") }
        guard value != 0 else { throw .nulCharacter }
        return scalar
    }
}
