import ClusterCore
import TestSupport
import Testing

/// Questions, workers and a host that answer, answer in part, fail, say nothing or say what nobody
/// asked.
private struct RandomQueries {
    typealias Effect = QueryMachine.Effect
    typealias Event = QueryMachine.Event

    var dice: Dice
    var machine: QueryMachine
    var now = at(1)
    var asked: Set<UInt64> = []
    var lastAsked: UInt64 = 0
    var ends: [UInt64: Int] = [:]
    var answered = 0
    /// What is to be done yet, and may be done in any order.
    var open: [Effect] = []
    /// Generations pinned and not unpinned.
    var pins = 0
    var searches: Set<UInt64> = []
    var gatherings: Set<UInt64> = []
    var mostOwed: [WorkerID: Int] = [:]
    private let workers = (0..<4).map { worker("w\($0)") }
    private let peers = (0..<3 as Range<UInt64>).map { PeerID(name: "c", incarnation: $0) }

    init(seed: UInt64) {
        dice = Dice(seed: seed)
        machine = QueryMachine(
            admission: Admission(limit: 20, room: 2000),
            answers: AnswerWindow(
                perWorker: dice.number(1000...200_000), total: dice.number(1000...400_000)),
            firstRequest: 1000)
    }

    mutating func handle(_ event: Event) {
        for effect in machine.handle(event, now: now) { follow(effect) }
        let violations = machine.violations
        #expect(violations == [])
    }

    private mutating func follow(_ effect: Effect) {
        switch effect {
        case .refuse(let number, _), .fail(let number, _), .forget(let number): ended(number)
        case .answer(let number, let search, let gathering):
            #expect(searches.contains(search) && gatherings.contains(gathering))
            answered += 1
            ended(number)
        case .unpin: pins -= 1
        case .begin(let search, let members):
            #expect(searches.insert(search).inserted && !members.isEmpty)
        case .gather(let gathering, let search, let members, _):
            #expect(searches.contains(search) && !members.isEmpty)
            #expect(gatherings.insert(gathering).inserted)
            open.append(effect)
        case .endSearch(let search): #expect(searches.remove(search) != nil)
        case .endGathering(let gathering): #expect(gatherings.remove(gathering) != nil)
        case .search(let search, _, _, _, _, _): expectKnown(searches.contains(search), effect)
        case .fetch(let gathering, _, _, _, _):
            expectKnown(gatherings.contains(gathering), effect)
        case .cancel: break
        case .encode, .pin, .pinPatiently, .consult, .lookUp: open.append(effect)
        }
    }

    private mutating func expectKnown(_ isKnown: Bool, _ effect: Effect) {
        #expect(isKnown)
        open.append(effect)
    }

    private mutating func ended(_ number: UInt64) {
        ends[number, default: 0] += 1
        #expect(ends[number] == 1 && asked.contains(number), "a request ends once")
    }

    mutating func ask() {
        lastAsked += 1
        asked.insert(lastAsked)
        let question = QueryMachine.Question(
            collection: dice.once(in: 3) ? "a" : "b", k: dice.once(in: 4) ? 3 : 5,
            count: dice.number(1...4), bytes: dice.number(10...500),
            allowsPartial: dice.once(in: 2), texts: true)
        handle(
            .asked(
                lastAsked, question, by: peers[dice.below(3)],
                deadline: now + .milliseconds(dice.number(-5...9000))))
    }

    private mutating func places(_ shards: [ShardNumber]) -> QueryMachine.Places {
        var places = QueryMachine.Places()
        for shard in shards {
            places.holders[shard] = workers.filter { _ in dice.once(in: 2) }
            if dice.once(in: 8) { places.lost.insert(shard) }
        }
        return places
    }

    private mutating func someShards() -> [ShardNumber] {
        (0..<4).filter { _ in dice.once(in: 2) }.map { ShardNumber($0) }
    }

