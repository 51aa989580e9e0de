import ClusterCore
import TestSupport
import Testing

/// Random events, most of which make sense, in any order.
private struct RandomWorker {
    var dice: Dice
    var run = WorkerRun(isMember: false)
    /// Completions that may come, once, twice or late.
    var completions: [WorkerMachine.Event] = []
    // What a shell holds by now.
    var passages: Set<LeaseKey> = []
    var copies: Set<SegmentKey> = []
    var building: Set<WorkID> = []
    var indexes: Set<WorkID> = []

    init(seed: UInt64) { dice = Dice(seed: seed) }

    mutating func small() -> UInt64 { UInt64(dice.below(4)) }

    mutating func step() -> [WorkerMachine.Effect] {
        run.wait(dice.milliseconds(0...(dice.once(in: 50) ? 20_000 : 300)))
        let effects: [WorkerMachine.Effect]
        switch dice.below(10) {
        case 0: effects = run.happens(.tick)
        case 1...5: effects = message()
        case 6: effects = happens(disturbance())
        default:
            guard !completions.isEmpty else { return [] }
            let index = dice.below(completions.count)
            let event = dice.once(in: 10) ? completions[index] : completions.remove(at: index)
            effects = happens(event)
        }
        for effect in effects { follow(effect) }
        if completions.count > 400 { completions.removeFirst(200) }
        return effects
    }

    private mutating func happens(_ event: WorkerMachine.Event) -> [WorkerMachine.Effect] {
        switch event {
        case .shardBuilt(let work): if building.remove(work) != nil { indexes.insert(work) }
        case .loadFailed(let work, _, _): building.remove(work)
        default: break
        }
        return run.happens(event)
    }

    /// Shards that answer, over all generations.
    var servedCount: Int {
        (0..<4).reduce(0) {
            $0 + run.machine.rows(of: GenerationKey(collection: "c", generation: $1)).count
        }
    }

    private mutating func disturbance() -> WorkerMachine.Event {
        switch dice.below(6) {
        case 0: .disconnected(dice.pick(Lane.allCases) ?? .control)
        case 1: .rejected("no")
        case 2: .notConnected(.query)
        case 3: .encoderPrepared(nil)
        case 4: .shardBuilt(WorkID(UInt64(dice.below(200))))
        default: .leaseFailed(WorkerRun.key(small()), Failure(code: .storage))
        }
    }

    private mutating func message() -> [WorkerMachine.Effect] {
        if dice.once(in: 12) { return run.welcome(epoch: 1 + small() / 2) }
        let lane = dice.pick(Lane.allCases) ?? .control
        let epoch = dice.once(in: 10) ? small() : run.machine.epoch
        let requestID = UInt64(dice.below(40))
        let (message, frames) = content()
        return run.receive(message, on: lane, requestID: requestID, frames: frames, epoch: epoch)
    }

    private mutating func content() -> (Message, [[UInt8]]) {
        let attempt = UInt64(dice.below(40))
        let (generation, shard) = (small(), UInt32(small()))
        let key = WorkerRun.key(attempt)
        switch dice.below(16) {
        case 0, 1:
            var grant = WorkerRun.grant(attempt, bytes: small() * 2)
            grant.encoder?.fingerprint = "f\(dice.below(12))"
            if dice.once(in: 10) { grant.encoder = nil }
            return (.leaseGrant(grant), [])
        case 2, 3:
            return (
                WorkerRun.chunk(attempt, offset: small() / 2 * 2),
                [[UInt8](repeating: 0, count: dice.below(5))]
            )
        case 4:
            return (.commitAck(CommitAck(collection: "c", batch: key.batch, attempt: attempt)), [])
        case 5:
            return (
                .leaseRevoke(LeaseRevoke(collection: "c", batch: key.batch, attempt: attempt)), []
            )
        case 6: return (.prepareEncoder(PrepareEncoder(model: "m")), [])
        case 7, 8: return (.loadGeneration(WorkerRun.load(generation, shard, shard + 1)), [])
        case 9:
            return (
                .unloadGeneration(UnloadGeneration(collection: "c", generation: generation)), []
            )
        case 10:
            let bytes = [UInt8](repeating: 0, count: dice.below(12))
            return (.segmentChunk(SegmentChunk(total: 10, missing: dice.once(in: 5))), [bytes])
        case 11, 12:
            return (
                .search(Search(collection: "c", generation: generation, shards: [shard])), [[0]]
            )
        case 13: return (.cancel(Cancel(requestID: UInt64(dice.below(40)))), [])
        case 14: return (.segmentRequest(SegmentRequest(collection: "c", sha256: "s")), [])
        default:
            guard dice.once(in: 4) else {
                return (.fetch(Fetch(collection: "c", generation: generation)), [[0]])
            }
            return (.failure(Failure(code: dice.once(in: 2) ? .notFound : .storage)), [])
        }
    }

