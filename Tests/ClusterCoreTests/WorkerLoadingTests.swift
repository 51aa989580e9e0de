import ClusterCore
import Testing

@Suite struct WorkerLoadingTests {
    private static let first = GenerationKey(collection: "c", generation: 1)

    private func segment(_ name: String) -> SegmentKey {
        SegmentKey(collection: "c", sha256: name)
    }

    @Test func `a shard is loaded segment by segment, then built, and all are reported at the end`()
    {
        var run = WorkerRun()
        let open = run.receive(.loadGeneration(WorkerRun.load(1, 0, 4)), on: .query)
        #expect(open == [.openSegment(open.works[0], segment("s0"))])
        let build = run.happens(.segmentOpened(open.works[0], WorkerRun.opened()))
        #expect(build == [.buildShard(build.works[0], IndexSettings(), [segment("s0")])])
        let next = run.happens(.shardBuilt(build.works[0]))
        #expect(next == [.openSegment(next.works[0], segment("s4"))])
        #expect(run.machine.rows(of: Self.first) == [0: 5])
        let loaded = run.carryOut(next).loaded
        #expect(
            loaded == [
                GenerationLoaded(
                    collection: "c", generation: 1, shards: [0, 4], loadID: WorkerRun.loadID)
            ])
        #expect(run.machine.rows(of: Self.first) == [0: 5, 4: 5])
    }

    @Test func `with the rule broken a load is reported before it is carried out`() {
        var run = WorkerRun()
        run.machine.broken = .loadBeforeServe
        let effects = run.receive(.loadGeneration(WorkerRun.load(1, 0)), on: .query)
        #expect(effects.loaded.map(\.shards) == [[0]])
        #expect(run.machine.rows(of: Self.first).isEmpty)
    }

    @Test func `loads are carried out one at a time, in their order`() {
        var run = WorkerRun()
        let open = run.receive(.loadGeneration(WorkerRun.load(1, 0)), on: .query)
        #expect(run.receive(.loadGeneration(WorkerRun.load(2, 0)), on: .query).isEmpty)
        #expect(run.carryOut(open).loaded.map(\.generation) == [1, 2])
    }

    @Test func `a load for less drops the others when its turn comes, and keeps what is held`() {
        var run = WorkerRun()
        run.carryOut(run.receive(.loadGeneration(WorkerRun.load(1, 0, 1)), on: .query))
        let effects = run.receive(.loadGeneration(WorkerRun.load(1, 1)), on: .query)
        #expect(effects.works.isEmpty)
        #expect(effects.contains(.closeSegments([segment("s0")])))
        #expect(effects.loaded.map(\.shards) == [[1]])
        #expect(run.machine.rows(of: Self.first) == [1: 5])
    }

    @Test func `a later load overtakes: a shard of both is finished, and the later one answered`() {
        var run = WorkerRun()
        let open = run.receive(.loadGeneration(WorkerRun.load(1, 0, 1)), on: .query)
        run.receive(.loadGeneration(WorkerRun.load(1, 0)), on: .query)
        let all = run.carryOut(open)
        #expect(all.loaded.map(\.shards) == [[0]])
        #expect(
            !all.contains { if case .openSegment(_, segment("s1")) = $0 { true } else { false } })
    }

    @Test func `what is built for nobody is dropped, and not answered`() {
        var run = WorkerRun()
        let open = run.receive(.loadGeneration(WorkerRun.load(1, 0)), on: .query)
        let build = run.happens(.segmentOpened(open.works[0], WorkerRun.opened()))
        run.receive(
            .unloadGeneration(UnloadGeneration(collection: "c", generation: 1)), on: .query)
        let built = run.happens(.shardBuilt(build.works[0]))
        #expect(built == [.dropIndexes(build.works), .closeSegments([segment("s0")])])
        #expect(run.machine.rows(of: Self.first).isEmpty)
    }

    @Test func `the end of a generation drops its shards and closes what they alone read`() {
        var run = WorkerRun()
        run.carryOut(run.receive(.loadGeneration(WorkerRun.load(1, 0, 1)), on: .query))
        run.carryOut(run.receive(.loadGeneration(WorkerRun.load(2, 1)), on: .query))
        let effects = run.receive(
            .unloadGeneration(UnloadGeneration(collection: "c", generation: 1)), on: .query)
        #expect(effects.last == .closeSegments([segment("s0")]))
        #expect(effects.count == 2 && effects.types.isEmpty)
        #expect(run.machine.rows(of: Self.first).isEmpty)
    }

    @Test func `a segment of another encoder fails its shard, and the others are loaded`() {
        var run = WorkerRun()
        let open = run.receive(.loadGeneration(WorkerRun.load(1, 0, 1)), on: .query)
        let next = run.happens(.segmentOpened(open.works[0], WorkerRun.opened(dimension: 4)))
        let loaded = run.carryOut(next).loaded
        #expect(loaded.map(\.shards) == [[1]])
        #expect(
            loaded.first?.failure
                == "p: belongs to another encoder. Remove it; the batch is encoded again.")
    }

    @Test(arguments: [false, true])
    func `a failure is reported with whether it lasts`(isLasting: Bool) {
        var run = WorkerRun()
        let open = run.receive(.loadGeneration(WorkerRun.load(1, 0)), on: .query)
        let failed = run.happens(
            .loadFailed(open.works[0], reason: "too few rows", isLasting: isLasting))
        #expect(
            failed.loaded == [
                GenerationLoaded(
                    collection: "c", generation: 1, failure: "too few rows", lasting: isLasting,
                    loadID: WorkerRun.loadID)
            ])
    }

    // MARK: Copies

    /// A load whose segment is not here: the request for its first part.
    private func absent(_ run: inout WorkerRun) -> [WorkerMachine.Effect] {
        let open = run.receive(.loadGeneration(WorkerRun.load(1, 0)), on: .query)
        return run.happens(.segmentAbsent(open.works[0]))
    }

    private func part(_ total: UInt64 = 10, missing: Bool = false) -> Message {
        .segmentChunk(SegmentChunk(collection: "c", sha256: "s0", total: total, missing: missing))
    }

    @Test func `a segment that is elsewhere is copied part by part, stored, and opened`() {
        var run = WorkerRun()
        let ask = absent(&run)
        #expect(ask.sent == [.segmentRequest(SegmentRequest(collection: "c", sha256: "s0"))])
        let more = run.receive(
            part(), on: .bulk, requestID: 1, frames: [[UInt8](repeating: 1, count: 6)])
        #expect(
            more.sent == [
                .segmentRequest(SegmentRequest(collection: "c", sha256: "s0", offset: 6))
            ])
        let store = run.receive(
            part(), on: .bulk, requestID: 2, frames: [[UInt8](repeating: 2, count: 4)])
        #expect(store.last == .storeCopy(store.works[0], segment("s0")))
        let open = run.happens(.segmentStored(store.works[0]))
        #expect(open == [.openSegment(open.works[0], segment("s0"))])
        #expect(run.carryOut(open).loaded.map(\.shards) == [[0]])
    }

    @Test func `an answer to another request is passed over`() {
        var run = WorkerRun()
        _ = absent(&run)
        #expect(run.receive(part(), on: .bulk, requestID: 9, frames: [[1]]).isEmpty)
    }

    @Test
    func `a part that nobody has, without bytes, too long or of another size fails the shard`() {
        let cases: [(Message, [UInt8])] = [
            (part(missing: true), []), (part(), []),
            (part(), [UInt8](repeating: 0, count: 11)), (part(11), [1]),
        ]
        for (message, bytes) in cases {
            var run = WorkerRun()
            _ = absent(&run)
            let effects = run.receive(message, on: .bulk, requestID: 1, frames: [bytes])
            #expect(effects.contains(.dropCopy(segment("s0"))))
            #expect(
                effects.loaded.map(\.failure) == [
                    "No reachable worker holds segment s0 of c."
                ])
        }
    }

    @Test func `a part that does not come in ten seconds fails the shard`() {
        var run = WorkerRun()
        _ = absent(&run)
        #expect(run.tick(after: .milliseconds(9900)).loaded.isEmpty)
        run.welcome()
        let late = run.tick(after: .milliseconds(100))
        #expect(late.loaded.map(\.failure) == ["A segment did not arrive in 10 s."])
    }

    @Test func `a request that is answered with a failure fails the shard with its words`() {
        var run = WorkerRun()
        _ = absent(&run)
        let effects = run.receive(
            .failure(Failure(code: .storage, message: "cannot be read")), requestID: 1)
        #expect(effects.loaded.map(\.failure) == ["cannot be read"])
    }

    @Test func `a part that nobody wants any more is not waited for`() {
        var run = WorkerRun()
        _ = absent(&run)
        let effects = run.receive(.loadGeneration(WorkerRun.load(1, 1)), on: .query)
        #expect(effects.first == .dropCopy(segment("s0")))
        #expect(run.carryOut(effects).loaded.map(\.shards) == [[1]])
    }

    // MARK: Damage

    @Test func `a shard that reads a damaged file ends, and that is said; others stay`() {
        var run = WorkerRun()
        let effects = run.carryOut(
            run.receive(.loadGeneration(WorkerRun.load(1, 0, 1)), on: .query))
        let indexes = effects.compactMap {
            if case .buildShard(let work, _, _) = $0 { work } else { nil }
        }
        let damage = WorkerMachine.DamagedShard(index: indexes[0], files: ["f": "f is damaged."])
        let told = run.happens(.damaged([damage]))
        #expect(told.first == .setAside(["f"]))
        #expect(told.contains(.dropIndexes([indexes[0]])))
        #expect(
            told.loaded == [
                GenerationLoaded(
                    collection: "c", generation: 1, shards: [1], failure: "f is damaged.",
                    loadID: WorkerRun.loadID)
            ])
        #expect(run.machine.rows(of: Self.first) == [1: 5])
        #expect(run.happens(.damaged([damage])).isEmpty)
    }
}
