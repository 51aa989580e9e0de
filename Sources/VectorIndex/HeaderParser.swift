/// Reads the JSON header of a safetensors file, and nothing more general than that.
///
/// The grammar has two fixed levels, so no input makes it recurse. Everything a writer of ours
/// never produces (other value types, repeated keys, signs, fractions) is a fault.
struct HeaderParser {
    /// What a tensor's entry says; nothing of it is checked against the file yet.
    struct Tensor: Equatable {
        var type: String
        var shape: [Int]
        var begin: Int
        var end: Int
    }

    /// Where the text is wrong, in bytes from its beginning, and how.
    struct Fault: Error, Equatable {
        var offset: Int
        var reason: String
    }

    private(set) var metadata: [String: String] = [:]
    private(set) var tensors: [String: Tensor] = [:]
    private let text: [UInt8]
    private var position = 0

    /// Parses the whole of `text`.
    init(_ text: [UInt8]) throws(Fault) {
        self.text = text
        var seenMetadata = false
        try object { parser, key throws(Fault) in
            if key == "__metadata__" {
                if seenMetadata { throw parser.fault("__metadata__ occurs twice") }
                seenMetadata = true
                try parser.parseMetadata()
            } else {
                if parser.tensors[key] != nil { throw parser.fault("\(key) occurs twice") }
                guard parser.tensors.count < 64 else { throw parser.fault("too many tensors") }
                parser.tensors[key] = try parser.parseTensor()
            }
        }
        skipSpace()
        if position != text.count { throw fault("something follows the header") }
    }

    private mutating func parseMetadata() throws(Fault) {
        try object { parser, key throws(Fault) in
            if parser.metadata[key] != nil { throw parser.fault("\(key) occurs twice") }
            guard parser.metadata.count < 64 else { throw parser.fault("too much metadata") }
            parser.metadata[key] = try parser.string()
        }
    }

    private mutating func parseTensor() throws(Fault) -> Tensor {
        var type: String?
        var shape: [Int]?
        var offsets: [Int]?
        try object { parser, key throws(Fault) in
            switch key {
            case "dtype" where type == nil: type = try parser.string()
            case "shape" where shape == nil: shape = try parser.integers()
            case "data_offsets" where offsets == nil: offsets = try parser.integers()
            default: throw parser.fault("unexpected or repeated key \(key)")
            }
        }
        guard let type, let shape, let offsets else {
            throw fault("a tensor lacks dtype, shape or data_offsets")
        }
        guard offsets.count == 2 else { throw fault("data_offsets must hold two numbers") }
        return Tensor(type: type, shape: shape, begin: offsets[0], end: offsets[1])
    }

    /// Calls `member` behind each key and its colon.
    private mutating func object(
        _ member: (inout HeaderParser, String) throws(Fault) -> Void
    ) throws(Fault) {
        try expect("{")
        if take("}") { return }
        repeat {
            let key = try string()
            try expect(":")
            try member(&self, key)
        } while take(",")
        try expect("}")
    }

    private mutating func integers() throws(Fault) -> [Int] {
        try expect("[")
        var values: [Int] = []
        if take("]") { return values }
        repeat {
            guard values.count < 8 else { throw fault("too many numbers") }
            values.append(try integer())
        } while take(",")
        try expect("]")
        return values
    }

    private mutating func integer() throws(Fault) -> Int {
        skipSpace()
        let start = position
        var value = 0
        while position < text.count, case 0x30...0x39 = text[position] {
            let (product, first) = value.multipliedReportingOverflow(by: 10)
            let (sum, second) = product.addingReportingOverflow(Int(text[position] - 0x30))
            if first || second { throw fault("a number is too large") }
            value = sum
            position += 1
        }
        let digits = position - start
        if digits == 0 || (digits > 1 && text[start] == 0x30) {
            throw fault("expected a plain number")
        }
        return value
    }

    private mutating func string() throws(Fault) -> String {
        try expect("\"")
        var bytes: [UInt8] = []
        while position < text.count {
            let byte = text[position]
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let string = String(validating: bytes, as: UTF8.self) else {
                    throw fault("a string is not UTF-8")
                }
                return string
            case UInt8(ascii: "\\"):
                bytes.append(contentsOf: try escaped().utf8)
            case 0..<0x20: throw fault("a control character inside a string")
            default: bytes.append(byte)
            }
        }
        throw fault("a string has no end")
    }

    private mutating func escaped() throws(Fault) -> String {
        guard position < text.count else { throw fault("a string has no end") }
        let byte = text[position]
        position += 1
        switch byte {
        case UInt8(ascii: "\""): return "\""
        case UInt8(ascii: "\\"): return "\\"
        case UInt8(ascii: "u"):
            let digits = text[position..<min(position + 4, text.count)]
            guard digits.count == 4, digits.allSatisfy({ Character(.init($0)).isHexDigit }),
                let value = UInt32(String(decoding: digits, as: UTF8.self), radix: 16),
                let scalar = Unicode.Scalar(value)
            else { throw fault("an escape that no segment holds") }
            position += 4
            return String(scalar)
        default: throw fault("an escape that no segment holds")
        }
    }

    private mutating func expect(_ character: Unicode.Scalar) throws(Fault) {
        if !take(character) { throw fault("expected \(character)") }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        skipSpace()
        guard position < text.count, text[position] == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func skipSpace() {
        while position < text.count, text[position] == 0x20 { position += 1 }
    }

    private func fault(_ reason: String) -> Fault {
        Fault(offset: position, reason: reason)
    }
}
