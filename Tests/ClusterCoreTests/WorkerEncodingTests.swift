import ClusterCore
import Testing

@Suite struct WorkerEncodingTests {
    private static let key = WorkerRun.key(1)

    @Test func `a lease is encoded once its grant and all its bytes are here, in either order`() {
        var run = WorkerRun()
        let first = run.receive(WorkerRun.chunk(1), on: .bulk, frames: [[1, 2]])
        #expect(first.contains(.keepPassages(Self.key, [1, 2])))
        #expect(run.receive(.leaseGrant(WorkerRun.grant(1))).isEmpty)
        let last = run.receive(WorkerRun.chunk(1, offset: 2), on: .bulk, frames: [[3, 4]])
        #expect(last.contains(.loadEncoder(WorkerRun.encoder, for: Self.key)))
        let encoded = run.happens(.encoderLoaded(WorkerRun.encoderKey, for: Self.key))
        #expect(
            encoded == [.encode(Self.key, WorkerRun.grant(1), WorkerRun.encoderKey)])
    }

    @Test func `credit returns for bytes as they come, kept or not`() {
        var run = WorkerRun()
        let credit = Message.credit(Credit(bytes: 2))
        #expect(run.receive(WorkerRun.chunk(1), on: .bulk, frames: [[1, 2]]).sent == [credit])
        let gap = run.receive(WorkerRun.chunk(1, offset: 3), on: .bulk, frames: [[9, 9]])
        #expect(gap.sent == [credit] && gap.count == 1)
    }

    @Test func `more bytes than were announced are not kept`() {
        var run = WorkerRun()
        run.receive(.leaseGrant(WorkerRun.grant(1, bytes: 1)))
        #expect(run.receive(WorkerRun.chunk(1), on: .bulk, frames: [[1, 2]]).count == 1)
    }

    @Test func `a lease without bytes is whole with its grant`() {
        var run = WorkerRun()
        let effects = run.receive(.leaseGrant(WorkerRun.grant(1, bytes: 0)))
        #expect(effects == [.loadEncoder(WorkerRun.encoder, for: Self.key)])
    }

    @Test func `the encoder of a lease is loaded once, and asked for by each`() {
        var run = WorkerRun()
        run.lease(1)
        run.encode(1)
        #expect(run.lease(2).encodes == [WorkerRun.key(2)])
    }

    @Test func `a lease waits for the encoder that is being prepared`() {
        var run = WorkerRun()
        let prepare = PrepareEncoder(model: "m")
        #expect(run.receive(.prepareEncoder(prepare)) == [.prepareEncoder(prepare)])
        #expect(run.lease(1).encodes.isEmpty)
        #expect(run.happens(.encoderPrepared(WorkerRun.encoderKey)).encodes == [Self.key])
    }

    @Test func `a lease loads its encoder where the guess at it failed`() {
        var run = WorkerRun()
        run.receive(.prepareEncoder(PrepareEncoder(model: "m")))
        run.lease(1)
        #expect(
            run.happens(.encoderPrepared(nil)) == [
                .loadEncoder(WorkerRun.encoder, for: Self.key)
            ])
    }

    @Test func `the encoder that was used longest ago goes when too many are kept`() {
        var run = WorkerRun()
        let keys = (0...8).map {
            EncoderKey(fingerprint: "\($0)", settings: EncoderSettings())
        }
        let effects = keys.flatMap { key in
            run.receive(.prepareEncoder(PrepareEncoder(model: "m")))
                + run.happens(.encoderPrepared(key))
        }
        #expect(effects.last == .dropEncoder(keys[0]))
    }

    @Test func `one lease is encoded while the one before it is written, and no more`() {
        var run = WorkerRun()
        run.lease(1)
        run.lease(2)
        run.lease(3)
        let first = run.encode(1)
        #expect(first.writes == [Self.key] && first.encodes == [Self.key, WorkerRun.key(2)])
        // The disk is slow: what is encoded waits, and nothing more is encoded.
        #expect(run.happens(.encoded(WorkerRun.key(2), Cuts())).isEmpty)
        let written = run.write(1)
        #expect(written.writes == [WorkerRun.key(2)] && written.encodes == [WorkerRun.key(3)])
    }

    @Test func `a report leaves after write and sync`() {
        var run = WorkerRun()
        run.lease(1)
        run.happens(.encoderLoaded(WorkerRun.encoderKey, for: Self.key))
        run.happens(.encoded(Self.key, Cuts(texts: 2, textsCut: 1)))
        #expect(run.happens(.segmentWritten(Self.key, WorkerRun.facts)).isEmpty)
        let report = SegmentReady(
            collection: "c", batch: 1, attempt: 1, sha256: "s", rows: 2, bytes: 9,
            cuts: Cuts(texts: 2, textsCut: 1))
        #expect(run.happens(.segmentSynced(Self.key)).sent == [.segmentReady(report)])
    }

    @Test func `with the rule broken a report leaves before the sync, and that is seen`() {
        var run = WorkerRun()
        run.machine.broken = .syncBeforePublish
        run.lease(1)
        run.encode(1)
        #expect(run.happens(.segmentWritten(Self.key, WorkerRun.facts)).types == [.segmentReady])
        #expect(run.machine.violations == ["a segment is reported before it is synced"])
    }

    @Test func `a report is repeated until it is acknowledged`() {
        var run = WorkerRun()
        run.lease(1)
        run.encode(1)
        run.write(1)
        #expect(!run.tick(after: .seconds(2)).types.contains(.segmentReady))
        #expect(run.tick(after: .milliseconds(100)).types.contains(.segmentReady))
        #expect(!run.tick(after: .seconds(1)).types.contains(.segmentReady))
        run.receive(.commitAck(CommitAck(collection: "c", batch: 1, attempt: 1)))
        #expect(!run.tick(after: .milliseconds(2500)).types.contains(.segmentReady))
    }

    /// How far a lease has come when it is revoked.
    enum Stage: CaseIterable { case arriving, queued, loading, encoding, writing, reported }

    @Test(arguments: Stage.allCases)
    func `a revoked lease is neither written nor reported from there on`(stage: Stage) {
        var run = WorkerRun()
        if stage == .queued { run.lease(9) }
        if stage == .arriving {
            run.receive(WorkerRun.chunk(1), on: .bulk, frames: [[1]])
        } else {
            run.lease(1)
        }
        if stage == .encoding {
            run.happens(.encoderLoaded(WorkerRun.encoderKey, for: Self.key))
        }
        if stage == .writing || stage == .reported { run.encode(1) }
        if stage == .reported { run.write(1) }
        var effects = run.receive(
            .leaseRevoke(LeaseRevoke(collection: "c", batch: 1, attempt: 1)))
        effects += run.happens(.encoderLoaded(WorkerRun.encoderKey, for: Self.key))
        effects += run.happens(.encoded(Self.key, Cuts()))
        effects += run.write(1)
        effects += run.tick(after: .milliseconds(2500))
        #expect(!effects.writes.contains(Self.key))
        #expect(!effects.types.contains(.segmentReady))
        // What was kept for it is forgotten.
        let kept =
            effects.contains(.dropPassages(Self.key)) || effects.contains(.dropSegment(Self.key))
        #expect(kept == ![.writing, .reported].contains(stage))
        // The next lease has its turn.
        let next = stage == .queued ? run.encode(9) : run.lease(2)
        #expect(next.encodes.count == 1)
    }

    @Test(arguments: [FailureCode.storage, .internal])
    func `what cannot be encoded or written is given back, and the next has its turn`(
        code: FailureCode
    ) {
        for isWriting in [false, true] {
            var run = WorkerRun()
            run.lease(1)
            run.lease(2)
            if isWriting { run.encode(1) }
            let failed = run.happens(.leaseFailed(Self.key, Failure(code: code, message: "no")))
            let told = LeaseFailed(
                collection: "c", batch: 1, attempt: 1, code: code, message: "no")
            #expect(failed.sent == [.leaseFailed(told)])
            #expect(run.encode(2).writes == [WorkerRun.key(2)])
        }
    }

    @Test func `a lease that names no encoder is given back`() {
        var run = WorkerRun()
        var grant = WorkerRun.grant(1, bytes: 0)
        grant.encoder = nil
        #expect(run.receive(.leaseGrant(grant)).types == [.leaseFailed])
    }

    @Test func `of too many leases the oldest goes`() {
        var run = WorkerRun()
        let effects = (1...9).flatMap { attempt in
            run.receive(WorkerRun.chunk(UInt64(attempt)), on: .bulk, frames: [[1]])
        }
        #expect(effects.contains(.notice(.leaseGivenUp(Self.key))))
        #expect(effects.last == .dropPassages(Self.key))
    }

    @Test func `a lease that is whole shows that earlier ones were revoked`() {
        var run = WorkerRun()
        run.receive(WorkerRun.chunk(1), on: .bulk, frames: [[1]])
        #expect(run.lease(2).contains(.dropPassages(Self.key)))
    }

    @Test func `a lease that comes twice is encoded once`() {
        var run = WorkerRun()
        run.lease(1)
        run.encode(1)
        #expect(run.lease(1).encodes.isEmpty)
        run.write(1)
        #expect(run.lease(1).encodes.isEmpty)
        run.lease(2)
        #expect(run.lease(2).encodes.isEmpty)
    }
}
