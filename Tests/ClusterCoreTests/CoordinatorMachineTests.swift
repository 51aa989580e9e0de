import ClusterCore
import Testing

@Suite struct CoordinatorMachineTests {
    private let a = WorkerID(name: "a", incarnation: 1)
    private let b = WorkerID(name: "b", incarnation: 1)

    /// A run that leases, and its first leases.
    private func running(
        _ workers: [WorkerID], batches: Int = 4
    ) -> (run: CoordinatorRun, leases: [LeaseTable.Lease]) {
        var run = CoordinatorRun(batches: batches)
        for worker in workers { run.join(worker) }
        run.index()
        let leases = grants(run.readAll(run.prepared()))
        return (run, leases)
    }

    // MARK: Workers

    @Test func `a worker belongs to the cluster once it is on every lane`() {
        var run = CoordinatorRun()
        let member = Membership.Member(
            id: a, host: "", processID: 1, threads: 1, sharesData: true, now: run.now)
        run.happens(.worker(.hello(member, .control, credit: 1)))
        run.happens(.worker(.hello(member, .query, credit: 0)))
        #expect(run.machine.roster.membership.all.isEmpty)
        run.happens(.worker(.hello(member, .bulk, credit: 0)))
        #expect(run.machine.roster.membership.isReady(a))
    }

    @Test func `what a life that is not on record says changes nothing`() {
        var (run, leases) = running([a])
        let old = WorkerID(name: "a", incarnation: 9)
        for message in [
            Message.heartbeat(Heartbeat(progress: 7)), .goodbye(Goodbye()),
            .segmentReady(run.ready(leases[0])), .credit(Credit(bytes: 1 << 20)),
            .generationLoaded(GenerationLoaded(collection: "c", generation: 1, shards: [0])),
        ] {
            let effects = run.receive(message, from: old)
            #expect(effects.count == 1)
            guard case .askForHello(old, .control) = effects.first else {
                Issue.record("\(effects)")
                continue
            }
        }
        #expect(run.machine.roster.membership.isReady(a))
    }

    @Test func `a name that was heard a moment ago is refused to another`() {
        var run = CoordinatorRun()
        run.join(a)
        let effects = run.join(WorkerID(name: "a", incarnation: 2))
        #expect(effects.count == Lane.allCases.count)
        for effect in effects {
            guard case .refuseName = effect else {
                Issue.record("\(effect)")
                continue
            }
        }
        run.now = run.now + .seconds(2)
        run.join(WorkerID(name: "a", incarnation: 2))
        #expect(run.machine.roster.membership.member(named: "a")?.id.incarnation == 2)
    }

    // MARK: Runs

    @Test func `a run begins when nothing of the one before it reads or writes`() {
        var (run, leases) = running([a])
        // A report is being committed while the run is ended and asked for again.
        let report = run.ready(leases[0])
        let inspected = run.receive(.segmentReady(report), from: a)
        #expect(inspected.count == 1)
        guard
            case .commit(let commit) = run.happens(
                .index(.inspected(report, a, fault: nil))
            ).first
        else { return record("the report is not committed") }
        run.happens(.index(.cancelled(by: .trusted, client: run.client)))
        #expect(run.machine.run == nil)
        #expect(run.index().isEmpty, "the commit is still under way")
        let effects = run.happens(
            .index(.committed(commit.segment.attempt, standing: commit.segment, isNew: true)))
        guard case .prepare = effects.first else { return record("\(effects)") }
        // And so it is with a preparation that goes on.
        run.happens(.index(.cancelled(by: .trusted, client: run.client)))
        guard let ended = run.machine.preparing else { return record("nothing is prepared") }
        #expect(run.index().isEmpty, "the preparation is still under way")
        let next = run.happens(.index(.prepareLeft(run: ended)))
        guard case .prepare(let again) = next.first else { return record("\(next)") }
        #expect(again.number > ended)
    }

    @Test func `the same request is a client that comes back, another has to wait`() {
        var (run, _) = running([a])
        #expect(run.index().isEmpty)
        let effects = run.index(["b.tsv"])
        guard case .busy(_, _, isSameCollection: true) = effects.first else {
            return record("\(effects)")
        }
    }

