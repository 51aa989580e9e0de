import Base

/// A JSON object that ends with the SHA-256 of everything before it, so that a reader knows whether
/// it is as it was written.
///
///     {"step":7,"sha256":"…"}
///
/// It stays one JSON object: who does not know of the seal reads it as before.
public enum SealedJSON {
    /// What the end of a file says.
    public enum Seal: Equatable, Sendable {
        /// There is none: an earlier release wrote the file, or its end is damaged.
        case none
        /// The content is another than the one that was sealed.
        case broken
        /// The content is the one that was sealed.
        case whole
    }

    private static let opening = Array(",\"sha256\":\"".utf8)
    private static let closing = Array("\"}".utf8)
    private static let digits = 64

    /// Seals the text of an object that has a member or more.
    public static func seal(_ object: some Sequence<UInt8>) -> [UInt8] {
        var body = Array(object)
        while body.last.map(isBlank) == true { body.removeLast() }
        precondition(body.first == UInt8(ascii: "{") && body.last == UInt8(ascii: "}"))
        body.removeLast()
        while body.last.map(isBlank) == true { body.removeLast() }
        return body + opening + digest(body) + closing
    }

    /// Whether `bytes` are as they were sealed.
    public static func check(_ bytes: [UInt8]) -> Seal {
        let tail = opening.count + digits + closing.count
        guard bytes.count > tail else { return .none }
        let body = bytes.dropLast(tail)
        let rest = bytes[body.endIndex...]
        guard rest.starts(with: opening), rest.suffix(closing.count).elementsEqual(closing) else {
            return .none
        }
        let named = rest.dropFirst(opening.count).prefix(digits)
        return named.elementsEqual(digest(body)) ? .whole : .broken
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0A }

    private static func digest(_ bytes: some Collection<UInt8>) -> [UInt8] {
        Array(Hexadecimal.sha256(bytes).utf8)
    }
}
