/// Reads the fields of C structs that the C library has unpacked.
enum Unpack {
    /// A text field; refused unless UTF-8, which the C library does not check.
    static func text(
        _ c: UnsafePointer<CChar>?, _ field: String
    ) throws(WireError) -> String {
        guard let c else { return "" }
        guard let text = String(validatingCString: c) else { throw .invalidText(field: field) }
        return text
    }

    /// A repeated text field.
    static func texts(
        _ c: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?, _ count: Int, _ field: String
    ) throws(WireError) -> [String] {
        try UnsafeBufferPointer(start: c, count: count).map { text throws(WireError) in
            try Self.text(text, field)
        }
    }

    /// A text that may be missing, which travels as a list of none or one.
    static func optionalText(
        _ c: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?, _ count: Int, _ field: String
    ) throws(WireError) -> String? {
        try texts(c, count, field).first
    }

    /// A repeated number field.
    static func numbers<Element: BitwiseCopyable>(
        _ c: UnsafeMutablePointer<Element>?, _ count: Int
    ) -> [Element] {
        Array(UnsafeBufferPointer(start: c, count: count))
    }

    /// An optional sub-message.
    static func message<M: Packable>(
        _ c: UnsafeMutablePointer<M.CMessage>?
    ) throws(WireError) -> M? {
        guard let c else { return nil }
        return try M(c.pointee)
    }

    /// A repeated sub-message.
    static func messages<M: Packable>(
        _ c: UnsafeMutablePointer<UnsafeMutablePointer<M.CMessage>?>?, _ count: Int
    ) throws(WireError) -> [M] {
        var messages: [M] = []
        for element in UnsafeBufferPointer(start: c, count: count) {
            guard let element else { throw .malformed(part: "\(M.self)") }
            messages.append(try M(element.pointee))
        }
        return messages
    }

    /// An enumeration; refused where this release does not know the value.
    static func choice<Choice: RawRepresentable<Int32>>(
        _ value: UInt32, _ field: String
    ) throws(WireError) -> Choice {
        let value = Int32(bitPattern: value)
        guard let choice = Choice(rawValue: value) else {
            throw .unknownValue(field: field, value: value)
        }
        return choice
    }
}
