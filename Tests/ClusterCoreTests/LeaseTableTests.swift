import ClusterCore
import Testing

@Suite struct LeaseTableTests {
    private let a = worker("a")
    private let b = worker("b")

    private func table(
        batches: Int, committed: Set<BatchNumber> = [], shards: Int = 4,
        rules: LeaseTable.Rules = .init(), grantsBefore: UInt64 = 0
    ) -> LeaseTable {
        LeaseTable(
            batchCount: batches, committed: committed, shardCount: shards, epoch: 3, rules: rules,
            grantsBefore: grantsBefore)
    }

    private func offer(
        _ table: inout LeaseTable, to worker: WorkerID, now: Instant = at(0)
    ) throws -> LeaseTable.Lease {
        let lease = table.offer(to: worker, preferring: [], now: now)
        return try #require(lease)
    }

    // MARK: Offers

    @Test func `an idle worker is offered the first pending batch`() throws {
        var table = table(
            batches: 3, committed: [BatchNumber(0)], rules: .init(duration: .seconds(10)))
        let lease = try offer(&table, to: a, now: at(7))
        #expect(lease.batch == BatchNumber(1))
        #expect(lease.worker == a)
        #expect(lease.deadline == at(17))
        #expect(table.leases(of: a) == [lease])
        #expect(table.lease(BatchNumber(1)) == lease)
    }

    @Test func `a worker that holds enough leases is offered none`() throws {
        var table = table(batches: 9)
        _ = try offer(&table, to: a)
        _ = try offer(&table, to: a)
        #expect(table.offer(to: a, preferring: [], now: at(0)) == nil)
        #expect(table.offer(to: b, preferring: [], now: at(0)) != nil)
    }

    @Test func `a batch of a shard the worker owns is preferred`() {
        var table = table(batches: 8)
        #expect(table.offer(to: a, preferring: shards(2), now: at(0))?.batch == BatchNumber(2))
        #expect(table.offer(to: a, preferring: shards(2), now: at(0))?.batch == BatchNumber(6))
        #expect(table.offer(to: b, preferring: [], now: at(0))?.batch == BatchNumber(0))
    }

    @Test func `an idle worker takes a foreign batch when none of its own is near`() {
        var table = table(batches: 8, rules: .init(preferenceWindow: 2))
        #expect(table.offer(to: a, preferring: shards(3), now: at(0))?.batch == BatchNumber(0))
    }

    @Test func `nothing is offered when nothing is pending`() throws {
        var table = table(batches: 1)
        _ = try offer(&table, to: a)
        #expect(table.offer(to: b, preferring: [], now: at(0)) == nil)
        #expect(!table.isComplete)
    }

    @Test func `a table without batches is complete from the start`() {
        var table = table(batches: 0)
        #expect(table.isComplete)
        #expect(table.offer(to: a, preferring: [], now: at(0)) == nil)
    }

    @Test func `what the catalog holds already is not offered and counts`() {
        var table = table(
            batches: 2, committed: [BatchNumber(0), BatchNumber(1), BatchNumber(99)])
        #expect(table.isComplete)
        #expect(table.committedCount == 2)
        #expect(table.offer(to: a, preferring: [], now: at(0)) == nil)
    }

    // MARK: Invariant 1: one attempt at a time, and attempts only grow

    @Test func `each grant has a larger attempt, in the epoch of its table`() throws {
        var table = table(batches: 3)
        let first = try offer(&table, to: a)
        #expect(first.attempt == Attempt(epoch: 3, count: 1))
        _ = table.workerLost(a)
        let second = try offer(&table, to: b)
        #expect(second.batch == first.batch)
        #expect(second.attempt > first.attempt)
    }

    /// A run that is interrupted and begun again under one coordinator has two tables of one epoch.
    @Test func `a second table of one epoch goes on counting where the first stopped`() throws {
        var first = table(batches: 3)
        _ = try offer(&first, to: a)
        let last = try offer(&first, to: a)
        var second = table(batches: 3, grantsBefore: first.grantCount)
        #expect(try offer(&second, to: b).attempt > last.attempt)
    }

    // MARK: Invariant 2: only the attempt on record can be staged

    @Test func `the segment of the attempt on record is to be committed`() throws {
        var table = table(batches: 1)
        let lease = try offer(&table, to: a)
        #expect(table.segmentReady(lease.batch, attempt: lease.attempt) == .commit)
        #expect(table.segmentReady(lease.batch, attempt: lease.attempt) == .alreadyStaged)
    }

    @Test func `the segment of a lost lease is stale, granted again or not`() throws {
        var table = table(batches: 1)
        let lost = try offer(&table, to: a)
        _ = table.workerLost(a)
        #expect(table.segmentReady(lost.batch, attempt: lost.attempt) == .stale)
        let current = try offer(&table, to: b)
        #expect(table.segmentReady(lost.batch, attempt: lost.attempt) == .stale)
        #expect(table.segmentReady(current.batch, attempt: current.attempt) == .commit)
        #expect(table.segmentReady(lost.batch, attempt: lost.attempt) == .stale)
    }

