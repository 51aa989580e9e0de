import ClusterCore
import TestSupport
import Testing

@Suite struct SharedSearchTests {
    private static func search(
        _ members: [UInt64: Instant], isPatient: Bool = true
    ) -> SharedSearch {
        SharedSearch(
            rows: [ShardNumber(0): 3, ShardNumber(1): 4],
            holders: [ShardNumber(0): [worker("a")], ShardNumber(1): [worker("b")]],
            isPatient: isPatient, members: members)
    }

    @Test func `all members are settled where the search ends`() {
        var search = Self.search([1: at(5), 2: at(9)])
        #expect(search.deadline == at(9))
        #expect(
            search.start() == [
                .send(worker("a"), request: 1, shards: [ShardNumber(0)]),
                .send(worker("b"), request: 2, shards: [ShardNumber(1)]),
            ])
        #expect(search.answered(1, shards: shards(0)) == [])
        #expect(search.answered(2, shards: shards(1)) == [.settle([1, 2])])
        #expect(search.isOver && search.coverage.rowsAnswered == 7)
        #expect(search.tick(now: at(20)) == [])
    }

    @Test func `a deadline settles its member with what has come, and the others wait on`() {
        var search = Self.search([1: at(5), 2: at(9)])
        _ = search.start()
        _ = search.answered(1, shards: shards(0))
        #expect(search.tick(now: at(4)) == [])
        #expect(search.tick(now: at(5)) == [.settle([1])])
        #expect(search.coverage.rowsAnswered == 3 && search.coverage.shardsTotal == 2)
        #expect(search.answered(2, shards: shards(1)) == [.settle([2])])
    }

    @Test func `when nobody waits, what is asked is cancelled`() {
        var search = Self.search([1: at(5), 2: at(9)])
        _ = search.start()
        _ = search.answered(1, shards: shards(0))
        #expect(search.left(1) == [])
        #expect(search.left(2) == [.cancel(worker("b"), request: 2)])
        #expect(search.isOver && search.left(2) == [])
        var other = Self.search([1: at(5)])
        _ = other.start()
        #expect(
            other.tick(now: at(5)) == [
                .settle([1]), .cancel(worker("a"), request: 1),
                .cancel(worker("b"), request: 2),
            ])
    }

    /// Members that share a search get what each gets alone, under the same events.
    @Test(arguments: 0..<200 as Range<UInt64>)
    func `each member is settled when and with what it would be alone`(seed: UInt64) {
        var dice = Dice(seed: seed)
        var rows: [ShardNumber: UInt64] = [:]
        var holders: [ShardNumber: [WorkerID]] = [:]
        for number in 0..<dice.number(1...6) {
            rows[ShardNumber(number)] = dice.once(in: 5) ? 0 : UInt64(dice.number(1...50))
            holders[ShardNumber(number)] = (0..<3).filter { _ in dice.once(in: 2) }.map {
                worker("w\($0)")
            }
        }
        let isPatient = dice.once(in: 2)
        var members: [UInt64: Instant] = [:]
        for number in 1...UInt64(dice.number(1...5)) { members[number] = at(Int64(dice.below(20))) }
        func shared(_ members: [UInt64: Instant]) -> SharedSearch {
            SharedSearch(
                rows: rows, holders: holders, isPatient: isPatient, members: members)
        }
        var together = Settlements(shared(members))
        var alone = members.map { Settlements(shared([$0.key: $0.value])) }
        func each(_ event: (inout SharedSearch) -> [SharedSearch.Effect]) {
            together.follow(event)
            for index in alone.indices { alone[index].follow(event) }
        }
        each { $0.start() }
        for second in 0..<22 as Range<Int64> {
            each { $0.tick(now: at(second)) }
            let (first, number) = (dice.below(3), dice.number(1...8))
            let fails = dice.once(in: 6)
            let named = Set(rows.keys.sorted().filter { _ in !dice.once(in: 5) })
            if fails {
                each { $0.failed(worker("w\(first)")) }
            } else {
                each { $0.answered(number, shards: named) }
            }
        }
        #expect(together.search.isOver && together.settled.count == members.count)
        for one in alone {
            #expect(one.settled.count == 1)
            for (number, coverage) in one.settled {
                #expect(together.settled[number] == coverage)
            }
        }
    }
}

/// A search that is followed until its end.
private struct Settlements {
    var search: SharedSearch
    var settled: [UInt64: Coverage] = [:]

    init(_ search: SharedSearch) { self.search = search }

    mutating func follow(_ event: (inout SharedSearch) -> [SharedSearch.Effect]) {
        let wasOver = search.isOver
        for case .settle(let members) in event(&search) {
            #expect(!wasOver)
            for member in members {
                #expect(settled[member] == nil, "a member is settled once")
                settled[member] = search.coverage
            }
        }
    }
}
