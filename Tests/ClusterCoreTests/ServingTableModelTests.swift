import ClusterCore
import TestSupport
import Testing

/// A worker as the table imagines it.
///
/// Orders and searches reach it in order, loading takes a while, and a later order for a generation
/// replaces an earlier one that still waits.
private struct PlainWorker {
    enum Mail {
        case load(ServingTable.Load)
        case search(UInt64, ShardNumber)
    }

    var inbox: [Mail] = []
    var waiting: [ServingTable.Load] = []
    var held: [UInt64: Set<ShardNumber>] = [:]
    var reports: [ServingTable.Load] = []
}

/// One random run of a serving table over plain workers.
private struct ServingRun {
    var dice: Dice
    var table = ServingTable(collection: "c", shardCount: 6)
    var workers: [WorkerID: PlainWorker] = [:]
    var lives: UInt64 = 0
    var generations: [UInt64: ServingTable.Generation] = [:]
    var newest: UInt64 = 0
    var pinned: [UInt64] = []
    var served: [UInt64] = []
    var unloaded: Set<UInt64> = []
    var isLossy = false
    var now = at(0)

    init(seed: UInt64) {
        dice = Dice(seed: seed)
    }

    mutating func follow(_ orders: [ServingTable.Effect]) {
        for order in orders {
            switch order {
            case .load(let worker, let load):
                #expect(workers[worker] != nil, "orders go to workers that are here")
                #expect(!unloaded.contains(load.generation))
                if isLossy, dice.once(in: 8) { continue }
                workers[worker]?.inbox.append(.load(load))
            case .unload(let generation):
                #expect(generation != table.serving?.number && generation != table.next?.number)
                #expect(!pinned.contains(generation), "a pinned generation is not unloaded")
                #expect(unloaded.insert(generation).inserted)
                for worker in workers.keys { workers[worker]?.held[generation] = nil }
            case .serve(let generation):
                #expect(generation > served.last ?? 0, "generations serve in order")
                served.append(generation)
                #expect(table.serving == generations[generation])
                for (shard, rows) in table.serving?.rows ?? [:] where rows > 0 {
                    #expect(
                        workers.values.contains { $0.held[generation]?.contains(shard) == true },
                        "shard \(shard.rawValue) is loaded nowhere")
                }
            }
        }
    }

    mutating func step() {
        now = now + .milliseconds(dice.below(200))
        switch dice.below(20) {
        case 0: join()
        case 1: leave()
        case 2: publish()
        case 3...8: deliver()
        case 9...12: load()
        case 13...15: report()
        case 16: if let generation = table.pin() { pinned.append(generation.number) }
        case 17: unpin()
        case 18: search()
        default: if isLossy { follow(table.tick(now: now)) }
        }
    }

    mutating func join() {
        guard workers.count < 4 else { return }
        lives += 1
        let taken = Set(workers.keys.map(\.name))
        let names = ["a", "b", "c", "d"].filter { !taken.contains($0) }
        guard let name = dice.pick(names) else { return }
        workers[worker(name, life: lives)] = PlainWorker()
        place()
    }

    mutating func leave() {
        guard let gone = dice.pick(workers.keys.sorted()) else { return }
        workers[gone] = nil
        place()
    }

    mutating func place() {
        follow(table.place(on: workers.keys.sorted().map { member($0, threads: 2) }))
    }

    mutating func publish() {
        newest += 1
        var rows: [ShardNumber: UInt64] = [:]
        for shard in 0..<6 { rows[ShardNumber(shard)] = dice.once(in: 4) ? 0 : newest }
        let generation = ServingTable.Generation(number: newest, rows: rows)
        generations[newest] = generation
        follow(table.publish(generation))
    }

    mutating func deliver() {
        guard let receiver = dice.pick(workers.keys.sorted().filter { hasMail($0) }) else { return }
        guard let mail = workers[receiver]?.inbox.removeFirst() else { return }
        switch mail {
        case .load(let load):
            workers[receiver]?.waiting.removeAll { $0.generation == load.generation }
            workers[receiver]?.waiting.append(load)
        case .search(let generation, let shard):
            guard pinned.contains(generation) else { return }
            #expect(
                workers[receiver]?.held[generation]?.contains(shard) == true,
                "\(receiver) was asked for shard \(shard.rawValue), which it does not hold")
        }
    }

    mutating func load() {
        let busy = workers.keys.sorted().filter { workers[$0]?.waiting.isEmpty == false }
        guard let loader = dice.pick(busy), var order = workers[loader]?.waiting.removeFirst()
        else { return }
        guard !unloaded.contains(order.generation) else { return }
        let before = workers[loader]?.held[order.generation] ?? []
        let wanted = Set(order.shards)
        let new = wanted.subtracting(before).sorted().filter { _ in
            !isLossy || !dice.once(in: 10)
        }
        let held = before.intersection(wanted).union(new)
        workers[loader]?.held[order.generation] = held
        order.shards = held.sorted()
        workers[loader]?.reports.append(order)
    }

    mutating func report() {
        let talkers = workers.keys.sorted().filter { workers[$0]?.reports.isEmpty == false }
        guard let talker = dice.pick(talkers), let report = workers[talker]?.reports.removeFirst()
        else { return }
        if isLossy, dice.once(in: 8) { return }
        follow(
            table.loaded(
                talker, generation: report.generation, shards: Set(report.shards),
                loadID: report.id))
    }

    mutating func unpin() {
        guard !pinned.isEmpty else { return }
        let generation = pinned.remove(at: dice.below(pinned.count))
        follow(table.unpin(generation))
    }

    mutating func search() {
        guard let generation = dice.pick(pinned), let rows = generations[generation]?.rows
        else { return }
        for shard in rows.filter({ $0.value > 0 }).keys.sorted() {
            let holders = table.holders(of: shard, generation: generation)
            #expect(Set(holders).count == holders.count)
            for holder in holders { workers[holder]?.inbox.append(.search(generation, shard)) }
        }
    }

    func hasMail(_ worker: WorkerID) -> Bool { workers[worker]?.inbox.isEmpty == false }

    /// Lets everything under way arrive, in any order.
    mutating func settle(ticks: Int) {
        for _ in 0..<ticks {
            now = now + .seconds(6)
            follow(table.tick(now: now))
            for _ in 0..<400 {
                switch dice.below(3) {
                case 0: deliver()
                case 1: load()
                default: report()
                }
            }
        }
        while !pinned.isEmpty { unpin() }
    }

    func checkTheEnd() {
        #expect(table.next == nil)
        #expect(table.serving?.number == generations.keys.max())
        #expect(unloaded == Set(generations.keys).subtracting([newest]))
        for (shard, rows) in table.serving?.rows ?? [:] where rows > 0 {
            let holders = table.holders(of: shard, generation: newest)
            #expect(holders.map(\.name) == [table.owner(of: shard)])
        }
        for (worker, plain) in workers {
            let owned = table.owned(by: worker).filter { table.serving?.rows[$0] ?? 0 > 0 }
            #expect(plain.held[newest] ?? [] == owned, "a worker keeps its own shards alone")
            #expect(plain.held.keys.allSatisfy { $0 == newest })
        }
    }
}

@Suite struct ServingTableModelTests {
    @Test(arguments: 0..<150 as Range<UInt64>)
    func `whoever is named as a holder holds the shard when the search arrives`(seed: UInt64) {
        var run = ServingRun(seed: seed)
        for _ in 0..<600 { run.step() }
    }

    @Test(arguments: 0..<100 as Range<UInt64>)
    func `when all is quiet the newest generation is served by its owners alone`(seed: UInt64) {
        var run = ServingRun(seed: seed)
        for _ in 0..<300 { run.step() }
        run.join()
        run.publish()
        run.settle(ticks: 6)
        run.checkTheEnd()
    }

    /// Lost messages and failed loads delay what is served, but not for ever.
    @Test(arguments: 0..<100 as Range<UInt64>)
    func `lost orders, lost answers and failed loads are made good`(seed: UInt64) {
        var run = ServingRun(seed: seed)
        run.isLossy = true
        for _ in 0..<300 { run.step() }
        run.join()
        run.publish()
        run.isLossy = false
        run.settle(ticks: 12)
        run.checkTheEnd()
    }
}
