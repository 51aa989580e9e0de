import ClusterCore
import Testing

/// A machine, and what it said last.
private struct QueryRun {
    var machine = QueryMachine(
        admission: Admission(limit: 100, room: 1 << 20),
        answers: AnswerWindow(perWorker: 1 << 20, total: 1 << 22), firstRequest: 100)
    let client = PeerID(name: "c", incarnation: 1)
    let one = worker("1")
    let two = worker("2")

    mutating func handle(_ event: QueryMachine.Event, now: Int64 = 0) -> [String] {
        machine.handle(event, now: at(now)).map { "\($0)" }
    }

    mutating func ask(
        _ number: UInt64, k: Int = 2, allowsPartial: Bool = false, deadline: Int64 = 10
    ) -> [String] {
        let question = QueryMachine.Question(
            collection: "c", k: k, count: 1, bytes: 10, allowsPartial: allowsPartial,
            texts: true)
        return handle(.asked(number, question, by: client, deadline: at(deadline)))
    }

    func generation(
        _ number: UInt64 = 7, holders: [WorkerID]
    ) -> QueryMachine.Generation {
        QueryMachine.Generation(
            number: number, rows: [ShardNumber(0): 10],
            places: QueryMachine.Places(holders: [ShardNumber(0): holders]))
    }

    func wanted(_ counts: Int, _ members: [UInt64], _ holders: [WorkerID]) -> QueryMachine.Wanted {
        QueryMachine.Wanted(
            counts: counts == 0 ? [:] : [ShardNumber(0): counts],
            shards: Dictionary(uniqueKeysWithValues: members.map { ($0, [ShardNumber(0)]) }),
            places: QueryMachine.Places(holders: [ShardNumber(0): holders]))
    }

    /// Asks, encodes and pins: the requests search as number 101 then, the worker as 102.
    mutating func search(_ numbers: UInt64..., allowsPartial: Bool = false) {
        for number in numbers { _ = ask(number, allowsPartial: allowsPartial) }
        _ = handle(.encoded(numbers, failed: [:]))
        if numbers.count > 1 { _ = handle(.encoded(Array(numbers.dropFirst()), failed: [:])) }
    }
}

@Suite struct QueryMachineTests {
    private let shard = ShardNumber(0)

    @Test func `a question is encoded, pinned, searched, gathered and answered`() {
        var run = QueryRun()
        #expect(names(run.ask(1)) == ["encode"])
        #expect(names(run.handle(.encoded([1], failed: [:]))) == ["pin"])
        let begun = run.handle(.pinned(101, run.generation(holders: [run.one])))
        #expect(names(begun) == ["begin", "search"])
        #expect(run.machine.search(answeredBy: 102, from: run.one) == 101)
        #expect(run.machine.search(answeredBy: 102, from: run.two) == nil)
        let found = run.handle(.searched(requestID: 102, [shard], by: run.one))
        #expect(names(found) == ["gather"])
        let gathered = run.handle(.wanted(103, run.wanted(2, [1], [run.two])))
        #expect(names(gathered) == ["fetch"])
        let answered = run.handle(.fetched(requestID: 104, count: 2, next: 0, by: run.two))
        #expect(names(answered) == ["answer", "endGathering", "endSearch", "unpin"])
        #expect(run.machine.underWay == 0)
    }

