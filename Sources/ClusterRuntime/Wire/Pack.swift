import CClusterProtocol
import ClusterCore
import Glibc

/// Writes the fields of C structs, in memory of the allocator that the C library frees with.
///
/// What is allocated hangs in its message before anything can throw: whoever owns the message
/// gives all of it back.
enum Pack {
    /// An empty message of a kind.
    static func new<M: Packable>(_ kind: M.Type) -> UnsafeMutablePointer<M.CMessage> {
        let c = reserve(M.CMessage.self, count: 1)
        M.initialize(c)
        return c
    }

    /// A text; null for an empty one, which the C library takes for the default.
    static func text(
        _ text: String, of part: StaticString, _ c: inout UnsafeMutablePointer<CChar>?
    ) throws(WireError) {
        guard !text.isEmpty else {
            c = nil
            return
        }
        c = try string(text, of: part)
    }

    /// Repeated texts, empty ones too.
    static func texts(
        _ texts: [String], of part: StaticString,
        _ c: inout UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?, _ count: inout Int
    ) throws(WireError) {
        guard !texts.isEmpty else { return }
        let list = reserve(UnsafeMutablePointer<CChar>?.self, count: texts.count)
        list.initialize(repeating: nil, count: texts.count)
        (c, count) = (list, texts.count)
        for (index, text) in texts.enumerated() { list[index] = try string(text, of: part) }
    }

    /// A text that may be missing, which travels as a list of none or one.
    static func optionalText(
        _ text: String?, of part: StaticString,
        _ c: inout UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?, _ count: inout Int
    ) throws(WireError) {
        guard let text else { return }
        try texts([text], of: part, &c, &count)
    }

    /// Repeated numbers.
    static func numbers<Element: BitwiseCopyable>(
        _ numbers: [Element], _ c: inout UnsafeMutablePointer<Element>?, _ count: inout Int
    ) {
        guard !numbers.isEmpty else { return }
        let list = reserve(Element.self, count: numbers.count)
        for (index, number) in numbers.enumerated() { (list + index).initialize(to: number) }
        (c, count) = (list, numbers.count)
    }

    /// A message that may be missing.
    static func message<M: Packable>(
        _ message: M?, _ c: inout UnsafeMutablePointer<M.CMessage>?
    ) throws(WireError) {
        guard let message else { return }
        let inner = new(M.self)
        c = inner
        try message.fill(&inner.pointee)
    }

    /// A message that is left out where it says nothing.
    static func message<M: Packable & Equatable>(
        _ message: M, unless empty: M, _ c: inout UnsafeMutablePointer<M.CMessage>?
    ) throws(WireError) {
        guard message != empty else { return }
        try Self.message(message, &c)
    }

    /// Repeated messages.
    static func messages<M: Packable>(
        _ messages: [M], _ c: inout UnsafeMutablePointer<UnsafeMutablePointer<M.CMessage>?>?,
        _ count: inout Int
    ) throws(WireError) {
        guard !messages.isEmpty else { return }
        let list = reserve(UnsafeMutablePointer<M.CMessage>?.self, count: messages.count)
        list.initialize(repeating: nil, count: messages.count)
        (c, count) = (list, messages.count)
        for (index, message) in messages.enumerated() { try Self.message(message, &list[index]) }
    }

    private static func string(
        _ text: String, of part: StaticString
    ) throws(WireError) -> UnsafeMutablePointer<CChar> {
        var text = text
        let c: UnsafeMutablePointer<CChar>? = text.withUTF8 { utf8 in
            guard !utf8.contains(0) else { return nil }
            let c = reserve(CChar.self, count: utf8.count + 1)
            UnsafeMutableRawBufferPointer(start: c, count: utf8.count).copyBytes(from: utf8)
            c[utf8.count] = 0
            return c
        }
        guard let c else { throw .nullInText(part: "\(part)") }
        return c
    }

    private static func reserve<T>(_ type: T.Type, count: Int) -> UnsafeMutablePointer<T> {
        let bytes = count * MemoryLayout<T>.stride
        guard let memory = malloc(bytes) else {
            preconditionFailure("There is no memory for \(bytes) bytes of a message.")
        }
        return memory.bindMemory(to: T.self, capacity: count)
    }
}
