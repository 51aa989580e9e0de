/// Who encodes which batch, decided so that every batch is committed exactly once.
///
/// States of a batch and what moves it:
///
///     pending ─offer─▶ leased(attempt) ─segmentReady─▶ staged(attempt) ─committed─▶ committed
///        ▲                  │                                │
///        └── workerLost, expired, failed, givenBack          └── commitFailed ──▶ pending
///
/// Invariants:
/// 1. A batch is leased or staged under one attempt at a time, and attempts only grow.
/// 2. Only the attempt on record can be staged; any other report is stale and its file is garbage.
/// 3. A staged batch is taken from nobody: the commit under way decides.
/// 4. `committed` is final.
/// 5. A worker holds at most `leasesPerWorker` leases, so its death repeats at most that many
///    batches.
/// 6. A lease whose messages were lost expires, however busy its worker is with others: a worker
///    encodes in the order of its grants, so what comes after a later lease's report is not of it.
/// 7. A batch that failed at a worker goes to another first, and a worker that fails time after
///    time rests while others can encode: its fault ends no run.
public struct LeaseTable: Sendable {
    /// How leases are given.
    public struct Rules: Sendable {
        /// Leases one worker may hold at once: one being encoded, the next on its way.
        public var leasesPerWorker: Int
        /// Time without progress after which a lease returns.
        public var duration: Duration
        /// Failures of one batch after which the job stops instead of trying again, and of one
        /// worker in a row after which it rests.
        public var failuresAllowed: Int
        /// How long such a worker is given nothing while others can encode.
        public var rest: Duration
        /// How far beyond the first pending batch an offer looks for one of the worker's own
        /// shards.
        public var preferenceWindow: Int

        /// Makes rules; the defaults suit a local cluster.
        public init(
            leasesPerWorker: Int = 2, duration: Duration = .seconds(60), failuresAllowed: Int = 3,
            rest: Duration = .seconds(60), preferenceWindow: Int = 64
        ) {
            self.leasesPerWorker = leasesPerWorker
            self.duration = duration
            self.failuresAllowed = failuresAllowed
            self.rest = rest
            self.preferenceWindow = preferenceWindow
        }
    }

    /// A granted lease.
    public struct Lease: Hashable, Sendable {
        /// The batch to encode.
        public var batch: BatchNumber
        /// The fencing token that must come back with the segment.
        public var attempt: Attempt
        /// The holder.
        public var worker: WorkerID
        /// When it returns unless progress is heard of.
        public var deadline: Instant
    }

    /// What to do with a reported segment.
    public enum ReadyDecision: Hashable, Sendable {
        /// Enter the segment into the catalog, then call `committed` or `commitFailed`.
        case commit
        /// This very attempt is committed already: its acknowledgement was lost, send it again.
        case acknowledgeAgain
        /// The same report is being committed: nothing to do, the answer is on its way.
        case alreadyStaged
        /// Another attempt owns or has committed the batch: refuse, the file is garbage.
        case stale
    }

    /// What to do after a worker reported a failure.
    public enum FailureDecision: Hashable, Sendable {
        /// The batch is pending again.
        case retry
        /// It failed too often: stop the job and tell the user.
        case giveUp
        /// The report belongs to an older attempt.
        case stale
    }

    private enum State: Sendable {
        case pending
        case leased(Lease)
        case staged(Lease)
        case committed(Attempt?)
    }

    /// The rules in force.
    public let rules: Rules
    /// Number of shards, for the preference of owners.
    public let shardCount: Int
    private let epoch: UInt64
    private var states: [State]
    private var failures: [BatchNumber: Int] = [:]
    /// The workers at which each batch failed.
    private var failedAt: [BatchNumber: Set<WorkerID>] = [:]
    /// Failures of each worker since its last success, and when the last one came.
    private var failing: [WorkerID: (count: Int, last: Instant)] = [:]
    private var held: [WorkerID: Set<BatchNumber>] = [:]
    /// The latest attempt each worker has reported on.
    private var reported: [WorkerID: Attempt] = [:]
    /// No batch below this one is pending.
    private var firstPending = 0