    @Test(arguments: [(2, 4096), (64, 131_072), (200, 0)])
    func `few hits come with their passages, and need no fetch`(
        k: Int, bytes: Int
    ) throws {
        var run = QueryRun()
        _ = run.ask(1, k: k)
        _ = run.handle(.encoded([1], failed: [:]))
        var generation = run.generation(holders: [run.one])
        generation.rows[shard] = 1000
        let begun = run.machine.handle(.pinned(101, generation), now: at(0))
        guard case .search(_, _, _, _, let asked, _) = try #require(begun.last) else {
            Issue.record("\(begun)")
            return
        }
        #expect(asked == bytes)
        _ = run.handle(.searched(requestID: 102, [shard], by: run.one))
        // All of them came.
        let answered = run.handle(.wanted(103, run.wanted(0, [], [])))
        #expect(names(answered) == ["answer", "endGathering", "endSearch", "unpin"])
    }

    @Test func `what has no room comes in parts, and a worker that sends too many has failed`() {
        var run = QueryRun()
        run.search(1)
        _ = run.handle(.pinned(101, run.generation(holders: [run.one])))
        _ = run.handle(.searched(requestID: 102, [shard], by: run.one))
        _ = run.handle(.wanted(103, run.wanted(5, [1], [run.one, run.two])))
        let next = run.handle(.fetched(requestID: 104, count: 2, next: 70_000, by: run.one))
        #expect(names(next) == ["fetch"])
        let fetch = run.machine.fetch(answeredBy: 105, from: run.one)?.fetch
        #expect(fetch?.skipped == 2 && fetch?.rest == 3 && fetch?.bytes == 131_072)
        // None, though there would have been room: the other holder is asked for all of them.
        #expect(
            names(run.handle(.fetched(requestID: 105, count: 0, next: 10, by: run.one)))
                == ["fetch"])
        #expect(run.machine.fetch(answeredBy: 106, from: run.two)?.fetch.skipped == 0)
        let failed = run.handle(.fetched(requestID: 106, count: 6, next: 0, by: run.two))
        #expect(names(failed) == ["fail", "endGathering", "endSearch", "unpin"])
    }

    @Test func `requests that wait for a generation wait alone`() {
        var run = QueryRun()
        run.search(1)
        #expect(names(run.handle(.notPinned(101))) == ["pinPatiently"])
        let failure = Failure(code: .unavailable)
        #expect(names(run.handle(.cannotPin(102, failure))) == ["fail"])
        #expect(run.machine.underWay == 0)
    }

    @Test func `a generation that was replaced before it answered is searched anew`() {
        var run = QueryRun()
        run.search(1)
        _ = run.handle(.pinned(101, run.generation(holders: [run.one])))
        // The worker has nothing of it, and nobody else does.
        let refused = run.handle(.failed(requestID: 102, by: run.one))
        #expect(names(refused) == ["consult"])
        let newer = QueryMachine.Outlook(serving: 8)
        let again = run.handle(.consulted(101, [1], Coverage(), newer))
        #expect(names(again) == ["endSearch", "unpin", "pin"])
        let begun = run.handle(.pinned(103, run.generation(8, holders: [run.one])))
        #expect(names(begun) == ["begin", "search"])
        _ = run.handle(.failed(requestID: 104, by: run.one))
        let ended = run.handle(.consulted(103, [1], Coverage(), newer))
        #expect(names(ended) == ["fail", "endSearch", "unpin"])
    }

    @Test func `who has left is answered nothing, and what is done for him alone ends`() {
        var run = QueryRun()
        run.search(1)
        _ = run.handle(.pinned(101, run.generation(holders: [run.one])))
        let left = run.handle(.left(run.client))
        #expect(names(left) == ["forget", "cancel", "endSearch", "unpin"])
        // The answer was on its way, and counts until it comes.
        #expect(run.machine.search(answeredBy: 102, from: run.one) == nil)
        #expect(run.handle(.searched(requestID: 102, [shard], by: run.one)).isEmpty)
    }

    @Test func `a part is an answer where one is enough, and nothing never is`() {
        var run = QueryRun()
        run.search(1, allowsPartial: true)
        var generation = run.generation(holders: [run.one])
        generation.rows[ShardNumber(1)] = 5
        _ = run.handle(.pinned(101, generation))
        #expect(
            names(run.handle(.searched(requestID: 102, [shard], by: run.one))) == ["gather"])

        var other = QueryRun()
        other.search(1, allowsPartial: true)
        _ = other.handle(.pinned(101, other.generation(holders: [])))
        #expect(other.machine.violations == [])
    }

    @Test func `a worker that cannot be reached is passed by`() {
        var run = QueryRun()
        run.search(1)
        let begun = run.handle(.pinned(101, run.generation(holders: [run.one, run.two])))
        #expect(names(begun) == ["begin", "search"])
        #expect(names(run.handle(.notSent(requestID: 102))) == ["search"])
        #expect(run.machine.search(answeredBy: 103, from: run.two) == 101)
        #expect(run.handle(.lost(run.two)).isEmpty)
        // It is back: whoever waits asks it again.
        #expect(names(run.handle(.moved("c"))) == ["lookUp"])
        let away = QueryMachine.Places(holders: [:])
        #expect(run.handle(.placed(101, away)).isEmpty)
        let back = QueryMachine.Places(holders: [shard: [run.two]])
        #expect(names(run.handle(.placed(101, back))) == ["search"])
    }

    /// The effects' names.
    private func names(_ effects: [String]) -> [String] {
        effects.map { String($0.prefix { $0 != "(" }) }
    }
}
