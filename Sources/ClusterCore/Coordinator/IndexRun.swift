/// What a source is, in numbers: how many passages, in which batches, over which shards.
package struct SourceShape: Hashable, Sendable {
    package var passages: UInt64
    /// Passages of each batch but the last.
    package var batchSize: Int
    package var batchCount: Int
    package var shardCount: Int
    /// Malformed lines that were passed over.
    package var skippedLines: Int

    package init(
        passages: UInt64, batchSize: Int, batchCount: Int, shardCount: Int, skippedLines: Int = 0
    ) {
        self.passages = passages
        self.batchSize = batchSize
        self.batchCount = batchCount
        self.shardCount = shardCount
        self.skippedLines = skippedLines
    }

    /// The ordinal of the first passage of `batch`, one of those there are.
    package func firstOrdinal(of batch: BatchNumber) -> UInt64 {
        UInt64(batch.rawValue) * UInt64(batchSize)
    }

    /// Passages of `batch`; nil where there is no such batch.
    package func rows(of batch: BatchNumber) -> UInt64? {
        guard (0..<batchCount).contains(batch.rawValue) else { return nil }
        return min(UInt64(batchSize), passages - firstOrdinal(of: batch))
    }

    /// Rows of each shard where these segments are all there is.
    package func rows(of segments: some Sequence<SegmentRecord>) -> [ShardNumber: UInt64] {
        var rows = Dictionary(
            uniqueKeysWithValues: (0..<shardCount).map { (ShardNumber($0), UInt64(0)) })
        for segment in segments {
            rows[segment.batch.shard(of: shardCount), default: 0] += segment.rows
        }
        return rows
    }
}

/// What a run of indexing goes on from.
package struct RunStart: Sendable {
    package var shape: SourceShape
    /// The segments that a living holder can read.
    package var segments: [SegmentRecord]
    /// What was found wrong, and put right or left to the run.
    package var healing: Healing
    /// Whether the collection was complete before.
    package var isComplete: Bool
    /// Whether its newest generation can be read as it was published.
    package var isPublished: Bool

    package init(
        shape: SourceShape, segments: [SegmentRecord], healing: Healing, isComplete: Bool,
        isPublished: Bool
    ) {
        self.shape = shape
        self.segments = segments
        self.healing = healing
        self.isComplete = isComplete
        self.isPublished = isPublished
    }
}

/// How a run of indexing ended.
package enum RunEnd: Sendable {
    case complete
    /// Somebody ended it, or the coordinator ends.
    case ended
    case failed(Failure)
    /// All is encoded, and the index cannot be built of it.
    case cannotBuild
    /// All is indexed, and some workers cannot load it.
    case cannotLoad(String)
}

/// One run of indexing: who asked, how far it is, who encodes what.
///
///     scanning ──▶ checking ──▶ encoding ──▶ publishing ──▶ complete
///                                  ▲  │ wants space
///                                  └──┘ paused, then on
///
/// Invariants:
/// 1. Batches are leased while it encodes, is not paused and reads no other batch.
/// 2. `segments` holds what the catalog holds, and nothing else.
package struct IndexRun: Sendable {
    /// Tells it from a run before it on the same collection.
    package let number: Int
    /// What is asked for; another request meanwhile is refused.
    package let request: IndexRequest
    /// Who began it, and may end it.
    package let owner: Sender
    /// Who waits for it: whoever has given the same request, `clientLimit` at most.
    package private(set) var clients: [ClientAddress] = []
    package internal(set) var state = IndexState.scanning
    package internal(set) var shape: SourceShape?
    package internal(set) var leases: LeaseTable?
    package private(set) var segments: [BatchNumber: SegmentRecord] = [:]
    /// Passages in committed segments.
    package private(set) var committedRows: UInt64 = 0
    /// Whether the shell prepares it, has prepared it, or not yet.
    var preparation = Preparation.waits
    /// The lease whose passages are being read.
    var reading: LeaseTable.Lease?
    /// Bytes of the passages that are kept: a batch leased again needs no second reading.
    var kept: [BatchNumber: Int] = [:]
    var isPublishing = false
    var pausedUntil: Instant?
    var note = ""
    var publishedRows: UInt64 = 0
    var lastPublished = Instant(nanoseconds: 0)
    var lastReport = Instant(nanoseconds: 0)
    var passagesScanned: UInt64 = 0
    /// Why each worker failed last.
    var lastFailures: [WorkerID: String] = [:]
    /// What workers had encoded before this run began.
    var encodedBefore: [WorkerID: UInt64] = [:]
    /// What was committed before this run began.
    var committedBefore: UInt64 = 0
    var isAlreadyComplete = false
    var healing = Healing()
    /// What people ought to know of the collection.
    var notes: [String] = []
    /// What workers have cut off the passages of this run.
    var cuts = Cuts()

    enum Preparation { case waits, underWay, done }

    /// Clients that are told of a run at most: the one that has waited longest is told no more.
    private static let clientLimit = 64

    init(number: Int, request: IndexRequest, client: ClientAddress, owner: Sender) {
        self.number = number
        self.request = request
        self.owner = owner
        clients = [client]
    }

    /// One more waits for it.
    mutating func joined(_ client: ClientAddress) {
        guard !clients.contains(client) else { return }
        clients.append(client)
        if clients.count > IndexRun.clientLimit { clients.removeFirst() }
    }

    /// The collection that is made.
    package var collection: String { request.collection }

    /// Whether every batch is committed.
    var isComplete: Bool { leases?.isComplete == true }

    /// Whether batches may be leased now.
    var mayLease: Bool { state == .encoding && reading == nil && pausedUntil == nil }

    /// Enters a committed segment.
    mutating func add(_ segment: SegmentRecord) {
        if let former = segments.updateValue(segment, forKey: segment.batch) {
            committedRows -= former.rows
        }
        committedRows += segment.rows
        kept[segment.batch] = nil
    }

    /// The workers that fail whatever they are given, each with its reason.
    package var failingWorkers: [(worker: WorkerID, reason: String)] {
        (leases?.failingWorkers ?? []).map { ($0, lastFailures[$0] ?? "") }
    }

    /// The next lease, for the ready worker that holds the fewest.
    ///
    /// - Parameter owned: The shards that a worker's leases are best of.
    mutating func nextLease(
        for workers: [Membership.Member], preferring owned: (WorkerID) -> Set<ShardNumber>,
        now: Instant
    ) -> LeaseTable.Lease? {
        guard let table = leases else { return nil }
        let order = workers.map { (table.leases(of: $0.id).count, $0) }
            .sorted { ($0.0, $0.1.id) < ($1.0, $1.1.id) }
        for (_, worker) in order {
            // Where files are shared, order beats ownership: the source is read forward only.
            let preferred = worker.sharesData ? [] : owned(worker.id)
            let others = Set(workers.map(\.id)).subtracting([worker.id])
            if let lease = leases?.offer(
                to: worker.id, preferring: preferred, others: others, now: now)
            {
                return lease
            }
        }
        return nil
    }

    /// Whether what was committed since the last publication is worth one: a quarter more than
    /// was published, so that the work stays linear.
    func isPublicationDue(now: Instant) -> Bool {
        guard state == .encoding, pausedUntil == nil else { return false }
        return isComplete
            || now - lastPublished > .seconds(5) && committedRows > publishedRows
                && committedRows >= publishedRows + publishedRows / 4
    }
}
