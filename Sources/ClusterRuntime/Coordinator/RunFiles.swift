import ClusterCore
import Corpus

/// What a run of indexing reads and keeps: its record, its source, and passages on their way.
struct RunFiles: Sendable {
    /// The run that they belong to.
    let number: Int
    var record: CollectionRecord?
    var reader: BatchReader?
    /// Passage blocks of leased batches: a batch leased again needs no second reading.
    var blocks: [BatchNumber: [UInt8]] = [:]
    /// Ends what reads for the run when that is over.
    let work = BackgroundWork()
}

/// Reads batches of a source, in any order; cheap when they are asked for in theirs.
final class BatchReader: @unchecked Sendable {
    // Used on the coordinator's file lane alone, which runs one piece of work at a time.
    private let source: CorpusSource
    private let boundaries: [BatchBoundary]
    private let skipMalformed: Bool
    private var reader: PassageReader?

    init(source: CorpusSource, boundaries: [BatchBoundary], skipMalformed: Bool) {
        self.source = source
        self.boundaries = boundaries
        self.skipMalformed = skipMalformed
    }

    func block(_ batch: BatchNumber) throws -> [UInt8] {
        let boundary = boundaries[batch.rawValue]
        let current: PassageReader
        if let reader, reader.position == boundary.start {
            current = reader
        } else {
            current = try PassageReader(
                source, startingAt: boundary.start, skipMalformed: skipMalformed)
        }
        reader = current
        var passages: [Passage] = []
        passages.reserveCapacity(boundary.count)
        while passages.count < boundary.count {
            guard let passage = try current.next() else {
                throw ClusterError.input(
                    """
                    \(source.paths.joined(separator: ", ")): the source ends before batch \
                    \(batch.rawValue) is whole. It changed while it was being indexed: restore it \
                    and run the same command again.
                    """)
            }
            passages.append(passage)
        }
        return PassageBlock.encode(passages)
    }
}
