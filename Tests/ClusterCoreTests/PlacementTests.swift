import ClusterCore
import TestSupport
import Testing

@Suite struct PlacementTests {
    private func owners(
        _ shardCount: Int, _ candidates: [Placement.Candidate], collection: String = "c"
    ) -> [ShardNumber: String] {
        Placement.owners(collection: collection, shardCount: shardCount, candidates: candidates)
    }

    private func load(_ owners: [ShardNumber: String]) -> [String: Int] {
        owners.values.reduce(into: [:]) { $0[$1, default: 0] += 1 }
    }

    private func candidates(_ dice: inout Dice, weightUpTo limit: Int) -> [Placement.Candidate] {
        (0..<(1 + dice.below(9))).map { .init(name: "w\($0)", weight: 1 + dice.below(limit)) }
    }

    private func moved(_ before: [ShardNumber: String], _ after: [ShardNumber: String]) -> Int {
        before.count { after[$0.key] != $0.value }
    }

    @Test func `without candidates no shard has an owner`() {
        #expect(owners(8, []).isEmpty)
    }

    @Test func `a single worker owns everything`() {
        #expect(load(owners(8, [.init(name: "a", weight: 3)])) == ["a": 8])
    }

    @Test func `a weight below one counts as one`() {
        #expect(Placement.Candidate(name: "a", weight: 0).weight == 1)
        #expect(Placement.Candidate(name: "a", weight: -7).weight == 1)
    }

    @Test func `the order of candidates does not matter`() {
        let three = ["a", "b", "c"].map { Placement.Candidate(name: $0, weight: 2) }
        #expect(owners(64, three) == owners(64, three.reversed()))
    }

    @Test func `collections are spread independently of each other`() {
        let four = ["a", "b", "c", "d"].map { Placement.Candidate(name: $0, weight: 1) }
        #expect(owners(64, four, collection: "one") != owners(64, four, collection: "two"))
    }

    @Test(arguments: 0..<100 as Range<UInt64>)
    func `each shard has one owner and no worker more than its share rounded up`(seed: UInt64) {
        var dice = Dice(seed: seed)
        let shardCount = dice.below(130)
        let candidates = candidates(&dice, weightUpTo: 16)
        let owners = owners(shardCount, candidates, collection: "c\(seed)")
        #expect(Set(owners.keys) == Set((0..<shardCount).map { ShardNumber($0) }))
        let total = candidates.reduce(0) { $0 + $1.weight }
        let load = load(owners)
        for candidate in candidates {
            let share = (shardCount * candidate.weight + total - 1) / total
            #expect(load[candidate.name, default: 0] <= share, "\(candidate)")
        }
    }

    /// At best the shards of the worker that left move, at most its share rounded up.
    ///
    /// The bound on the others' loads makes some of theirs move on: seldom many, few on the whole.
    @Test func `a worker that comes or goes moves few shards`() {
        var allMoved = 0
        var allShares = 0
        for seed in 0..<200 as Range<UInt64> {
            var dice = Dice(seed: seed)
            let count = 2 + dice.below(8)
            let shardCount = 16 + dice.below(120)
            let all = (0..<count).map { Placement.Candidate(name: "w\($0)", weight: 4) }
            let gone = all[dice.below(count)]
            let before = owners(shardCount, all, collection: "c\(seed)")
            let after = owners(shardCount, all.filter { $0 != gone }, collection: "c\(seed)")
            let share = (shardCount + count - 1) / count
            let moved = moved(before, after)
            #expect(moved >= load(before)[gone.name, default: 0])
            #expect(moved <= 3 * share, "seed \(seed): \(shardCount) shards on \(count) workers")
            allMoved += moved
            allShares += share
        }
        #expect(allMoved * 2 <= allShares * 3, "\(allMoved) moved of \(allShares)")
    }

    @Test func `a worker of thrice the weight owns about thrice the shards`() {
        let owners = owners(
            400, [.init(name: "big", weight: 3), .init(name: "small", weight: 1)])
        #expect(load(owners) == ["big": 300, "small": 100])
    }

    /// Owners are derived by every coordinator anew: another rule would move every shard of every
    /// cluster at its next start.
    @Test func `the owners of a fixed cluster stay what they are`() {
        let owners = owners(
            8,
            [
                .init(name: "a", weight: 1), .init(name: "b", weight: 1),
                .init(name: "c", weight: 2),
            ],
            collection: "wiki")
        let names = (0..<8).map { owners[ShardNumber($0)] ?? "" }
        #expect(names.joined() == "bccbccaa")
    }
}
