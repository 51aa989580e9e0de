import ClusterCore
import Training

extension RingHeader {
    /// Bytes of the longest header that is read.
    static let limitBytes = 1 << 10

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