    @Test func `a report of a batch that does not exist is stale`() {
        var table = table(batches: 1)
        #expect(table.segmentReady(BatchNumber(1), attempt: Attempt(1)) == .stale)
        #expect(table.segmentReady(BatchNumber(-1), attempt: Attempt(1)) == .stale)
        #expect(table.failed(BatchNumber(.max), attempt: Attempt(1), now: at(0)) == .stale)
        table.givenBack(BatchNumber(.min), attempt: Attempt(1))
        #expect(table.lease(BatchNumber(.max)) == nil)
    }

    // MARK: Invariant 3: a staged batch is taken from nobody

    @Test func `a staged batch outlives its worker and its deadline`() throws {
        var table = table(batches: 1)
        let lease = try offer(&table, to: a)
        _ = table.segmentReady(lease.batch, attempt: lease.attempt)
        #expect(table.workerLost(a).isEmpty)
        #expect(table.expire(now: at(100_000)).isEmpty)
        #expect(table.failed(lease.batch, attempt: lease.attempt, now: at(0)) == .stale)
        table.givenBack(lease.batch, attempt: lease.attempt)
        #expect(table.offer(to: b, preferring: [], now: at(0)) == nil)
        table.committed(lease.batch)
        #expect(table.isComplete)
    }

    @Test func `a batch whose commit failed is offered again`() throws {
        var table = table(batches: 1)
        let lease = try offer(&table, to: a)
        _ = table.segmentReady(lease.batch, attempt: lease.attempt)
        table.commitFailed(lease.batch)
        #expect(table.leases(of: a).isEmpty)
        #expect(table.segmentReady(lease.batch, attempt: lease.attempt) == .stale)
        #expect(try offer(&table, to: b).batch == lease.batch)
    }

    // MARK: Invariant 4: committed is final

    @Test func `a committed batch is never offered, failed or expired`() throws {
        var table = table(batches: 1)
        let lease = try offer(&table, to: a)
        _ = table.segmentReady(lease.batch, attempt: lease.attempt)
        table.committed(lease.batch)
        #expect(table.workerLost(a).isEmpty)
        #expect(table.expire(now: at(100_000)).isEmpty)
        #expect(table.failed(lease.batch, attempt: lease.attempt, now: at(0)) == .stale)
        table.givenBack(lease.batch, attempt: lease.attempt)
        #expect(table.offer(to: b, preferring: [], now: at(0)) == nil)
        #expect(table.isComplete)
    }

    @Test func `a lost acknowledgement is given again to the attempt that won alone`() throws {
        var table = table(batches: 1)
        let loser = try offer(&table, to: b)
        _ = table.workerLost(b)
        let lease = try offer(&table, to: a)
        _ = table.segmentReady(lease.batch, attempt: lease.attempt)
        table.committed(lease.batch)
        #expect(table.segmentReady(lease.batch, attempt: lease.attempt) == .acknowledgeAgain)
        #expect(table.segmentReady(loser.batch, attempt: loser.attempt) == .stale)
    }

    @Test func `a batch committed before this epoch acknowledges nobody`() {
        var table = table(batches: 1, committed: [BatchNumber(0)])
        #expect(table.segmentReady(BatchNumber(0), attempt: Attempt(epoch: 2, count: 1)) == .stale)
    }

    // MARK: Invariant 5: few leases per worker

    @Test func `a lost worker gives back its leases, two at most`() throws {
        var table = table(batches: 9)
        let held = [try offer(&table, to: a), try offer(&table, to: a)]
        let other = try offer(&table, to: b)
        #expect(table.workerLost(a) == held)
        #expect(table.leases(of: a).isEmpty)
        #expect(table.leases(of: b) == [other])
        #expect(try offer(&table, to: b).batch == held[0].batch)
        #expect(table.repeatedCount == 1)
        #expect(table.workerLost(a).isEmpty)
    }

    @Test func `a staged batch still counts against its worker`() throws {
        var table = table(batches: 9)
        for _ in 0..<2 {
            let lease = try offer(&table, to: a)
            _ = table.segmentReady(lease.batch, attempt: lease.attempt)
        }
        #expect(table.offer(to: a, preferring: [], now: at(0)) == nil)
        table.committed(BatchNumber(0))
        #expect(table.offer(to: a, preferring: [], now: at(0)) != nil)
    }

    // MARK: Expiry

    @Test func `an expired lease is offered again`() throws {
        var table = table(batches: 1, rules: .init(duration: .seconds(10)))
        let lease = try offer(&table, to: a)
        #expect(table.expire(now: Instant(nanoseconds: 9_999_999_999)).isEmpty)
        #expect(table.expire(now: at(10)) == [lease])
        #expect(try offer(&table, to: b, now: at(10)).deadline == at(20))
    }

