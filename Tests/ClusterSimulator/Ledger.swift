import ClusterCore

/// A request of one life of the coordinator.
struct RequestKey: Hashable {
    var epoch: UInt64
    var requestID: UInt64
}

/// How a search ended, as the driver tells it.
struct SearchOutcome {
    var isStrict: Bool
    var deadline: Instant
    var generation: ServingTable.Generation
    var coverage: Coverage
    /// The answers taken, and the shards whose hits they brought: generation and shard of each hit.
    var requests: [RequestKey]
    var hits: [(generation: UInt8, shard: UInt8)]
    /// False where the user got an error.
    var isAnswer: Bool
    /// Whether that was for want of the passages that were found.
    var isMissingPassages: Bool
}

/// What really happened, told by those it happened to, and the rules it must obey.
///
/// It knows nothing of the state machines under test: it keeps its own books and compares.
final class Ledger {
    private let settings: SimulationSettings
    /// The first rule broken, if any.
    private(set) var violation: String?

    // Leases.
    private var lastAttempt = Attempt(0)
    private var current: [BatchNumber: Attempt] = [:]
    private var live: [Attempt: WorkerID] = [:]
    private var staged: Set<Attempt> = []
    /// Batches with a commit whose answer was lost.
    private var uncertain: Set<BatchNumber> = []
    private var encodeCounts: [BatchNumber: Int] = [:]
    private(set) var commits: [BatchNumber: Int] = [:]

    // Searches.
    /// What was answered to each request: more than once where it came more than once.
    private var answered: [RequestKey: [(generation: UInt64, rows: UInt64)]] = [:]
    private var firstRequests: Set<RequestKey> = []
    private(set) var answerCount = 0
    private(set) var errorCount = 0

    init(_ settings: SimulationSettings) {
        self.settings = settings
    }

    /// Encodings beyond the first of each batch.
    var repeatedCount: Int { encodeCounts.values.reduce(0) { $0 + $1 - 1 } }

    func require(_ holds: Bool, _ rule: @autoclosure () -> String) {
        if !holds, violation == nil { violation = rule() }
    }

    // MARK: Leases and commits

    func granted(_ lease: LeaseTable.Lease) {
        require(
            lease.attempt > lastAttempt,
            "attempts only grow: \(lease.attempt.rawValue) after \(lastAttempt.rawValue)")
        let former = current[lease.batch]
        require(
            former.map { live[$0] == nil } ?? true,
            "batch \(lease.batch.rawValue) has one owner at a time")
        require(
            commits[lease.batch] == nil || uncertain.contains(lease.batch),
            "batch \(lease.batch.rawValue) is committed already")
        lastAttempt = max(lastAttempt, lease.attempt)
        current[lease.batch] = lease.attempt
        live[lease.attempt] = lease.worker
    }

    func returned(_ leases: [LeaseTable.Lease]) {
        for lease in leases { live[lease.attempt] = nil }
    }

    func returned(_ attempt: Attempt) { live[attempt] = nil }

    /// A new life begins: what its name held before is pending again, or being committed.
    func joined(_ worker: WorkerID) {
        for (attempt, holder) in live where holder.name == worker.name {
            require(
                staged.contains(attempt), "\(holder) is gone and attempt \(attempt) still its own")
        }
    }

    /// A report of the attempt was taken: its commit decides.
    func staged(_ attempt: Attempt) { staged.insert(attempt) }

    func workerLost(_ leases: [LeaseTable.Lease]) {
        require(leases.count <= 2, "a lost worker held \(leases.count) leases, two are allowed")
        returned(leases)
    }

    /// A run or its coordinator ended: of what it granted only what is staged may be committed.
    func allReturned(except staged: Set<Attempt>) {
        live = live.filter { staged.contains($0.key) }
    }

    /// A worker that heeds the coordinator of `epoch` begins to encode.
    func encodes(_ batch: BatchNumber, _ attempt: Attempt, by worker: WorkerID, of epoch: UInt64) {
        require(
            attempt.epoch == epoch,
            "\(worker) of epoch \(epoch) encodes for the coordinator of epoch \(attempt.epoch)")
        encodeCounts[batch, default: 0] += 1
    }

