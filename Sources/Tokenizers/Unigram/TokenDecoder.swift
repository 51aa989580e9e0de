/// A step from tokens back to text, as the `decoder` of tokenizer.json names it.
enum TokenDecoder: Equatable, Sendable {
    /// `▁` as a space, left out of the first token unless words had none put before them.
    case metaspace(mark: String, dropsFirst: Bool)
    /// Tokens of bytes as the characters that they are of.
    case byteFallback
    /// All tokens as one.
    case fuse
    /// A text as another, in each token.
    case replace(String, by: String)
    /// Scalars off the ends of each token, as many as stand there, up to a number.
    case strip(String, start: Int, stop: Int)

    /// The tokens after this step.
    func decode(_ tokens: [String]) -> [String] {
        switch self {
        case .metaspace(let mark, let dropsFirst):
            tokens.enumerated().map { index, token in
                Self.replacing(mark, by: index == 0 && dropsFirst ? "" : " ", in: token)
            }
        case .byteFallback: Self.joiningBytes(tokens)
        case .fuse: [tokens.joined()]
        case .replace(let old, let new): tokens.map { Self.replacing(old, by: new, in: $0) }
        case .strip(let scalar, let start, let stop):
            tokens.map { Self.stripping(scalar, start, stop, from: $0) }
        }
    }

    /// By bytes: Swift's own replacing looks at whole characters, and a mark may bear accents.
    private static func replacing(_ old: String, by new: String, in token: String) -> String {
        let pattern = Array(old.utf8)
        let bytes = Array(token.utf8)
        guard let first = pattern.first, bytes.contains(first) else { return token }
        var result: [UInt8] = []
        var place = 0
        while place < bytes.count {
            if bytes[place...].starts(with: pattern) {
                result += new.utf8
                place += pattern.count
            } else {
                result.append(bytes[place])
                place += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static func stripping(
        _ scalar: String, _ start: Int, _ stop: Int, from token: String
    ) -> String {
        var scalars = Array(token.unicodeScalars)[...]
        let wanted = scalar.unicodeScalars.first
        var count = 0
        while count < start, scalars.first == wanted, wanted != nil {
            scalars.removeFirst()
            count += 1
        }
        count = 0
        while count < stop, scalars.last == wanted, wanted != nil {
            scalars.removeLast()
            count += 1
        }
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        return String(view)
    }

    /// Bytes that are no UTF-8 together are a U+FFFD each.
    private static func joiningBytes(_ tokens: [String]) -> [String] {
        var result: [String] = []
        var bytes: [UInt8] = []
        func flush() {
            if bytes.isEmpty { return }
            if let text = String(validating: bytes, as: UTF8.self) {
                result.append(text)
            } else {
                result += repeatElement("\u{FFFD}", count: bytes.count)
            }
            bytes.removeAll(keepingCapacity: true)
        }
        for token in tokens {
            if let byte = byte(of: token) {
                bytes.append(byte)
            } else {
                flush()
                result.append(token)
            }
        }
        flush()
        return result
    }

    /// The byte that `<0x0A>` names.
    private static func byte(of token: String) -> UInt8? {
        let bytes = Array(token.utf8)
        guard bytes.count == 6, bytes.starts(with: Array("<0x".utf8)), bytes[5] == 0x3E else {
            return nil
        }
        return UInt8(String(decoding: bytes[3...4], as: UTF8.self), radix: 16)
    }
}
