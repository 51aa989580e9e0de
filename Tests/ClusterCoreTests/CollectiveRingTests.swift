import ClusterCore
import TestSupport
import Testing

/// Operations of all ranks, moved by hand: chunks are delivered in any order that a ring allows.
struct CollectiveRingTests {
    /// A world of ranks whose workspaces hold one number per byte, and the chunks between them.
    private struct World {
        var ranks: [RingProgress]
        var values: [[Int]]
        /// What is under way to each rank: step, offset, values.
        var wires: [[(step: Int, offset: Int, values: [Int])]]

        init(_ steps: [[RingStep]], values: [[Int]], chunkBytes: Int) {
            ranks = steps.map { RingProgress(steps: $0, chunkBytes: chunkBytes) }
            self.values = values
            wires = steps.map { _ in [] }
        }

        /// Moves one chunk somewhere; false when nothing can move.
        mutating func move(_ dice: inout Dice) -> Bool {
            var moves: [() -> (Int, isSend: Bool)] = []
            for rank in ranks.indices {
                if ranks[rank].nextSend != nil { moves.append { (rank, true) } }
                if !wires[rank].isEmpty { moves.append { (rank, false) } }
            }
            guard let (rank, isSend) = moves.randomElement(using: &dice)?() else { return false }
            if isSend, let chunk = ranks[rank].nextSend {
                wires[(rank + 1) % ranks.count].append(
                    (
                        chunk.step, ranks[rank].offset(of: chunk),
                        Array(values[rank][chunk.bytes])
                    ))
                ranks[rank].didSend(chunk)
            } else {
                let (step, offset, sent) = wires[rank].removeFirst()
                guard
                    let (bytes, arrival) = ranks[rank].didReceive(
                        bytes: sent.count, atStep: step, from: offset)
                else {
                    Issue.record("rank \(rank) refused step \(step), offset \(offset)")
                    return false
                }
                for (place, value) in zip(bytes, sent) {
                    values[rank][place] = arrival == .add ? values[rank][place] + value : value
                }
            }
            return true
        }

        mutating func run(_ dice: inout Dice) {
            while move(&dice) {}
        }

        var isDone: Bool { ranks.allSatisfy(\.isDone) }
    }

    @Test(arguments: 1..<7)
    func `a sum is the plain sum on every rank, however chunks are delayed`(world: Int) {
        for seed in 0..<40 {
            var dice = Dice(seed: UInt64(seed))
            let count = Int.random(in: 0..<1_000, using: &dice)
            let parts = RingStep.parts(of: count, elementBytes: 1, world: world)
            #expect(parts.last?.upperBound == count)
            let values = (0..<world).map { _ in
                (0..<count).map { _ in Int.random(in: -9...9, using: &dice) }
            }
            var ring = World(
                (0..<world).map { RingStep.allReduce(rank: $0, parts: parts) }, values: values,
                chunkBytes: 64)
            ring.run(&dice)
            let sum = (0..<count).map { place in values.reduce(0) { $0 + $1[place] } }
            #expect(ring.isDone, "seed \(seed)")
            for found in ring.values { #expect(found == sum, "seed \(seed)") }
        }
    }

    @Test(arguments: 1..<7)
    func `everyone gets everyone's block, empty ones too`(world: Int) {
        for seed in 0..<40 {
            var dice = Dice(seed: UInt64(seed))
            var start = 0
            let blocks = (0..<world).map { _ in
                let size = Bool.random(using: &dice) ? 0 : Int.random(in: 1..<400, using: &dice)
                defer { start += size }
                return start..<start + size
            }
            let all = (0..<start).map { _ in Int.random(in: 0...9, using: &dice) }
            let own = blocks.map { block in
                all.indices.map { block.contains($0) ? all[$0] : -1 }
            }
            var ring = World(
                (0..<world).map { RingStep.allGather(rank: $0, blocks: blocks) }, values: own,
                chunkBytes: 128)
            ring.run(&dice)
            #expect(ring.isDone, "seed \(seed)")
            for found in ring.values { #expect(found == all, "seed \(seed)") }
        }
    }

    @Test(arguments: 2..<7)
    func `every owner gets its piece from every other rank`(world: Int) {
        for seed in 0..<40 {
            var dice = Dice(seed: UInt64(seed))
            let sizes = (0..<world).map { _ in Int.random(in: 0..<200, using: &dice) }
            func value(_ origin: Int, _ owner: Int, _ place: Int) -> Int {
                (origin * 10 + owner) * 1_000 + place
            }
            let plans = (0..<world).map { rank in
                RingStep.exchange(rank: rank, pieces: { _, owner in sizes[owner] }, world: world)
            }
            let own = plans.enumerated().map { rank, plan in
                var values = (1..<world).flatMap { distance in
                    let owner = (rank + distance) % world
                    return (0..<sizes[owner]).map { value(rank, owner, $0) }
                }
                values += [Int](repeating: -1, count: plan.workspace - values.count)
                return values
            }
            var ring = World(plans.map(\.steps), values: own, chunkBytes: 64)
            ring.run(&dice)
            #expect(ring.isDone, "seed \(seed)")
            for (rank, plan) in plans.enumerated() {
                for (step, range) in plan.arrived.enumerated() {
                    let origin = (rank - step - 1 + world) % world
                    let expected = (0..<sizes[rank]).map { value(origin, rank, $0) }
                    #expect(Array(ring.values[rank][range]) == expected, "seed \(seed)")
                }
            }
        }
    }

    @Test func `bytes whose turn it is not are refused`() {
        let parts = RingStep.parts(of: 256, elementBytes: 1, world: 2)
        var progress = RingProgress(
            steps: RingStep.allReduce(rank: 0, parts: parts), chunkBytes: 64)
        #expect(progress.didReceive(bytes: 64, atStep: 1, from: 0) == nil)
        #expect(progress.didReceive(bytes: 64, atStep: 0, from: 64) == nil)
        #expect(progress.didReceive(bytes: 129, atStep: 0, from: 0) == nil)
        #expect(progress.didReceive(bytes: 0, atStep: 0, from: 0) == nil)
        #expect(progress.didReceive(bytes: 128, atStep: 0, from: 0)?.bytes == 128..<256)
        #expect(progress.didReceive(bytes: 64, atStep: 0, from: 128) == nil)
    }

    @Test func `nothing leaves before it came`() {
        let parts = RingStep.parts(of: 384, elementBytes: 1, world: 3)
        var progress = RingProgress(
            steps: RingStep.allReduce(rank: 0, parts: parts), chunkBytes: 64)
        for _ in 0..<2 {
            let chunk = progress.nextSend
            #expect(chunk?.step == 0)
            if let chunk { progress.didSend(chunk) }
        }
        #expect(progress.nextSend == nil)
        _ = progress.didReceive(bytes: 63, atStep: 0, from: 0)
        #expect(progress.nextSend == nil)
        _ = progress.didReceive(bytes: 1, atStep: 0, from: 63)
        #expect(progress.nextSend == RingChunk(step: 1, bytes: 256..<320))
    }
}