    /// A segment enters the catalog, or is refused there as its batch has one.
    func committed(_ segment: SegmentRecord, isNew: Bool, isOnDisk: Bool) {
        let batch = segment.batch.rawValue
        require(live[segment.attempt] != nil, "a stale attempt at batch \(batch) was committed")
        require(
            current[segment.batch] == segment.attempt, "batch \(batch) has a newer attempt")
        require(
            segment.sha256 == settings.sha256(of: segment.batch)
                && segment.rows == UInt64(settings.rows(of: segment.batch)),
            "batch \(batch) was committed with another's content")
        require(isOnDisk, "batch \(batch) was committed before its file was on disk")
        guard isNew else {
            return require(commits[segment.batch] == 1, "the catalog refused batch \(batch)")
        }
        commits[segment.batch, default: 0] += 1
        require(commits[segment.batch] == 1, "batch \(batch) was committed twice")
    }

    /// A commit is about to be written, and its answer lost.
    func uncertain(_ batch: BatchNumber) { uncertain.insert(batch) }

    // MARK: Searches

    func answers(_ request: RequestKey, generation: UInt64, rows: UInt64) {
        answered[request, default: []].append((generation, rows))
    }

    /// The request goes to workers that hold its shards now; messages keep their order.
    func expectsShards(_ request: RequestKey) { firstRequests.insert(request) }

    func asked(
        _ worker: WorkerID, _ request: RequestKey, for shards: Set<ShardNumber>,
        holding held: Set<ShardNumber>, of epoch: UInt64
    ) {
        require(
            request.epoch == epoch,
            "\(worker) of epoch \(epoch) answers the coordinator of epoch \(request.epoch)")
        let missing = shards.subtracting(held).map(\.rawValue).sorted()
        require(
            missing.isEmpty || !firstRequests.contains(request),
            "\(worker) was named as a holder of shards \(missing), which it does not hold")
    }

    func ended(_ search: SearchOutcome, manifest: Manifest?, now: Instant) {
        if search.isAnswer { answerCount += 1 } else { errorCount += 1 }
        let coverage = search.coverage
        require(
            now <= search.deadline + QueryMachine.Rules().fetchSlack
                + SimulatedCoordinator.tickInterval * 2,
            "a search waited beyond its deadline")
        require(
            coverage.isComplete || !search.isStrict || !search.isAnswer,
            "a strict search was answered in part")
        require(
            manifest?.rows == search.generation.rows,
            "generation \(search.generation.number) was searched before it was published")
        require(
            coverage.rowsTotal == search.generation.rowCount,
            "coverage is of \(coverage.rowsTotal) rows, not \(search.generation.rowCount)")
        let told = search.requests.reduce([0] as Set<UInt64>) { sums, request in
            Set((answered[request] ?? []).flatMap { answer in sums.map { $0 + answer.rows } })
        }
        require(
            told.contains(coverage.rowsAnswered),
            "coverage says \(coverage.rowsAnswered) rows, workers that answered hold \(told)")
        let foreign = search.requests.contains { request in
            (answered[request] ?? []).allSatisfy { $0.generation != search.generation.number }
        }
        let number = UInt8(truncatingIfNeeded: search.generation.number)
        require(
            !foreign && search.hits.allSatisfy { $0.generation == number },
            "a search of generation \(search.generation.number) saw another")
        let shards = search.hits.map(\.shard)
        require(Set(shards).count == shards.count, "hits of one shard were merged twice")
        let rows = shards.reduce(0) { $0 + (search.generation.rows[ShardNumber(Int($1))] ?? 0) }
        require(
            rows == coverage.rowsAnswered, "hits and coverage are not of the same shards")
    }
}

extension Attempt {
    /// The epoch of the coordinator that granted it.
    var epoch: UInt64 { rawValue >> 32 }
}
