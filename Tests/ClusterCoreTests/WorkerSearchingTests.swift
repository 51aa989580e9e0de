import ClusterCore
import Testing

@Suite struct WorkerSearchingTests {
    private static func search(_ generation: UInt64, _ shards: UInt32...) -> Message {
        .search(Search(collection: "c", generation: generation, shards: shards, k: 1, count: 1))
    }

    /// A worker that serves shard 0 of two generations, and the indexes of these.
    private func serving() -> (run: WorkerRun, indexes: [WorkID]) {
        var run = WorkerRun()
        let effects = [1, 2].flatMap { generation in
            run.carryOut(
                run.receive(.loadGeneration(WorkerRun.load(UInt64(generation), 0)), on: .query))
        }
        let indexes = effects.compactMap {
            if case .buildShard(let work, _, _) = $0 { work } else { nil }
        }
        return (run, indexes)
    }

    @Test func `a search is answered by the shards of its generation that are held`() {
        var (run, indexes) = serving()
        guard
            case .search(let work, _, let frames, let held)? = run.receive(
                Self.search(2, 0, 3), on: .query, requestID: 8, frames: [[1]]
            ).first
        else {
            Issue.record("no search")
            return
        }
        #expect(held == [0: indexes[1]] && frames == [[1]])
        let result = SearchResult(computeUs: 3)
        let answer = run.happens(.searched(work, result, frames: [[2]]))
        guard case .send(let envelope, .query)? = answer.first else {
            Issue.record("no answer")
            return
        }
        #expect(envelope.requestID == 8 && envelope.message == .searchResult(result))
        #expect(envelope.frames == [[2]])
        // Once.
        #expect(run.happens(.searched(work, result, frames: [[2]])).isEmpty)
    }

    @Test func `with the rule broken another generation answers, and that is seen`() {
        var (run, indexes) = serving()
        run.machine.broken = .pinnedAnswer
        let effects = run.receive(Self.search(2, 0), on: .query, requestID: 8)
        guard case .search(_, _, _, let held)? = effects.first else {
            Issue.record("no search")
            return
        }
        #expect(held == [0: indexes[0]])
        #expect(run.machine.violations == ["a search is answered from another generation"])
    }

    @Test func `a search that came before its generation ended reads what was held then`() {
        var (run, _) = serving()
        let work = run.receive(Self.search(1, 0), on: .query, requestID: 8).works[0]
        run.receive(
            .unloadGeneration(UnloadGeneration(collection: "c", generation: 1)), on: .query)
        #expect(
            run.happens(.searched(work, SearchResult(), frames: [])).types == [.searchResult])
    }

    @Test func `a cancelled search is passed over, and its asker told`() {
        var (run, _) = serving()
        let work = run.receive(Self.search(1, 0), on: .query, requestID: 8).works[0]
        #expect(run.receive(.cancel(Cancel(requestID: 7)), on: .query).isEmpty)
        #expect(run.receive(.cancel(Cancel(requestID: 8)), on: .query) == [.cancel(work)])
        #expect(run.happens(.passedOver(work)).types == [.failure])
        #expect(run.receive(.cancel(Cancel(requestID: 8)), on: .query).isEmpty)
    }

    @Test func `passages are read from all shards of the generation`() {
        var (run, indexes) = serving()
        let fetch = Fetch(collection: "c", generation: 1, texts: true)
        let effects = run.receive(.fetch(fetch), on: .query, requestID: 3, frames: [[0]])
        #expect(effects == [.fetch(effects.works[0], fetch, frames: [[0]], indexes: [indexes[0]])])
        #expect(
            run.happens(.fetched(effects.works[0], FetchResult(count: 1), frames: [[7]])).sent
                == [.fetchResult(FetchResult(count: 1))])
    }

    @Test func `a request that fails says why`() {
        var (run, _) = serving()
        let work = run.receive(Self.search(1, 0), on: .query, requestID: 8).works[0]
        let failure = Failure(code: .internal, message: "no")
        #expect(run.happens(.requestFailed(work, failure)).sent == [.failure(failure)])
    }

    @Test func `parts and pages are answered with the number of their request`() {
        var run = WorkerRun()
        let part = SegmentRequest(collection: "c", sha256: "s")
        let read = run.receive(.segmentRequest(part), requestID: 4)
        #expect(read == [.readPart(read.works[0], part)])
        let chunk = SegmentChunk(collection: "c", sha256: "s", total: 1)
        guard
            case .send(let envelope, .bulk)? = run.happens(
                .partRead(read.works[0], chunk, frames: [[1]])
            ).first
        else {
            Issue.record("no part")
            return
        }
        #expect(envelope.requestID == 4 && envelope.frames == [[1]])
        let page = CheckSegments(collection: "c", segments: [SegmentRef(sha256: "s")])
        let check = run.receive(.checkSegments(page), requestID: 5)
        #expect(check == [.checkSegments(check.works[0], page)])
        #expect(
            run.happens(.checked(check.works[0], SegmentsChecked())).types == [.segmentsChecked])
    }

    @Test func `a page that is too long is not checked`() {
        var run = WorkerRun()
        let page = CheckSegments(
            collection: "c",
            segments: Array(repeating: SegmentRef(), count: CheckSegments.pageSize + 1))
        #expect(
            run.receive(.checkSegments(page), requestID: 5) == [.notice(.refused(.checkSegments))])
    }

    @Test func `one request more than there may be is refused, and taken once another has ended`() {
        var run = WorkerRun()
        let works = (0..<4096).flatMap {
            run.receive(Self.search(1, 0), on: .query, requestID: UInt64($0)).works
        }
        #expect(works.count == 4096)
        let refused = run.receive(Self.search(1, 0), on: .query, requestID: 5000)
        #expect(refused.first == .notice(.refused(.search)) && refused.types == [.failure])
        let part = (0...256).map {
            run.receive(.segmentRequest(SegmentRequest()), requestID: UInt64($0))
        }
        #expect(part.last?.types == [.segmentChunk])
        run.happens(.passedOver(works[0]))
        #expect(run.receive(Self.search(1, 0), on: .query, requestID: 5001).works.count == 1)
    }
}