    /// Number of grants in this epoch, those of earlier tables included.
    public private(set) var grantCount: UInt64
    /// Number of batches committed.
    public private(set) var committedCount = 0
    /// Number of grants of batches that had been granted before in this epoch.
    public private(set) var repeatedCount = 0
    private var granted: Set<BatchNumber> = []

    /// Makes the table of a source with `batchCount` batches, of which `committed` are done
    /// already.
    ///
    /// - Parameters:
    ///   - epoch: The coordinator's epoch, below 2³².
    ///   - grantsBefore: `grantCount` of the table before this one in the same epoch: a run that is
    ///     interrupted and begun again must not grant an attempt twice.
    public init(
        batchCount: Int, committed: Set<BatchNumber>, shardCount: Int, epoch: UInt64,
        rules: Rules = Rules(), grantsBefore: UInt64 = 0
    ) {
        self.rules = rules
        self.shardCount = shardCount
        self.epoch = epoch
        grantCount = grantsBefore
        states = Array(repeating: .pending, count: batchCount)
        for batch in committed where batch.rawValue < batchCount {
            states[batch.rawValue] = .committed(nil)
        }
        committedCount = committed.count { $0.rawValue < batchCount }
    }

    /// Number of batches in all.
    public var batchCount: Int { states.count }

    /// True when every batch is committed.
    public var isComplete: Bool { committedCount == states.count }

    /// The leases now held by `worker`, in order of batch.
    public func leases(of worker: WorkerID) -> [Lease] {
        (held[worker] ?? []).sorted().compactMap(lease)
    }

    /// The workers that fail whatever they are given.
    package var failingWorkers: [WorkerID] {
        failing.filter { $0.value.count >= rules.failuresAllowed }.keys.sorted()
    }

    /// The workers that hold leases, by name.
    package var holders: [WorkerID] { held.filter { !$0.value.isEmpty }.keys.sorted() }

    /// Whether the segment of `batch` is being committed.
    package func isStaged(_ batch: BatchNumber) -> Bool {
        guard states.indices.contains(batch.rawValue), case .staged = states[batch.rawValue] else {
            return false
        }
        return true
    }

    /// The lease or staging of `batch`, if there is one.
    public func lease(_ batch: BatchNumber) -> Lease? {
        guard states.indices.contains(batch.rawValue) else { return nil }
        switch states[batch.rawValue] {
        case .leased(let lease), .staged(let lease): return lease
        case .pending, .committed: return nil
        }
    }

    /// Grants `worker` a pending batch, or nil when it holds enough, rests, or none is pending that
    /// it may try.
    ///
    /// A batch of a shard the worker owns is preferred within the preference window; else the first
    /// pending batch is taken, so that an idle worker never waits.
    ///
    /// - Parameter others: The other workers that can encode.
    public mutating func offer(
        to worker: WorkerID, preferring owned: Set<ShardNumber>, others: Set<WorkerID> = [],
        now: Instant
    ) -> Lease? {
        guard held[worker, default: []].count < rules.leasesPerWorker else { return nil }
        let others = others.filter { !rests($0, now: now) }
        guard others.isEmpty || !rests(worker, now: now) else { return nil }
        while firstPending < states.count, !isPending(firstPending) { firstPending += 1 }
        func mayTry(_ index: Int) -> Bool {
            guard isPending(index) else { return false }
            guard let tried = failedAt[BatchNumber(index)], tried.contains(worker) else {
                return true
            }
            return others.isSubset(of: tried)
        }
        guard let first = (firstPending..<states.count).first(where: mayTry) else { return nil }
        var chosen = first
        if !owned.isEmpty {
            let end = min(states.count, firstPending + rules.preferenceWindow)
            chosen =
                (first..<max(first, end)).first {
                    mayTry($0) && owned.contains(BatchNumber($0).shard(of: shardCount))
                } ?? first
        }
        grantCount += 1
        let lease = Lease(
            batch: BatchNumber(chosen), attempt: Attempt(epoch: epoch, count: grantCount),
            worker: worker, deadline: now + rules.duration)
        states[chosen] = .leased(lease)
        held[worker, default: []].insert(lease.batch)
        if !granted.insert(lease.batch).inserted { repeatedCount += 1 }
        return lease
    }

