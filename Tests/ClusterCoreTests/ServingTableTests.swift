import ClusterCore
import Testing

@Suite struct ServingTableTests {
    private let a = worker("a")
    private let b = worker("b")
    private let c = worker("c")

    private func generation(_ number: UInt64, rows: [UInt64] = [5, 5, 5, 5])
        -> ServingTable.Generation
    {
        var byShard: [ShardNumber: UInt64] = [:]
        for (shard, count) in rows.enumerated() { byShard[ShardNumber(shard)] = count }
        return .init(number: number, rows: byShard)
    }

    private func table(on workers: [WorkerID] = []) -> FollowedTable {
        var table = FollowedTable(shardCount: 4)
        _ = table.place(on: workers.map { member($0) })
        return table
    }

    /// A table whose generation 1 is loaded and serves.
    private func serving(on workers: [WorkerID]) -> FollowedTable {
        var table = table(on: workers)
        obey(table.publish(generation(1)), &table)
        return table
    }

    /// Carries out all load orders at once, and those that follow.
    @discardableResult
    private func obey(
        _ orders: [ServingTable.Effect], _ table: inout FollowedTable
    ) -> [ServingTable.Effect] {
        var all: [ServingTable.Effect] = []
        var open = orders
        while !open.isEmpty {
            let order = open.removeFirst()
            all.append(order)
            if case .load(let worker, let load) = order {
                open += table.loaded(
                    worker, generation: load.generation, shards: Set(load.shards))
            }
        }
        return all
    }

    private func loads(_ orders: [ServingTable.Effect]) -> [WorkerID: [ShardNumber]] {
        var loads: [WorkerID: [ShardNumber]] = [:]
        for case .load(let worker, let load) in orders { loads[worker] = load.shards }
        return loads
    }

    // MARK: Invariant 1: what serves was wholly loaded

