import ClusterCore
import TestSupport
import Testing

/// The lease table as one would write it without care for speed: a dictionary and a list of events.
private struct PlainLeases {
    struct Entry: Equatable {
        var attempt: Attempt
        var worker: WorkerID
        var deadline: Instant
        var isStaged = false
        var isOvertaken = false
    }

    var entries: [Int: Entry] = [:]
    var committed: [Int: Attempt?] = [:]
    var failures: [Int: Int] = [:]

    func held(by worker: WorkerID) -> [Int] {
        entries.filter { $0.value.worker == worker }.keys.sorted()
    }

    func isPending(_ batch: Int) -> Bool {
        entries[batch] == nil && !committed.keys.contains(batch)
    }

    mutating func reported(_ batch: Int) {
        guard let entry = entries[batch] else { return }
        for (other, held) in entries where held.worker == entry.worker {
            if held.attempt < entry.attempt { entries[other]?.isOvertaken = true }
        }
    }

    mutating func release(where matches: (Entry) -> Bool) -> Set<Attempt> {
        let lost = entries.filter { !$0.value.isStaged && matches($0.value) }
        for batch in lost.keys { entries[batch] = nil }
        return Set(lost.values.map(\.attempt))
    }
}

/// One random run of a lease table beside the plain version.
private struct LeaseRun {
    let batchCount: Int
    let shardCount: Int
    let rules: LeaseTable.Rules
    let workers: [WorkerID]
    var dice: Dice
    var table: LeaseTable
    var plain = PlainLeases()
    /// Every attempt ever granted, with its batch: what late reports are drawn from.
    var granted: [(batch: Int, attempt: Attempt)] = []
    var now = at(0)

    init(seed: UInt64) {
        var dice = Dice(seed: seed)
        let batchCount = dice.below(24)
        shardCount = 1 + dice.below(5)
        rules = LeaseTable.Rules(
            leasesPerWorker: 1 + dice.below(3), duration: .seconds(10),
            failuresAllowed: 1 + dice.below(3), preferenceWindow: 1 + dice.below(8))
        workers = (0..<(1 + dice.below(4))).map { worker("w\($0)") }
        let before = (0..<batchCount).filter { _ in dice.once(in: 5) }
        (self.dice, self.batchCount) = (dice, batchCount)
        for batch in before { plain.committed[batch] = .some(nil) }
        table = LeaseTable(
            batchCount: batchCount, committed: Set(before.map { BatchNumber($0) }),
            shardCount: shardCount, epoch: 1 + seed % 3, rules: rules)
    }

    mutating func step() throws {
        now = now + .milliseconds(dice.below(2000))
        let someone = workers[dice.below(workers.count)]
        switch dice.below(9) {
        case 0...2: try offer(to: someone)
        case 3, 4: report()
        case 5: settle()
        case 6: fail()
        case 7: lose(someone)
        default: progress(someone)
        }
    }

    mutating func offer(to worker: WorkerID) throws {
        let owned = Set((0..<shardCount).filter { _ in dice.once(in: 3) }.map { ShardNumber($0) })
        let lease = table.offer(to: worker, preferring: owned, now: now)
        let pending = (0..<batchCount).filter { plain.isPending($0) }
        guard let first = pending.first, plain.held(by: worker).count < rules.leasesPerWorker else {
            #expect(lease == nil)
            return
        }
        let near = pending.filter { $0 < first + rules.preferenceWindow }
        let expected = near.first { owned.contains(ShardNumber($0 % shardCount)) } ?? first
        let granted = try #require(lease)
        #expect(granted.batch.rawValue == expected)
        #expect(granted.worker == worker)
        #expect(granted.attempt > self.granted.last?.attempt ?? Attempt(0), "attempts only grow")
        plain.entries[expected] = .init(
            attempt: granted.attempt, worker: worker, deadline: now + rules.duration)
        self.granted.append((expected, granted.attempt))
    }

    mutating func report() {
        guard let (batch, attempt) = dice.pick(granted) else { return }
        let decision = table.segmentReady(BatchNumber(batch), attempt: attempt)
        if let entry = plain.entries[batch], entry.attempt == attempt {
            #expect(decision == (entry.isStaged ? .alreadyStaged : .commit))
            if !entry.isStaged { plain.reported(batch) }
            plain.entries[batch]?.isStaged = true
        } else {
            #expect(decision == (plain.committed[batch] == attempt ? .acknowledgeAgain : .stale))
        }
    }

    mutating func settle() {
        let staged = plain.entries.filter { $0.value.isStaged }.keys.sorted()
        guard let batch = dice.pick(staged) else { return }
        guard let entry = plain.entries.removeValue(forKey: batch) else { return }
        if dice.once(in: 4) {
            table.commitFailed(BatchNumber(batch))
        } else {
            table.committed(BatchNumber(batch))
            #expect(plain.committed.updateValue(entry.attempt, forKey: batch) == nil)
        }
    }

    mutating func fail() {
        guard let (batch, attempt) = dice.pick(granted) else { return }
        let entry = plain.entries[batch]
        let isCurrent = entry?.attempt == attempt && entry?.isStaged == false
        if isCurrent { plain.reported(batch) }
        if dice.once(in: 2) {
            table.givenBack(BatchNumber(batch), attempt: attempt)
        } else {
            let decision = table.failed(BatchNumber(batch), attempt: attempt, now: now)
            if isCurrent { plain.failures[batch, default: 0] += 1 }
            let isTooOften = plain.failures[batch, default: 0] >= rules.failuresAllowed
            #expect(decision == (!isCurrent ? .stale : isTooOften ? .giveUp : .retry))
        }
        if isCurrent { plain.entries[batch] = nil }
    }

    mutating func lose(_ worker: WorkerID) {
        let lost = table.workerLost(worker)
        #expect(lost.count <= rules.leasesPerWorker)
        #expect(Set(lost.map(\.attempt)) == plain.release { $0.worker == worker })
    }

    mutating func progress(_ worker: WorkerID) {
        if dice.once(in: 2) {
            table.progressed(worker, now: now)
            for (batch, entry) in plain.entries where entry.worker == worker {
                guard !entry.isStaged, !entry.isOvertaken else { continue }
                plain.entries[batch]?.deadline = now + rules.duration
            }
        } else {
            let expired = table.expire(now: now)
            #expect(Set(expired.map(\.attempt)) == plain.release { $0.deadline <= now })
        }
    }

    func compare() {
        for batch in -1...batchCount {
            let lease = table.lease(BatchNumber(batch))
            let entry = plain.entries[batch]
            #expect(lease?.attempt == entry?.attempt)
            #expect(lease?.worker == entry?.worker)
            if entry?.isStaged == false { #expect(lease?.deadline == entry?.deadline) }
        }
        for worker in workers {
            #expect(table.leases(of: worker).map(\.batch.rawValue) == plain.held(by: worker))
        }
        #expect(table.committedCount == plain.committed.count)
        #expect(table.isComplete == (plain.committed.count == batchCount))
        #expect(table.repeatedCount == granted.count - Set(granted.map(\.batch)).count)
        #expect(table.grantCount == UInt64(granted.count))
    }
}

@Suite struct LeaseTableModelTests {
    @Test(arguments: 0..<60 as Range<UInt64>)
    func `random events leave the table and a dictionary agree`(seed: UInt64) throws {
        var run = LeaseRun(seed: seed)
        for _ in 0..<300 {
            try run.step()
            run.compare()
        }
    }
}
