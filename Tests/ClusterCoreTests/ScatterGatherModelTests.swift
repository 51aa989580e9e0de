import ClusterCore
import TestSupport
import Testing

/// Searches over workers that answer, answer in part, answer late, fail or say nothing.
private struct SearchRun {
    var dice: Dice
    var search: ScatterGather
    let rows: [ShardNumber: UInt64]
    /// Who may still be asked for each shard.
    var holders: [ShardNumber: [WorkerID]]
    /// Requests sent and not answered yet, given up or not: answers may come late.
    var requests: [(worker: WorkerID, shards: [ShardNumber])] = []
    /// The plain version: who is asked for what now, and whose rows count.
    var asked: [ShardNumber: WorkerID] = [:]
    var answered: Set<ShardNumber> = []
    var isFinished = false
    let deadline = at(10)

    init(seed: UInt64) {
        var dice = Dice(seed: seed)
        var rows: [ShardNumber: UInt64] = [:]
        var holders: [ShardNumber: [WorkerID]] = [:]
        for number in 0..<dice.below(10) {
            let shard = ShardNumber(number)
            rows[shard] = dice.once(in: 4) ? 0 : UInt64(1 + dice.below(1000))
            var left = (0..<5).map { worker("w\($0)") }
            holders[shard] = (0..<dice.below(4)).map { _ in left.remove(at: dice.below(left.count))
            }
        }
        (self.rows, self.holders, self.dice) = (rows, holders, dice)
        answered = Set(rows.filter { $0.value == 0 }.keys)
        search = ScatterGather(rows: rows, holders: holders, deadline: deadline)
    }

    mutating func follow(_ actions: [ScatterGather.Action]) {
        for action in actions {
            #expect(!isFinished, "nothing is done after the end")
            switch action {
            case .send(let worker, let shards):
                #expect(!shards.isEmpty)
                requests.append((worker, shards))
                for shard in shards {
                    #expect(rows[shard] != 0)
                    #expect(asked[shard] == nil && !answered.contains(shard))
                    #expect(holders[shard]?.first == worker, "holders are asked in order")
                    holders[shard]?.removeFirst()
                    asked[shard] = worker
                }
            case .cancel(let worker):
                #expect(asked.values.contains(worker))
            case .finish:
                isFinished = true
                asked = [:]
            }
        }
    }

    mutating func answerOne() {
        guard !requests.isEmpty else { return }
        let (worker, shards) = requests.remove(at: dice.below(requests.count))
        var named = Set(shards)
        for shard in shards where dice.once(in: 5) { named.remove(shard) }
        let open = shards.filter { asked[$0] == worker }
        #expect(open.isEmpty || open == shards, "a request is open as a whole or not at all")
        #expect(search.expects(worker, requested: shards) == !open.isEmpty)
        for shard in open { asked[shard] = nil }
        answered.formUnion(open.filter { named.contains($0) })
        follow(search.answered(worker, requested: shards, shards: named))
    }

    mutating func failOne() {
        let someone = worker("w\(dice.below(5))")
        for (shard, worker) in asked where worker == someone { asked[shard] = nil }
        for shard in holders.keys { holders[shard]?.removeAll { $0 == someone } }
        follow(search.failed(someone))
    }

    func check() {
        let coverage = search.coverage
        #expect(Int(coverage.shardsTotal) == rows.count)
        #expect(coverage.rowsTotal == rows.values.reduce(0, +))
        #expect(Int(coverage.shardsAnswered) == answered.count)
        #expect(coverage.rowsAnswered == answered.reduce(0) { $0 + rows[$1, default: 0] })
        #expect(isFinished == asked.isEmpty, "a search ends when nobody is waited for")
    }
}

@Suite struct ScatterGatherModelTests {
    @Test(arguments: 0..<150 as Range<UInt64>)
    func `each holder is asked at most once, in order, and coverage is what answered`(
        seed: UInt64
    ) {
        var run = SearchRun(seed: seed)
        run.follow(run.search.start())
        run.check()
        for _ in 0..<30 {
            if run.dice.once(in: 4) { run.failOne() } else { run.answerOne() }
            run.check()
        }
    }

    @Test(arguments: 0..<50 as Range<UInt64>)
    func `however few workers answer a search ends at its deadline`(seed: UInt64) {
        var run = SearchRun(seed: seed)
        run.follow(run.search.start())
        for _ in 0..<run.dice.below(4) { run.answerOne() }
        run.follow(run.search.tick(now: Instant(nanoseconds: run.deadline.nanoseconds - 1)))
        run.check()
        run.follow(run.search.tick(now: run.deadline))
        #expect(run.isFinished)
        run.check()
    }
}