    @Test func `a published generation serves when its last shard is loaded`() {
        var table = table(on: [a, b])
        let orders = loads(table.publish(generation(1)))
        #expect(Set(orders.keys) == [a, b])
        #expect(Set(orders.values.joined()) == shards(0, 1, 2, 3))
        #expect(table.serving == nil)
        #expect(table.loaded(a, generation: 1, shards: Set(orders[a] ?? [])) == [])
        #expect(
            table.loaded(b, generation: 1, shards: Set(orders[b] ?? [])) == [.serve(generation: 1)])
        #expect(table.serving == generation(1))
    }

    @Test func `a generation without rows serves without workers`() {
        var table = table()
        #expect(table.publish(generation(1, rows: [0, 0, 0, 0])) == [.serve(generation: 1)])
    }

    @Test func `without workers a generation waits for the first`() {
        var table = table()
        #expect(table.publish(generation(1)) == [])
        let orders = table.place(on: [member(a)])
        #expect(orders == [.load(a, generation: 1, shards: shards(0, 1, 2, 3).sorted())])
        #expect(obey(orders, &table).contains(.serve(generation: 1)))
    }

    @Test func `while the next generation loads the former serves`() {
        var table = serving(on: [a])
        let orders = table.publish(generation(2))
        #expect(orders == [.load(a, generation: 2, shards: shards(0, 1, 2, 3).sorted())])
        #expect(table.serving?.number == 1)
        #expect(
            table.loaded(a, generation: 2, shards: shards(0, 1, 2, 3))
                == [.serve(generation: 2), .unload(generation: 1)])
        #expect(table.serving?.number == 2)
    }

    @Test func `a generation that is overtaken before it was loaded never serves`() {
        var table = serving(on: [a])
        _ = table.publish(generation(2))
        #expect(
            table.publish(generation(3))
                == [
                    .load(a, generation: 3, shards: shards(0, 1, 2, 3).sorted()),
                    .unload(generation: 2),
                ])
        #expect(table.loaded(a, generation: 2, shards: shards(0, 1, 2, 3)) == [])
        #expect(table.serving?.number == 1)
    }

    @Test func `what a former life or a stranger says is loaded does not count`() {
        var table = table(on: [a])
        _ = table.publish(generation(1))
        let reborn = worker("a", life: 2)
        #expect(
            table.place(on: [member(reborn)])
                == [.load(reborn, generation: 1, shards: shards(0, 1, 2, 3).sorted())])
        #expect(table.loaded(a, generation: 1, shards: shards(0, 1, 2, 3)) == [])
        #expect(table.loaded(b, generation: 1, shards: shards(0, 1, 2, 3)) == [])
        #expect(table.loaded(reborn, generation: 9, shards: shards(0, 1, 2, 3)) == [])
        #expect(table.serving == nil)
    }

    // MARK: Moving shards

    @Test func `a former holder serves until the new owner has loaded`() throws {
        var table = serving(on: [a])
        let toB = try #require(loads(table.place(on: [member(a), member(b)]))[b])
        #expect(!toB.isEmpty)
        for shard in toB { #expect(table.holders(of: shard, generation: 1) == [a]) }
        let orders = table.loaded(b, generation: 1, shards: Set(toB))
        let kept = shards(0, 1, 2, 3).subtracting(toB)
        #expect(orders == [.load(a, generation: 1, shards: kept.sorted())])
        for shard in toB { #expect(table.holders(of: shard, generation: 1) == [b]) }
        for shard in kept { #expect(table.holders(of: shard, generation: 1) == [a]) }
    }

    @Test func `the owner is asked before other holders`() throws {
        let table = serving(on: [a, b])
        let shard = ShardNumber(0)
        let owner = try #require(table.owner(of: shard))
        #expect(table.holders(of: shard, generation: 1).map(\.name) == [owner])
        #expect(table.owned(by: worker(owner)).contains(shard))
    }

    @Test func `the shards of a worker that is gone are loaded by the others`() throws {
        var table = serving(on: [a, b])
        let lost = table.owned(by: a)
        let orders = table.place(on: [member(b)])
        #expect(loads(orders) == [b: shards(0, 1, 2, 3).sorted()])
        for shard in lost { #expect(table.holders(of: shard, generation: 1).isEmpty) }
        obey(orders, &table)
        for shard in lost { #expect(table.holders(of: shard, generation: 1) == [b]) }
    }

    /// The report says what was there when it was sent, not what will be when a search comes.
    @Test func `a shard that a worker was told to drop is not believed to be there`() throws {
        var table = serving(on: [a])
        let moving = try #require(loads(table.place(on: [member(a), member(b)]))[b])
        _ = table.loaded(b, generation: 1, shards: Set(moving))
        _ = table.loaded(a, generation: 1, shards: shards(0, 1, 2, 3))
        for shard in moving { #expect(table.holders(of: shard, generation: 1) == [b]) }
    }

    // MARK: Invariant 2: one order at a time

    @Test func `a worker is not asked twice for the same shards`() {
        var table = table(on: [a])
        #expect(!table.publish(generation(1)).isEmpty)
        #expect(table.place(on: [member(a)]) == [])
    }

    /// With two orders under way nobody could tell which of them a report answers.
    @Test func `a worker that has not answered yet gets more to load when it has`() throws {
        var table = table(on: [a, b])
        let first = loads(table.publish(generation(1)))
        let (ofA, ofB) = (Set(try #require(first[a])), Set(try #require(first[b])))
        #expect(loads(table.place(on: [member(a)])) == [:])
        #expect(
            loads(table.loaded(a, generation: 1, shards: ofA))
                == [a: ofA.union(ofB).sorted()])
    }

    /// It need not load what another owns by now.
    @Test func `a load of less overtakes the one that a worker carries out`() throws {
        var table = table(on: [a])
        _ = table.publish(generation(1))
        let first = table.loadID(a, generation: 1)
        let orders = loads(table.place(on: [member(a), member(b)]))
        let toB = Set(try #require(orders[b]))
        let kept = shards(0, 1, 2, 3).subtracting(toB)
        #expect(orders[a] == kept.sorted())
        _ = table.loaded(b, generation: 1, shards: toB)
        #expect(
            table.loaded(a, generation: 1, shards: shards(0, 1, 2, 3), loadID: first) == [])
        for shard in kept { #expect(table.holders(of: shard, generation: 1) == []) }
        #expect(table.loaded(a, generation: 1, shards: kept) == [.serve(generation: 1)])
        for shard in toB { #expect(table.holders(of: shard, generation: 1) == [b]) }
        for shard in kept { #expect(table.holders(of: shard, generation: 1) == [a]) }
        #expect(table.tick(now: at(60)) == [])
    }

    // MARK: What is lost

    @Test func `a shard whose worker is away or still loads is not lost`() {
        var table = table()
        _ = table.publish(generation(1))
        #expect(table.lost(of: 1).isEmpty, "a worker may come")
        _ = table.place(on: [member(a)])
        #expect(table.lost(of: 1).isEmpty, "it is loading")
        _ = table.loaded(a, generation: 1, shards: shards(0, 1, 2, 3))
        #expect(table.lost(of: 1).isEmpty)
        _ = table.place(on: [])
        #expect(table.lost(of: 1).isEmpty)
    }

    @Test func `a shard that its owner cannot load is lost until it is asked again`() {
        var table = table(on: [a])
        _ = table.publish(generation(1))
        _ = table.loaded(a, generation: 1, shards: shards(0, 2))
        #expect(table.lost(of: 1) == shards(1, 3))
        _ = table.tick(now: at(0))
        #expect(table.tick(now: at(6)).count == 1)
        #expect(table.lost(of: 1).isEmpty)
        _ = table.loaded(a, generation: 1, shards: shards(0, 1, 2))
        #expect(table.lost(of: 1) == shards(3))
    }

    @Test func `the answer to a load of before says nothing, whatever it names`() {
        for isForSame in [true, false] {
            var table = isForSame ? table(on: [a]) : table(on: [a, b])
            let before = Set(loads(table.publish(generation(1)))[a] ?? [])
            let first = table.loadID(a, generation: 1)
            // It stands still, is taken for gone, and comes back with nothing.
            _ = table.place(on: [])
            _ = table.place(on: [member(a)])
            #expect(table.loaded(a, generation: 1, shards: before, loadID: first) == [])
            #expect(table.serving == nil && table.lost(of: 1).isEmpty, "they are being loaded")
            for shard in before { #expect(table.holders(of: shard, generation: 1) == []) }
            #expect(
                table.loaded(a, generation: 1, shards: shards(0, 1, 2, 3))
                    == [.serve(generation: 1)])
        }
    }

    @Test func `what nobody holds of a generation that was overtaken is lost`() {
        var table = serving(on: [a])
        _ = table.pin()
        obey(table.publish(generation(2)), &table)
        #expect(table.lost(of: 1).isEmpty)
        obey(table.place(on: [member(b)]), &table)
        #expect(table.lost(of: 1) == shards(0, 1, 2, 3))
        #expect(table.lost(of: 2).isEmpty)
    }

    @Test func `an order or its answer that was lost is repeated after five seconds`() {
        var table = table(on: [a])
        let orders = table.publish(generation(1))
        #expect(table.tick(now: at(10)) == [])
        #expect(table.tick(now: Instant(nanoseconds: 14_999_999_999)) == [])
        #expect(table.tick(now: at(15)) == orders)
        #expect(table.tick(now: at(16)) == [])
        #expect(table.tick(now: at(20)) == orders)
        #expect(obey(orders, &table) == orders + [.serve(generation: 1)])
        #expect(table.tick(now: at(25)) == [])
        #expect(table.tick(now: at(60)) == [])
    }

    @Test func `what a worker could not load is asked of it again`() {
        var table = table(on: [a])
        let orders = table.publish(generation(1))
        #expect(table.loaded(a, generation: 1, shards: shards(0, 2)) == [])
        #expect(table.tick(now: at(1)) == [])
        #expect(table.tick(now: at(6)) == orders)
        #expect(obey(orders, &table).contains(.serve(generation: 1)))
    }

    @Test func `what must fail again is not asked for again`() {
        var table = table(on: [a])
        _ = table.publish(generation(1))
        _ = table.loaded(a, generation: 1, shards: [], isLasting: true)
        for second in 1...60 { #expect(table.tick(now: at(Int64(second))) == []) }
        #expect(table.lost(of: 1) == shards(0, 1, 2, 3))
        // Another generation is another matter.
        #expect(loads(table.publish(generation(2))) == [a: shards(0, 1, 2, 3).sorted()])
    }

    @Test func `ids go on where a collection of the same name ended`() {
        var table = ServingTable(collection: "c", shardCount: 4, lastLoadID: 7)
        _ = table.place(on: [member(a)])
        let loads = table.publish(generation(1))
        #expect(
            loads == [
                .load(
                    a, .init(id: 8, generation: 1, shards: shards(0, 1, 2, 3).sorted()))
            ])
        #expect(table.lastLoadID == 8)
    }

    @Test func `a worker that loaded in part may be given other shards at once`() throws {
        var table = table(on: [a])
        _ = table.publish(generation(1))
        _ = table.loaded(a, generation: 1, shards: [])
        let orders = loads(table.place(on: [member(a), member(b)]))
        #expect(Set(orders.keys) == [a, b])
        #expect(Set(orders.values.joined()) == shards(0, 1, 2, 3))
    }

    // MARK: Invariant 3: pins

    @Test func `a search pins the generation it began with`() throws {
        var table = serving(on: [a])
        #expect(table.pin() == generation(1))
        let orders = obey(table.publish(generation(2)), &table)
        #expect(orders.contains(.serve(generation: 2)))
        #expect(!orders.contains(.unload(generation: 1)))
        #expect(table.pin()?.number == 2)
        #expect(table.holders(of: ShardNumber(0), generation: 1) == [a])
        #expect(table.unpin(1) == [.unload(generation: 1)])
        #expect(table.unpin(2) == [])
        #expect(table.holders(of: ShardNumber(0), generation: 1) == [])
        #expect(table.holders(of: ShardNumber(0), generation: 2) == [a])
    }

    @Test func `a generation is unloaded with the last of its searches`() {
        var table = serving(on: [a])
        _ = table.pin()
        _ = table.pin()
        obey(table.publish(generation(2)), &table)
        #expect(table.unpin(1) == [])
        #expect(table.unpin(1) == [.unload(generation: 1)])
        #expect(table.unpin(1) == [])
    }

    @Test func `nothing can be pinned before the first generation serves`() {
        var table = table(on: [a])
        #expect(table.pin() == nil)
        _ = table.publish(generation(1))
        #expect(table.pin() == nil)
    }

    @Test func `a search content with a part pins what is being loaded while nothing serves`() {
        var table = table(on: [a])
        #expect(table.pinPartly() == nil)
        _ = table.publish(generation(1))
        #expect(table.pinPartly() == generation(1))
        #expect(table.holders(of: ShardNumber(0), generation: 1) == [])
        _ = table.loaded(a, generation: 1, shards: shards(0))
        #expect(table.holders(of: ShardNumber(0), generation: 1) == [a])
        let orders = table.publish(generation(2))
        #expect(!orders.contains(.unload(generation: 1)))
        #expect(table.unpin(1) == [.unload(generation: 1)])
    }

    @Test func `a search content with a part pins what serves as soon as something does`() {
        var table = serving(on: [a])
        _ = table.publish(generation(2))
        #expect(table.pinPartly()?.number == 1)
        #expect(table.unpin(1) == [])
    }

    @Test func `rows of a generation are the sum over its shards`() {
        #expect(generation(1, rows: [1, 0, 7]).rowCount == 8)
    }
}

/// A table whose loads are told apart by what they ask for: their ids are kept here.
private struct FollowedTable {
    typealias Effect = ServingTable.Effect

    private var table: ServingTable
    private var ids: [WorkerID: [UInt64: UInt64]] = [:]

    init(shardCount: Int) { table = ServingTable(collection: "c", shardCount: shardCount) }

    var serving: ServingTable.Generation? { table.serving }

    /// The last load of `generation` that `worker` was asked for.
    func loadID(_ worker: WorkerID, generation: UInt64) -> UInt64 {
        ids[worker]?[generation] ?? 0
    }

    mutating func place(on members: [Membership.Member]) -> [Effect] {
        followed { $0.place(on: members) }
    }

    mutating func publish(_ generation: ServingTable.Generation) -> [Effect] {
        followed { $0.publish(generation) }
    }

    /// The answer to the last load, or to the one named.
    mutating func loaded(
        _ worker: WorkerID, generation: UInt64, shards: Set<ShardNumber>, loadID: UInt64? = nil,
        isLasting: Bool = false
    ) -> [Effect] {
        let id = loadID ?? self.loadID(worker, generation: generation)
        return followed {
            $0.loaded(
                worker, generation: generation, shards: shards, loadID: id, isLasting: isLasting)
        }
    }

    mutating func tick(now: Instant) -> [Effect] { followed { $0.tick(now: now) } }

    mutating func pin() -> ServingTable.Generation? { table.pin() }

    mutating func pinPartly() -> ServingTable.Generation? { table.pinPartly() }

    mutating func unpin(_ generation: UInt64) -> [Effect] { followed { $0.unpin(generation) } }

    func holders(of shard: ShardNumber, generation: UInt64) -> [WorkerID] {
        table.holders(of: shard, generation: generation)
    }

    func lost(of generation: UInt64) -> Set<ShardNumber> { table.lost(of: generation) }

    func owned(by worker: WorkerID) -> Set<ShardNumber> { table.owned(by: worker) }

    func owner(of shard: ShardNumber) -> String? { table.owner(of: shard) }

    private mutating func followed(_ body: (inout ServingTable) -> [Effect]) -> [Effect] {
        body(&table).map { effect in
            guard case .load(let worker, var load) = effect else { return effect }
            ids[worker, default: [:]][load.generation] = load.id
            load.id = 0
            return .load(worker, load)
        }
    }
}

extension ServingTable.Effect {
    fileprivate static func load(
        _ worker: WorkerID, generation: UInt64, shards: [ShardNumber]
    ) -> ServingTable.Effect {
        .load(worker, .init(id: 0, generation: generation, shards: shards))
    }
}