    private mutating func hold(_ effect: WorkerMachine.Effect) {
        switch effect {
        case .keepPassages(let key, _): passages.insert(key)
        case .dropPassages(let key), .encode(let key, _, _): passages.remove(key)
        case .keepPart(let key, _): copies.insert(key)
        case .storeCopy(_, let key), .dropCopy(let key): copies.remove(key)
        case .buildShard(let work, _, _): building.insert(work)
        case .dropIndexes(let works): indexes.subtract(works)
        default: break
        }
    }

    /// What a shell may say later of an effect.
    private mutating func follow(_ effect: WorkerMachine.Effect) {
        hold(effect)
        switch effect {
        case .loadEncoder(let spec, let key):
            let loaded = EncoderKey(fingerprint: spec.fingerprint, settings: spec.settings)
            completions.append(
                dice.once(in: 5)
                    ? .leaseFailed(key, Failure(code: .input))
                    : .encoderLoaded(loaded, for: key))
        case .prepareEncoder: completions.append(.encoderPrepared(WorkerRun.encoderKey))
        case .encode(let key, _, _): completions.append(.encoded(key, Cuts()))
        case .writeSegment(let key):
            completions += [.segmentWritten(key, WorkerRun.facts), .segmentSynced(key)]
            completions.append(.segmentSynced(key))
        case .openSegment(let work, _):
            completions.append(
                dice.once(in: 3)
                    ? .segmentAbsent(work)
                    : .segmentOpened(work, WorkerRun.opened(dimension: dice.once(in: 9) ? 4 : 3)))
        case .storeCopy(let work, _): completions.append(.segmentStored(work))
        case .buildShard(let work, _, _):
            completions.append(
                dice.once(in: 6)
                    ? .loadFailed(work, reason: "no", isLasting: false) : .shardBuilt(work))
            let damage = WorkerMachine.DamagedShard(index: work, files: ["f": "damaged"])
            if dice.once(in: 6) { completions.append(.damaged([damage])) }
        case .search(let work, _, _, _):
            completions.append(
                dice.once(in: 4)
                    ? .passedOver(work) : .searched(work, SearchResult(), frames: []))
        case .fetch(let work, _, _, _):
            completions.append(.requestFailed(work, Failure(code: .unavailable)))
        case .readPart(let work, _):
            completions.append(.partRead(work, SegmentChunk(), frames: [[]]))
        default: break
        }
    }
}

@Suite struct WorkerMachineModelTests {
    @Test(arguments: 0..<40 as Range<UInt64>)
    func `random events trap nothing, keep every list bounded and every invariant`(seed: UInt64) {
        var worker = RandomWorker(seed: seed)
        var (mostPassages, mostIndexes) = (0, 0)
        for step in 0..<4000 {
            _ = worker.step()
            var violations = worker.run.machine.violations
            // What a shell keeps for a machine that forgot it would stay for ever.
            if worker.passages.count > 9 { violations.append("passages are left over") }
            if worker.copies.count > 1 { violations.append("copies are left over") }
            if worker.indexes.count != worker.servedCount {
                violations.append("the shell's indexes are not those that answer")
            }
            guard violations.isEmpty else {
                Issue.record("seed \(seed), step \(step): \(violations)")
                return
            }
            mostPassages = max(mostPassages, worker.passages.count)
            mostIndexes = max(mostIndexes, worker.indexes.count)
        }
        // The events have led somewhere.
        #expect(mostPassages > 1 && mostIndexes > 1)
    }

    @Test(arguments: [ProtocolRule.epochFence, .syncBeforePublish, .pinnedAnswer])
    func `a rule that is broken is seen by the invariants`(rule: ProtocolRule) {
        let isSeen = (0..<40 as Range<UInt64>).contains { seed in
            var worker = RandomWorker(seed: seed)
            worker.run.machine.broken = rule
            return (0..<4000).contains { _ in
                _ = worker.step()
                return !worker.run.machine.violations.isEmpty
            }
        }
        #expect(isSeen)
    }

    @Test func `what a worker is told in the same order it does the same`() {
        for seed in 0..<5 as Range<UInt64> {
            var (first, second) = (RandomWorker(seed: seed), RandomWorker(seed: seed))
            for _ in 0..<2000 { #expect(first.step() == second.step()) }
        }
    }
}

extension Dice {
    /// A duration within a range of milliseconds.
    fileprivate mutating func milliseconds(_ range: ClosedRange<Int>) -> Duration {
        .milliseconds(number(range))
    }
}