    /// Something of what is to be done is done, or fails.
    mutating func completeOne() {
        guard !open.isEmpty else { return }
        switch open.remove(at: dice.below(open.count)) {
        case .encode(let numbers):
            let failed = numbers.filter { _ in dice.once(in: 6) }
            let failures = failed.map { ($0, Failure(code: .input)) }
            handle(.encoded(numbers, failed: Dictionary(failures) { first, _ in first }))
        case .pin(let group, _):
            if dice.once(in: 4) { handle(.notPinned(group)) } else { pin(group) }
        case .pinPatiently(let group, _, _, _):
            if dice.once(in: 3) {
                handle(.cannotPin(group, Failure(code: .unavailable)))
            } else {
                pin(group)
            }
        case .consult(let search, let members, let coverage, _):
            let outlook = QueryMachine.Outlook(
                serving: dice.once(in: 3) ? nil : UInt64(dice.below(4)))
            handle(.consulted(search, members, coverage, outlook))
        case .gather(let gathering, _, let members, _):
            var wanted = QueryMachine.Wanted(counts: [:], shards: [:], places: places([]))
            for member in members {
                let shards = someShards()
                wanted.shards[member] = Set(shards)
                for shard in shards { wanted.counts[shard] = dice.number(1...90) }
            }
            wanted.places = places(wanted.counts.keys.sorted())
            handle(.wanted(gathering, wanted))
        case .lookUp(let number, let shards, _, _): handle(.placed(number, places(shards)))
        case .search(_, let worker, let requestID, let shards, _, _):
            answer(requestID, worker) { run in
                .searched(
                    requestID: requestID, shards.filter { _ in !run.dice.once(in: 9) }, by: worker)
            }
        case .fetch(_, let worker, let requestID, let fetch, _):
            answer(requestID, worker) { run in
                let isPart = run.dice.once(in: 3)
                let count = isPart ? run.dice.number(0...fetch.rest + 2) : fetch.rest
                let next = run.dice.once(in: 2) ? fetch.bytes + 1 : 0
                return .fetched(requestID: requestID, count: count, next: next, by: worker)
            }
        default: break
        }
    }

    private mutating func pin(_ group: UInt64) {
        pins += 1
        let rows = someShards().map { ($0, UInt64(dice.below(3) * 100)) }
        handle(
            .pinned(
                group,
                QueryMachine.Generation(
                    number: UInt64(dice.below(4)), rows: Dictionary(rows) { first, _ in first },
                    places: places(rows.map(\.0)))))
    }

    private mutating func answer(
        _ requestID: UInt64, _ worker: WorkerID, _ event: (inout RandomQueries) -> Event
    ) {
        switch dice.below(40) {
        // Lost on the way.
        case 0: break
        case 1: handle(.notSent(requestID: requestID))
        case 2: handle(.failed(requestID: requestID, by: worker))
        // Of another worker, which nobody asked.
        case 3: handle(.failed(requestID: requestID, by: workers[dice.below(4)]))
        default:
            let event = event(&self)
            handle(event)
            // Once more.
            if dice.once(in: 10) { handle(event) }
        }
    }

    mutating func step() {
        switch dice.below(20) {
        case 0...2: ask()
        case 3...14: completeOne()
        case 15:
            now = now + .milliseconds(dice.number(1...200))
            handle(.tick)
        case 16: handle(.moved(dice.once(in: 2) ? "a" : "b"))
        case 17 where dice.once(in: 3): handle(.lost(workers[dice.below(4)]))
        case 18 where dice.once(in: 4): handle(.left(peers[dice.below(3)]))
        default:
            // What nobody asked for.
            let number = UInt64(dice.below(3000))
            handle(.wanted(number, QueryMachine.Wanted(counts: [:], shards: [:], places: .init())))
            handle(.consulted(number, [number], Coverage(), QueryMachine.Outlook(serving: 1)))
            handle(.placed(number, places(someShards())))
            handle(.cannotPin(number, Failure(code: .unavailable)))
            // What was asked under that number is answered, whoever did it.
            open.removeAll {
                switch $0 {
                case .pin(number, _), .pinPatiently(number, _, _, _), .gather(number, _, _, _):
                    true
                default: false
                }
            }
        }
    }
}

@Suite struct QueryMachineModelTests {
    @Test(arguments: 0..<60 as Range<UInt64>)
    func `whatever comes, each request ends once, and nothing is left behind`(seed: UInt64) {
        var run = RandomQueries(seed: seed)
        for _ in 0..<1500 { run.step() }
        // What is asked of the host is answered in the end, and workers are silent.
        for _ in 0..<200 where !run.open.isEmpty || run.ends.count < run.asked.count {
            run.now = run.now + .seconds(1)
            run.handle(.tick)
            for _ in 0..<run.open.count { run.completeOne() }
        }
        #expect(Set(run.ends.keys) == run.asked)
        #expect(run.pins == 0 && run.searches.isEmpty && run.gatherings.isEmpty)
        #expect(run.machine.underWay == 0)
        #expect(run.answered > 3)
    }
}
