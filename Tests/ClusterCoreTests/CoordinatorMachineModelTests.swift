import ClusterCore
import TestSupport
import Testing

/// Anything may happen to a coordinator's machine, in any order: it must not trap, and what must be
/// true of it is.
@Suite struct CoordinatorMachineModelTests {
    private struct Chance {
        var dice: Dice
        var run = CoordinatorRun(batches: 9, shards: 3)
        var effects: [CoordinatorMachine.Effect] = []
        var lives: UInt64 = 0
        var workers: [WorkerID] = []
        var granted: [LeaseTable.Lease] = []
        var commits: [Commit] = []
        var publications: [Publication] = []
        var reads: [(run: Int, batch: BatchNumber)] = []
        var inspections: [(SegmentReady, WorkerID)] = []
        var preparing: [Int] = []
        var pinned: [UInt64] = []
        var entered: [BatchNumber: SegmentRecord] = [:]

        mutating func happens(_ event: CoordinatorMachine.Event) {
            for effect in run.happens(event) { take(effect) }
        }

        private mutating func take(_ effect: CoordinatorMachine.Effect) {
            switch effect {
            case .prepare(let run): preparing.append(run.number)
            case .readBatch(let run, let batch): reads.append((run, batch))
            case .grant(let lease, _): granted.append(lease)
            case .inspect(let ready, let worker): inspections.append((ready, worker))
            case .commit(let commit): commits.append(commit)
            case .publish(let publication): publications.append(publication)
            case .pinned(_, let generation): pinned.append(generation.number)
            default: break
            }
        }

        mutating func anything() {
            let worker = dice.pick(workers) ?? WorkerID(name: "w0", incarnation: 0)
            switch dice.number(0...19) {
            case 0:
                lives += 1
                let id = WorkerID(name: "w\(dice.number(0...2))", incarnation: lives)
                workers.append(id)
                for effect in run.join(id, sharesData: dice.once(in: 2)) { take(effect) }
            case 1: happens(.worker(.unreachable(worker)))
            case 2:
                happens(
                    .worker(
                        .received(
                            .goodbye(Goodbye()), requestID: 0, frames: [], from: worker, .control)))
            case 3, 4:
                let beat = Heartbeat(
                    progress: UInt64(dice.number(0...3)), busy: dice.once(in: 2),
                    passagesEncoded: UInt64(dice.number(0...50)))
                happens(
                    .worker(
                        .received(
                            .heartbeat(beat), requestID: 0, frames: [], from: worker, .control)))
            case 5: for effect in run.index() { take(effect) }
            case 6:
                if dice.once(in: 4) {
                    happens(.index(.cancelled(by: .trusted, client: run.client)))
                }
            case 7, 8: prepare()
            case 9, 10:
                guard !reads.isEmpty else { return }
                let read = reads.removeFirst()
                happens(
                    .index(.batchRead(run: read.run, read.batch, bytes: dice.number(0...4_000_000)))
                )
            case 11, 12, 13: report(from: worker)
            case 14: finishInspection()
            case 15, 16: finishCommit()
            case 17: finishPublication()
            case 18: search()
            default:
                run.now = run.now + .milliseconds(dice.number(1...4000))
                happens(.tick)
            }
        }

        private mutating func prepare() {
            guard !preparing.isEmpty else { return }
            let number = preparing.removeFirst()
            guard run.machine.run?.number == number else {
                return happens(.index(.prepareLeft(run: number)))
            }
            if dice.once(in: 5) {
                let failure = Failure(code: .storage, message: "full")
                return happens(
                    .index(.prepareFailed(run: number, failure, wantsSpace: dice.once(in: 2))))
            }
            let segments = entered.values.sorted { $0.batch < $1.batch }
            for effect in run.prepared(segments) { take(effect) }
        }

        private mutating func report(from worker: WorkerID) {
            guard let lease = dice.pick(granted) else { return }
            let sender = dice.once(in: 4) ? worker : lease.worker
            if dice.once(in: 8) {
                let failed = LeaseFailed(
                    collection: "c", batch: UInt64(lease.batch.rawValue),
                    attempt: lease.attempt.rawValue, code: dice.once(in: 2) ? .storage : .internal)
                return happens(
                    .worker(
                        .received(
                            .leaseFailed(failed), requestID: 0, frames: [], from: sender, .control))
                )
            }
            let ready = run.ready(lease, rows: dice.once(in: 9) ? 3 : 10)
            happens(
                .worker(
                    .received(
                        .segmentReady(ready), requestID: 0, frames: [], from: sender, .control)))
        }

        private mutating func finishInspection() {
            guard !inspections.isEmpty else { return }
            let (ready, worker) = inspections.removeFirst()
            happens(.index(.inspected(ready, worker, fault: dice.once(in: 6) ? "gone" : nil)))
        }

        private mutating func finishCommit() {
            guard !commits.isEmpty else { return }
            let segment = commits.removeFirst().segment
            if dice.once(in: 5) {
                // Its answer may be lost although it was written.
                if dice.once(in: 2), entered[segment.batch] == nil {
                    entered[segment.batch] = segment
                }
                return happens(.index(.commitFailed(segment.attempt, reason: "full")))
            }
            let isNew = entered[segment.batch] == nil
            let standing = entered[segment.batch] ?? segment
            entered[segment.batch] = standing
            happens(.index(.committed(segment.attempt, standing: standing, isNew: isNew)))
        }

        private mutating func finishPublication() {
            guard !publications.isEmpty else { return }
            let publication = publications.removeFirst()
            happens(
                .index(
                    dice.once(in: 4)
                        ? .publishFailed(publication, reason: "full") : .published(publication)))
        }

        private mutating func search() {
            if let generation = pinned.popLast(), dice.once(in: 2) {
                return happens(.serving(.unpin("c", generation)))
            }
            happens(
                .serving(
                    .pin(
                        "c", waiter: 1, allowsPartial: dice.once(in: 2),
                        deadline: run.now + .milliseconds(dice.number(0...3000)))))
        }
    }

    @Test(arguments: 0..<200 as Range<UInt64>)
    func `whatever happens, what must be true is`(seed: UInt64) {
        var chance = Chance(dice: Dice(seed: seed))
        var attempts: Set<Attempt> = []
        for step in 0..<600 {
            chance.anything()
            let violations = chance.run.machine.violations
            guard violations.isEmpty else {
                return record("seed \(seed), step \(step): \(violations)")
            }
        }
        for lease in chance.granted {
            #expect(attempts.insert(lease.attempt).inserted, "an attempt is granted twice")
        }
    }
}
