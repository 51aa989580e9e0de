import CClusterProtocol
import Training

/// What opens every message along a ring: the sender's operation, and which bytes follow.
struct RingHeader: Equatable {
    /// Bytes of the longest header that is read.
    static let limitBytes = 1 << 10

    var run: String
    var generation: UInt64
    var sequence: UInt64
    /// As it came: may name no ``Training/CollectiveOperation/Kind``.
    var kind: UInt32
    /// As it came: may name no ``Training/CollectiveOperation/Element``.
    var element: UInt32
    var count: UInt64
    var width: UInt64
    var rank: UInt32
    var step: UInt32
    /// In the step's bytes.
    var offset: UInt64

    /// What the sender does; nil where this release does not know it.
    var operation: CollectiveOperation? {
        guard let kind = CollectiveOperation.Kind(rawValue: kind),
            let element = CollectiveOperation.Element(rawValue: element)
        else { return nil }
        return CollectiveOperation(
            run: run, generation: generation, sequence: sequence, kind: kind, element: element,
            count: count, width: width)
    }
}

extension RingHeader {
    /// The header of bytes that leave from `rank` in a step of its operation.
    init(_ operation: CollectiveOperation, rank: Int, step: Int, offset: Int) {
        self.init(
            run: operation.run, generation: operation.generation, sequence: operation.sequence,
            kind: operation.kind.rawValue, element: operation.element.rawValue,
            count: operation.count, width: operation.width, rank: UInt32(rank),
            step: UInt32(step), offset: UInt64(offset))
    }
}

extension RingHeader: Bridged {
    static func initialize(_ c: UnsafeMutablePointer<Sheaf__V1__RingHeader>) {
        sheaf__v1__ring_header__init(c)
    }

    func fill(_ c: inout Sheaf__V1__RingHeader, _ arena: PackArena) {
        c.run = arena.string(run)
        c.generation = generation
        c.sequence = sequence
        c.kind = kind
        c.element = element
        c.count = count
        c.width = width
        c.rank = rank
        c.step = step
        c.offset = offset
    }

    init(_ c: Sheaf__V1__RingHeader) throws(WireError) {
        self.init(
            run: try Unpack.text(c.run, "RingHeader.run"),
            generation: c.generation,
            sequence: c.sequence,
            kind: c.kind,
            element: c.element,
            count: c.count,
            width: c.width,
            rank: c.rank,
            step: c.step,
            offset: c.offset)
    }
}