    /// A worker says the segment of `batch` is on its disk.
    public mutating func segmentReady(_ batch: BatchNumber, attempt: Attempt) -> ReadyDecision {
        guard states.indices.contains(batch.rawValue) else { return .stale }
        switch states[batch.rawValue] {
        case .leased(let lease) where lease.attempt == attempt:
            states[batch.rawValue] = .staged(lease)
            reported(lease)
            failing[lease.worker] = nil
            return .commit
        case .staged(let lease) where lease.attempt == attempt:
            return .alreadyStaged
        case .committed(attempt):
            return .acknowledgeAgain
        case .pending, .leased, .staged, .committed:
            return .stale
        }
    }

    /// The catalog holds the segment of the staged `batch`.
    public mutating func committed(_ batch: BatchNumber) {
        guard case .staged(let lease) = states[batch.rawValue] else {
            preconditionFailure("batch \(batch.rawValue) committed without being staged")
        }
        states[batch.rawValue] = .committed(lease.attempt)
        held[lease.worker]?.remove(batch)
        committedCount += 1
    }

    /// The catalog refused or could not write the segment of the staged `batch`: it is pending
    /// again.
    public mutating func commitFailed(_ batch: BatchNumber) {
        guard case .staged(let lease) = states[batch.rawValue] else {
            preconditionFailure("batch \(batch.rawValue) failed to commit without being staged")
        }
        release(lease)
    }

    /// A worker could not encode `batch`.
    public mutating func failed(
        _ batch: BatchNumber, attempt: Attempt, now: Instant
    ) -> FailureDecision {
        guard states.indices.contains(batch.rawValue),
            case .leased(let lease) = states[batch.rawValue], lease.attempt == attempt
        else { return .stale }
        reported(lease)
        release(lease)
        failures[batch, default: 0] += 1
        failedAt[batch, default: []].insert(lease.worker)
        failing[lease.worker] = (failing[lease.worker, default: (0, now)].count + 1, now)
        return failures[batch, default: 0] >= rules.failuresAllowed ? .giveUp : .retry
    }

    /// A worker gives `batch` back for a reason that is not the batch's: a full disk, a missing
    /// folder.
    public mutating func givenBack(_ batch: BatchNumber, attempt: Attempt) {
        guard let lease = lease(batch), lease.attempt == attempt, isLeased(lease) else { return }
        reported(lease)
        release(lease)
    }

    /// A worker is gone: its leases are pending again, its staged batches stay with their commit.
    public mutating func workerLost(_ worker: WorkerID) -> [Lease] {
        let lost = leases(of: worker).filter(isLeased)
        lost.forEach { release($0) }
        reported[worker] = nil
        failing[worker] = nil
        return lost
    }

    /// A worker encodes: its leases run anew, except those that a later one has overtaken.
    public mutating func progressed(_ worker: WorkerID, now: Instant) {
        for batch in held[worker] ?? [] {
            guard case .leased(var lease) = states[batch.rawValue],
                lease.attempt > reported[worker] ?? Attempt(0)
            else { continue }
            lease.deadline = now + rules.duration
            states[batch.rawValue] = .leased(lease)
        }
    }

    /// Takes back the leases whose deadline has passed.
    public mutating func expire(now: Instant) -> [Lease] {
        let expired = held.keys.sorted().flatMap { leases(of: $0) }
            .filter { isLeased($0) && $0.deadline <= now }
        expired.forEach { release($0) }
        return expired
    }

    private func rests(_ worker: WorkerID, now: Instant) -> Bool {
        guard let failing = failing[worker] else { return false }
        return failing.count >= rules.failuresAllowed && now - failing.last < rules.rest
    }

    private func isPending(_ index: Int) -> Bool {
        if case .pending = states[index] { true } else { false }
    }

    private func isLeased(_ lease: Lease) -> Bool {
        if case .leased(let current) = states[lease.batch.rawValue] {
            current.attempt == lease.attempt
        } else {
            false
        }
    }

    private mutating func reported(_ lease: Lease) {
        reported[lease.worker] = max(lease.attempt, reported[lease.worker] ?? lease.attempt)
    }

    private mutating func release(_ lease: Lease) {
        states[lease.batch.rawValue] = .pending
        held[lease.worker]?.remove(lease.batch)
        firstPending = min(firstPending, lease.batch.rawValue)
    }
}