    @Test func `progress of a worker renews its leases and no others`() throws {
        var table = table(batches: 2, rules: .init(duration: .seconds(10)))
        let mine = try offer(&table, to: a)
        let other = try offer(&table, to: b)
        table.progressed(a, now: at(5))
        #expect(table.expire(now: at(10)) == [other])
        #expect(table.leases(of: a).map(\.batch) == [mine.batch])
        #expect(table.expire(now: at(15)).map(\.attempt) == [mine.attempt])
    }

    /// A worker encodes in the order of its grants.
    ///
    /// When a later lease is done, the earlier one never reached it, or its report was lost, and
    /// progress is not of this lease.
    @Test func `progress does not renew a lease that a later one has overtaken`() throws {
        var table = table(batches: 9, rules: .init(duration: .seconds(10)))
        let lost = try offer(&table, to: a)
        let later = try offer(&table, to: a)
        _ = table.segmentReady(later.batch, attempt: later.attempt)
        table.committed(later.batch)
        let next = try offer(&table, to: a, now: at(5))
        table.progressed(a, now: at(9))
        #expect(table.expire(now: at(10)).map(\.attempt) == [lost.attempt])
        #expect(table.leases(of: a).map(\.attempt) == [next.attempt])
    }

    @Test func `the report of an overtaken lease is still taken before it expires`() throws {
        var table = table(batches: 9)
        let first = try offer(&table, to: a)
        let later = try offer(&table, to: a)
        _ = table.segmentReady(later.batch, attempt: later.attempt)
        #expect(table.segmentReady(first.batch, attempt: first.attempt) == .commit)
    }

    // MARK: Failures

    @Test func `a failed batch is tried again until it has failed too often`() throws {
        var table = table(batches: 1, rules: .init(failuresAllowed: 2))
        let first = try offer(&table, to: a)
        #expect(table.failed(first.batch, attempt: first.attempt, now: at(0)) == .retry)
        #expect(table.failed(first.batch, attempt: first.attempt, now: at(0)) == .stale)
        let second = try offer(&table, to: b)
        #expect(table.failed(second.batch, attempt: second.attempt, now: at(0)) == .giveUp)
    }

    @Test func `a batch that failed at a worker goes to another first`() throws {
        var table = table(batches: 2)
        let first = try offer(&table, to: a)
        #expect(table.failed(first.batch, attempt: first.attempt, now: at(0)) == .retry)
        let next = table.offer(to: a, preferring: [], others: [b], now: at(0))
        #expect(next?.batch == BatchNumber(1))
        #expect(table.offer(to: a, preferring: [], others: [b], now: at(0)) == nil)
        let second = table.offer(to: b, preferring: [], others: [a], now: at(0))
        #expect(second?.batch == first.batch)
        // Where it failed at each of them, anybody may try again.
        let attempt = try #require(second?.attempt)
        #expect(table.failed(first.batch, attempt: attempt, now: at(0)) == .retry)
        #expect(
            table.offer(to: a, preferring: [], others: [b], now: at(0))?.batch == first.batch)
    }

    @Test func `a worker that fails time after time rests while others can encode`() throws {
        var table = table(batches: 9)
        for _ in 0..<3 {
            let offered = table.offer(to: a, preferring: [], others: [b], now: at(0))
            let lease = try #require(offered)
            #expect(table.failed(lease.batch, attempt: lease.attempt, now: at(0)) == .retry)
        }
        #expect(table.failingWorkers == [a])
        #expect(table.offer(to: a, preferring: [], others: [b], now: at(59)) == nil)
        // Its fault ends no run: each of its batches has failed once, and others go on.
        for number in 0..<3 {
            let offered = table.offer(to: b, preferring: [], others: [a], now: at(1))
            let lease = try #require(offered)
            #expect(lease.batch == BatchNumber(number))
            _ = table.segmentReady(lease.batch, attempt: lease.attempt)
            table.committed(lease.batch)
        }
        let offered = table.offer(to: a, preferring: [], others: [b], now: at(60))
        let later = try #require(offered)
        _ = table.segmentReady(later.batch, attempt: later.attempt)
        #expect(table.failingWorkers == [])
        #expect(table.offer(to: a, preferring: [], others: [b], now: at(61)) != nil)
    }

    @Test func `a worker that is alone is given what it failed until that is too often`() throws {
        var table = table(batches: 9)
        for round in 0..<3 {
            let lease = try offer(&table, to: a)
            #expect(lease.batch == BatchNumber(0))
            let decision = table.failed(lease.batch, attempt: lease.attempt, now: at(0))
            #expect(decision == (round < 2 ? .retry : .giveUp))
        }
    }

    @Test func `a batch given back is no failure of the batch`() throws {
        var table = table(batches: 1, rules: .init(failuresAllowed: 1))
        for _ in 0..<5 {
            let lease = try offer(&table, to: a)
            table.givenBack(lease.batch, attempt: lease.attempt)
        }
        let lease = try offer(&table, to: a)
        table.givenBack(lease.batch, attempt: Attempt(1))
        #expect(table.lease(lease.batch) == lease)
        #expect(table.failed(lease.batch, attempt: lease.attempt, now: at(0)) == .giveUp)
    }
}
