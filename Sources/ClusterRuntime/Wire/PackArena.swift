/// Owns the memory that C structs point to until their message is packed.
final class PackArena {
    /// Whether a text held a NUL byte, which C strings cannot carry.
    private(set) var sawNull = false

    private var blocks: [UnsafeMutableRawPointer] = []

    deinit {
        for block in blocks { block.deallocate() }
    }

    /// The C struct of a message.
    func allocate<M: Bridged>(_ message: M) -> UnsafeMutablePointer<M.CMessage> {
        let c = reserve(M.CMessage.self, count: 1)
        M.initialize(c)
        message.fill(&c.pointee, self)
        return c
    }

    /// A C string; null for an empty text, which the C library takes for the default.
    func string(_ text: String) -> UnsafeMutablePointer<CChar>? {
        if text.isEmpty { return nil }
        var text = text
        return text.withUTF8 { utf8 in
            sawNull = sawNull || utf8.contains(0)
            let c = reserve(CChar.self, count: utf8.count + 1)
            UnsafeMutableRawBufferPointer(start: c, count: utf8.count).copyBytes(from: utf8)
            c[utf8.count] = 0
            return c
        }
    }

    /// An optional sub-message.
    func message<M: Bridged>(_ message: M?) -> UnsafeMutablePointer<M.CMessage>? {
        message.map { allocate($0) }
    }

    /// A sub-message that is left out where it says nothing.
    func message<M: Bridged & Equatable>(
        _ message: M, unless empty: M
    ) -> UnsafeMutablePointer<M.CMessage>? {
        message == empty ? nil : allocate(message)
    }

    /// Repeated sub-messages: their number, and a pointer to each.
    func messages<M: Bridged>(
        _ messages: [M]
    ) -> (Int, UnsafeMutablePointer<UnsafeMutablePointer<M.CMessage>?>?) {
        array(messages.map { Optional(allocate($0)) })
    }

    /// Repeated texts: their number, and a pointer to each, empty ones too.
    func strings(
        _ texts: [String]
    ) -> (Int, UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) {
        array(texts.map { Optional(string($0) ?? emptyString()) })
    }

    /// Repeated plain values: their number, and where they lie.
    func array<Element>(_ elements: [Element]) -> (Int, UnsafeMutablePointer<Element>?) {
        if elements.isEmpty { return (0, nil) }
        let c = reserve(Element.self, count: elements.count)
        for (index, element) in elements.enumerated() {
            (c + index).initialize(to: element)
        }
        return (elements.count, c)
    }

    private func emptyString() -> UnsafeMutablePointer<CChar> {
        let c = reserve(CChar.self, count: 1)
        c.pointee = 0
        return c
    }

    private func reserve<T>(_ type: T.Type, count: Int) -> UnsafeMutablePointer<T> {
        let c = UnsafeMutablePointer<T>.allocate(capacity: count)
        blocks.append(UnsafeMutableRawPointer(c))
        return c
    }
}
