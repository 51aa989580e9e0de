import ClusterCore
import Corpus
import Models

/// One indexing run: the source, its leases, and what is on its way.
struct IndexJob: Sendable {
    /// Tells this run from one before it on the same collection.
    let number: Int
    /// What is asked for; another request meanwhile is refused.
    let request: IndexRequest
    /// Who began it, and may end it.
    let owner: Sender
    var state = IndexState.scanning
    var client: ClientAddress?
    var record: CollectionRecord?
    var leases: LeaseTable?
    private(set) var segments: [BatchNumber: SegmentRecord] = [:]
    /// Passages in committed segments.
    private(set) var committedRows: UInt64 = 0
    var reader: BatchReader?
    /// Passage blocks of leased batches: a batch leased again needs no second reading.
    var blocks: [BatchNumber: [UInt8]] = [:]
    /// Chunks waiting for credit, per worker, in order.
    var outgoing: [WorkerID: [OutgoingChunk]] = [:]
    var isFeeding = false
    var isPublishing = false
    var pausedUntil: Instant?
    var note = ""
    var publishedRows: UInt64 = 0
    var lastPublished = Instant(nanoseconds: 0)
    var lastReport = Instant(nanoseconds: 0)
    var passagesScanned: UInt64 = 0
    /// What workers had encoded before this run began.
    var encodedBefore: [WorkerID: UInt64] = [:]
    /// What was committed before this run began.
    var committedBefore: UInt64 = 0
    var isAlreadyComplete = false
    /// What was found wrong at the start.
    var healing = Healing()
    /// What people ought to know of the collection.
    var notes: [String] = []
    /// What workers have cut off the passages of this run.
    var cuts = Cuts()

    init(
        number: Int, request: IndexRequest, client: ClientAddress?, owner: Sender
    ) {
        self.number = number
        self.owner = owner
        self.request = request
        self.client = client
    }

    /// The collection that is made.
    var collection: String { request.collection }

    /// Enters a committed segment.
    mutating func add(_ segment: SegmentRecord) {
        if segments.updateValue(segment, forKey: segment.batch) == nil {
            committedRows += segment.rows
        }
        blocks[segment.batch] = nil
    }
}

/// A piece of a lease's passage block, to be sent when there is credit.
struct OutgoingChunk: Sendable {
    var message: PassageChunk
    var bytes: ArraySlice<UInt8>
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