    @Test func `whoever gives the same request is told how it goes, and of its end`() {
        var (run, _) = running([a])
        let second = ClientAddress(PeerID(name: "second", incarnation: 1), .control, 9)
        run.happens(.index(.asked(run.request(), client: second, of: .trusted)))
        let told = run.tick(after: .seconds(5)).compactMap {
            if case .report(let client, _) = $0 { client } else { nil }
        }
        #expect(told == [run.client, second])
        let ended = run.happens(.index(.cancelled(by: .trusted, client: second)))
        let waiting = ended.compactMap {
            if case .runEnded(let run, _, _) = $0 { run.clients } else { nil }
        }
        #expect(waiting == [[run.client, second]])
        // One that comes back again and again takes no more room than others.
        run.index()
        for number in 0..<100 as Range<UInt64> {
            let client = ClientAddress(PeerID(name: "back", incarnation: 1), .control, number)
            run.happens(.index(.asked(run.request(), client: client, of: .trusted)))
        }
        #expect(run.machine.run?.clients.count == 64)
    }

    @Test func `a preparation that wants space is tried again`() {
        var run = CoordinatorRun()
        run.index()
        run.happens(
            .index(
                .prepareFailed(run: 1, Failure(code: .storage, message: "full"), wantsSpace: true))
        )
        #expect(run.machine.progress.state == .paused)
        #expect(
            !run.tick(after: .seconds(1)).contains { if case .prepare = $0 { true } else { false } }
        )
        #expect(
            run.tick(after: .seconds(2)).contains { if case .prepare = $0 { true } else { false } })
    }

    @Test func `all is committed, published, loaded, and then the run is over`() {
        var (run, leases) = running([a])
        var effects: [CoordinatorMachine.Effect] = []
        while !leases.isEmpty {
            effects = run.readAll(run.commit(leases.removeFirst()))
            leases += grants(effects)
        }
        guard let publication = effects.compactMap(published).first else {
            return record("nothing is published: \(effects)")
        }
        #expect(publication.isComplete && publication.segments.count == 4)
        effects = run.happens(.index(.published(publication)))
        #expect(run.machine.run?.state == .publishing, "nobody has loaded it")
        let load = loads(effects).first
        effects = run.receive(
            .generationLoaded(
                GenerationLoaded(
                    collection: "c", generation: 1, shards: [0, 1], loadID: load?.id ?? 0)),
            from: a)
        effects += run.tick(after: .milliseconds(50))
        #expect(run.machine.run == nil)
        #expect(run.machine.violations.isEmpty)
    }

    private func loads(_ effects: [CoordinatorMachine.Effect]) -> [ServingTable.Load] {
        effects.compactMap { if case .load(_, _, let load) = $0 { load } else { nil } }
    }

    private func published(_ effect: CoordinatorMachine.Effect) -> Publication? {
        if case .publish(let publication) = effect { publication } else { nil }
    }

    // MARK: Leases and commits

    @Test func `a worker that is away gives its leases back`() {
        var (run, leases) = running([a, b])
        #expect(leases.count == 4)
        let effects = run.happens(.worker(.unreachable(a)))
        let revoked = effects.compactMap { effect -> LeaseTable.Lease? in
            if case .revoke(let lease, _) = effect { lease } else { nil }
        }
        #expect(revoked.map(\.worker) == [a, a])
        #expect(run.machine.violations.isEmpty)
    }

    @Test func `what cannot be true is not committed, and is leased again`() {
        var (run, leases) = running([a, b])
        let lease = leases[0]
        let other = lease.worker == a ? b : a
        for (report, sender) in [
            (run.ready(lease, rows: 9), lease.worker), (run.ready(lease), other),
        ] {
            let effects = run.receive(.segmentReady(report), from: sender)
            #expect(acknowledged(effects) == [report.batch: false])
            #expect(run.machine.run?.leases?.lease(lease.batch)?.attempt != lease.attempt)
            break
        }
    }

    @Test func `a file that is not there is not committed`() {
        var (run, leases) = running([a])
        let report = run.ready(leases[0])
        let effects = run.receive(.segmentReady(report), from: a)
        guard case .inspect = effects.first else { return record("\(effects)") }
        let refused = run.happens(.index(.inspected(report, a, fault: "it is not there")))
        #expect(acknowledged(refused) == [report.batch: false])
    }

    @Test func `the segment that the catalog holds is the one that counts`() {
        var (run, leases) = running([a])
        let report = run.ready(leases[0])
        run.receive(.segmentReady(report), from: a)
        run.happens(.index(.inspected(report, a, fault: nil)))
        let standing = SegmentRecord(
            batch: leases[0].batch, sha256: "another", rows: 10, bytes: 50, attempt: Attempt(1))
        let effects = run.happens(
            .index(.committed(leases[0].attempt, standing: standing, isNew: false)))
        #expect(acknowledged(effects) == [report.batch: false])
        #expect(run.machine.run?.segments[leases[0].batch]?.sha256 == "another")
    }

    @Test func `a full catalog pauses the run, and the batch is leased again`() {
        var (run, leases) = running([a])
        let report = run.ready(leases[0])
        run.receive(.segmentReady(report), from: a)
        run.happens(.index(.inspected(report, a, fault: nil)))
        run.happens(.index(.commitFailed(leases[0].attempt, reason: "full")))
        #expect(run.machine.progress.state == .paused)
        run.now = run.now + .seconds(3)
        run.receive(.heartbeat(Heartbeat()), from: a)
        let again = grants(run.readAll(run.happens(.tick)))
        #expect(again.map(\.batch) == [leases[0].batch])
        #expect(again[0].attempt > leases[0].attempt)
    }

    // MARK: Searches

    @Test func `a search waits for a generation, but not for what cannot be loaded`() {
        var run = CoordinatorRun()
        run.join(a)
        run.happens(.serving(.opened("c", shardCount: 2, isWanted: true)))
        let rows = [ShardNumber(0): UInt64(5), ShardNumber(1): 5]
        let load = loads(
            run.happens(.serving(.found("c", ServingTable.Generation(number: 1, rows: rows)))))
        let id = load.first?.id ?? 0
        func pin(_ waiter: UInt64) -> [CoordinatorMachine.Effect] {
            run.happens(
                .serving(
                    .pin(
                        "c", waiter: waiter, allowsPartial: false,
                        deadline: run.now + .seconds(5))))
        }
        #expect(pin(1).isEmpty)
        let effects = run.receive(
            .generationLoaded(
                GenerationLoaded(
                    collection: "c", generation: 1, shards: [0], failure: "damaged",
                    loadID: id)), from: a)
        #expect(
            effects.contains { if case .cannotPin(waiter: 1, _) = $0 { true } else { false } })
        let loaded = run.receive(
            .generationLoaded(
                GenerationLoaded(
                    collection: "c", generation: 1, shards: [0, 1], loadID: id)), from: a)
        #expect(loaded.contains { if case .serves = $0 { true } else { false } })
        #expect(pin(2).contains { if case .pinned(waiter: 2, _) = $0 { true } else { false } })
    }

    // MARK: Segments

    @Test func `who sends a segment is asked in turn, and another when it goes`() {
        var run = CoordinatorRun()
        let c = WorkerID(name: "z", incarnation: 1)
        for worker in [a, b, c] { run.join(worker, sharesData: false) }
        let request = SegmentRequest(collection: "c", sha256: "s", offset: 0)
        let first = run.happens(
            .worker(.holders(["a", "b"], request, requestID: 5, for: c)))
        guard case .askForSegment(let holder, _, _) = first.first else {
            return record("\(first)")
        }
        let second = run.happens(.worker(.unreachable(holder)))
        let asked = second.compactMap { effect -> WorkerID? in
            if case .askForSegment(let worker, _, _) = effect { worker } else { nil }
        }
        #expect(asked == [holder == a ? b : a])
    }
}
