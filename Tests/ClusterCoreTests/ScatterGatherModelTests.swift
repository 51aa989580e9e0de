import ClusterCore
import TestSupport
import Testing

/// Searches over workers that answer, answer in part, answer late, fail, come back or say nothing.
private struct SearchRun {
    var dice: Dice
    var search: ScatterGather
    let isPatient: Bool
    let rows: [ShardNumber: UInt64]
    /// Who holds each shard now, and who of these may still be asked.
    var holders: [ShardNumber: [WorkerID]]
    var remaining: [ShardNumber: [WorkerID]]
    /// Requests sent and not answered yet, given up or not: answers may come late.
    var requests: [(number: Int, shards: [ShardNumber])] = []
    /// The plain version: which request is open for what, and whose rows count.
    var asked: [ShardNumber: (worker: WorkerID, request: Int)] = [:]
    var answered: Set<ShardNumber> = []
    var isFinished = false
    let deadline = at(10)

    init(seed: UInt64, isPatient: Bool) {
        var dice = Dice(seed: seed)
        var rows: [ShardNumber: UInt64] = [:]
        var holders: [ShardNumber: [WorkerID]] = [:]
        for number in 0..<dice.below(10) {
            let shard = ShardNumber(number)
            rows[shard] = dice.once(in: 4) ? 0 : UInt64(1 + dice.below(1000))
            holders[shard] = SearchRun.holders(&dice)
        }
        (self.rows, self.holders, self.isPatient) = (rows, holders, isPatient)
        remaining = holders
        answered = Set(rows.filter { $0.value == 0 }.keys)
        self.dice = dice
        search = ScatterGather(
            rows: rows, holders: holders, isPatient: isPatient, deadline: deadline)
    }

    private static func holders(_ dice: inout Dice) -> [WorkerID] {
        var left = (0..<5).map { worker("w\($0)") }
        return (0..<dice.below(4)).map { _ in left.remove(at: dice.below(left.count)) }
    }

    mutating func follow(_ effects: [ScatterGather.Effect]) {
        for effect in effects {
            #expect(!isFinished, "nothing is done after the end")
            switch effect {
            case .send(let worker, let number, let shards):
                #expect(!shards.isEmpty)
                #expect(!requests.contains { $0.number == number }, "numbers come once")
                requests.append((number, shards))
                for shard in shards {
                    #expect(rows[shard] != 0)
                    #expect(asked[shard] == nil && !answered.contains(shard))
                    #expect(remaining[shard]?.first == worker, "holders are asked in order")
                    remaining[shard]?.removeFirst()
                    asked[shard] = (worker, number)
                }
            case .cancel(let worker, let number):
                #expect(asked.values.contains { $0 == (worker, number) })
            case .finish:
                isFinished = true
                asked = [:]
            }
        }
    }

    mutating func answerOne() {
        guard !requests.isEmpty else { return }
        let (number, shards) = requests.remove(at: dice.below(requests.count))
        var named = Set(shards)
        for shard in shards where dice.once(in: 5) { named.remove(shard) }
        let open = shards.filter { asked[$0]?.request == number }
        #expect(open.isEmpty || open == shards, "a request is open as a whole or not at all")
        #expect(search.expects(number) == !open.isEmpty)
        for shard in open { asked[shard] = nil }
        answered.formUnion(open.filter { named.contains($0) })
        follow(search.answered(number, shards: named))
    }

    mutating func failOne() {
        let someone = worker("w\(dice.below(5))")
        for (shard, request) in asked where request.worker == someone { asked[shard] = nil }
        for shard in remaining.keys { remaining[shard]?.removeAll { $0 == someone } }
        follow(search.failed(someone))
    }

    /// Shards move: who holds one since the last look may be asked for it, be it again.
    mutating func moveOne() {
        guard let shard = dice.pick(rows.keys.sorted()) else { return }
        let now = SearchRun.holders(&dice)
        let before = holders[shard] ?? []
        remaining[shard, default: []].removeAll { !now.contains($0) }
        remaining[shard, default: []] += now.filter { !before.contains($0) }
        holders[shard] = now
        follow(search.held(by: holders))
    }

    func check() {
        let coverage = search.coverage
        #expect(Int(coverage.shardsTotal) == rows.count)
        #expect(coverage.rowsTotal == rows.values.reduce(0, +))
        #expect(Int(coverage.shardsAnswered) == answered.count)
        #expect(coverage.rowsAnswered == answered.reduce(0) { $0 + rows[$1, default: 0] })
        if isFinished { #expect(asked.isEmpty) }
        if !isPatient || coverage.shardsAnswered == coverage.shardsTotal {
            #expect(isFinished == asked.isEmpty, "a search ends when nobody is waited for")
        }
        guard isPatient, !isFinished else { return }
        for shard in rows.keys where asked[shard] == nil && !answered.contains(shard) {
            #expect(remaining[shard] ?? [] == [], "a shard that somebody holds is asked for")
        }
    }
}

@Suite struct ScatterGatherModelTests {
    @Test(arguments: 0..<150 as Range<UInt64>)
    func `each holder is asked once for each time it became one, and coverage is what answered`(
        seed: UInt64
    ) {
        for isPatient in [false, true] {
            var run = SearchRun(seed: seed, isPatient: isPatient)
            run.follow(run.search.start())
            run.check()
            for _ in 0..<30 where !run.isFinished || run.dice.once(in: 3) {
                switch run.dice.below(6) {
                case 0: run.failOne()
                case 1: run.moveOne()
                default: run.answerOne()
                }
                run.check()
            }
        }
    }

    @Test(arguments: 0..<50 as Range<UInt64>)
    func `however few workers answer a search ends at its deadline`(seed: UInt64) {
        for isPatient in [false, true] {
            var run = SearchRun(seed: seed, isPatient: isPatient)
            run.follow(run.search.start())
            for _ in 0..<run.dice.below(4) { run.answerOne() }
            run.follow(run.search.tick(now: Instant(nanoseconds: run.deadline.nanoseconds - 1)))
            run.check()
            run.follow(run.search.tick(now: run.deadline))
            #expect(run.isFinished)
            run.check()
        }
    }
}
