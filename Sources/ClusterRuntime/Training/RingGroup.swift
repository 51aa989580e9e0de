import Base
public import ClusterCore
import Dispatch
import Glibc
public import Training

/// The ranks of one world as a ring over ZeroMQ: each sends to the next and takes from the one
/// before, on a thread of its own.
///
/// Long sums go around in parts and twice, which moves the fewest bytes; short ones, and rows, go
/// around whole and once, and every rank adds them up in the order of ranks.
public final class RingGroup: CollectiveGroup {
    /// This rank's place in the world.
    public let place: RingPlace

    private let core: RingCore
    private let settings: RingSettings
    private let ended = DispatchGroup()
    private let mine = Locked(Mine())

    /// What the calling thread keeps.
    private struct Mine {
        var sequence: UInt64 = 0
        var begun: [RingWork] = []
        var waited: Duration = .zero
    }

    /// Starts the ring.
    ///
    /// - Parameters:
    ///   - place: this rank's place; the world has at least 2 ranks.
    ///   - listener: the way in, whose address the rank before was told.
    ///   - next: the way on.
    ///   - lost: is told, on the ring's thread, that a neighbour's connection has ended.
    public init(
        _ place: RingPlace, listener: RingListener, next: RingAddress,
        settings: RingSettings = RingSettings(),
        lost: @escaping @Sendable (_ who: String, _ reason: String) -> Void = { _, _ in }
    ) throws(TransportError) {
        precondition(place.world > 1, "a ring of \(place.world) rank")
        self.place = place
        self.settings = settings
        core = try RingCore()
        let loop = RingLoop(
            core: core, place: place, settings: settings, context: listener.context,
            before: listener.socket, next: try listener.connect(to: next, settings: settings),
            lost: lost)
        try Self.start(loop, ended)
    }

    /// Starts the thread, which alone touches the loop from then on; without signals: those belong
    /// to the program's own threads.
    ///
    /// - Parameter ended: is left when the thread has closed the ring.
    private static func start(
        _ loop: RingLoop, _ ended: DispatchGroup
    ) throws(TransportError) {
        ended.enter()
        do throws(Threads.Refusal) {
            try Threads.start(withoutSignals: true) {
                loop.run()
                ended.leave()
            }.detach()
        } catch {
            ended.leave()
            throw .system(call: "pthread_create", reason: error.reason)
        }
    }

    deinit {
        close()
    }

    /// This rank's number.
    public var rank: Int { place.rank }
    /// How many ranks there are.
    public var world: Int { place.world }
    /// How often the world has been formed.
    public var generation: UInt64 { place.generation }

    /// How long callers have waited for others and for the wire, in all operations so far.
    public var waited: Duration { mine.withLock { $0.waited } }

    /// Ends every operation, under way or to come, with ``CollectiveError/aborted(by:reason:)``.
    ///
    /// May be called from any thread.
    public func abort(by who: String, reason: String) {
        core.abort(.aborted(by: who, reason: reason))
    }

    /// Lets what was sent leave, for up to half a second, and ends the thread.
    public func close() {
        core.close()
        ended.wait()
    }

    /// See ``CollectiveGroup/allGather(rows:width:)``.
    public func allGather(rows: [Float], width: Int) throws(CollectiveError) -> GatheredRows {
        let own = try CollectiveShape.rows(rows.count, width: width, .gatherRows)
        let counts = try gather(count: own, width: width)
        let stride = width * MemoryLayout<Float>.stride
        let total = counts.reduce(0, +)
        let operation = nextOperation(.gatherRows, .float32, count: total, width: width)
        if total == 0 { return GatheredRows(values: [], counts: counts, width: width) }
        let values = try rows.withUnsafeBufferPointer { rows throws(CollectiveError) in
            let own = UnsafeRawBufferPointer(rows)
            return try gather(
                operation, own: own, sizes: counts.map { $0 * stride }, as: Float.self)
        }
        return GatheredRows(values: values, counts: counts, width: width)
    }

    /// See ``CollectiveGroup/allGather(bytes:)``.
    public func allGather(bytes: [UInt8]) throws(CollectiveError) -> [[UInt8]] {
        let counts = try gather(count: bytes.count, width: 1)
        let total = counts.reduce(0, +)
        if total == 0 { return counts.map { _ in [] } }
        let operation = nextOperation(.gatherBytes, .byte, count: total)
        let all = try bytes.withUnsafeBufferPointer { bytes throws(CollectiveError) in
            let own = UnsafeRawBufferPointer(bytes)
            return try gather(operation, own: own, sizes: counts, as: UInt8.self)
        }
        return Self.blocks(counts).map { Array(all[$0]) }
    }

    /// See ``CollectiveGroup/reduceScatter(rows:counts:width:)``.
    public func reduceScatter(
        rows: [Float], counts: [Int], width: Int
    ) throws(CollectiveError) -> [Float] {
        try CollectiveShape.check(rows.count, counts: counts, width: width, world: world)
        let operation = nextOperation(
            .reduceScatter, .float32, count: counts.reduce(0, +), width: width)
        let blocks = Self.blocks(counts.map { $0 * width })
        let stride = MemoryLayout<Float>.stride
        let (steps, arrived, bytes) = RingStep.exchange(
            rank: rank, pieces: { _, owner in blocks[owner].count * stride }, world: world)
        var pieces = [Float](repeating: 0, count: bytes / stride)
        var end = 0
        for distance in 1..<world {
            let block = rows[blocks[(rank + distance) % world]]
            pieces.replaceSubrange(end..<end + block.count, with: block)
            end += block.count
        }
        try pieces.withUnsafeMutableBufferPointer { pieces throws(CollectiveError) in
            try run(operation, steps, UnsafeMutableRawBufferPointer(pieces))
        }
        // One order for everyone: that of ranks, this one among them.
        var sum = [Float](repeating: 0, count: blocks[rank].count)
        for origin in 0..<world {
            if origin == rank {
                Self.add(rows[blocks[rank]], to: &sum)
            } else {
                let range = arrived[(rank - origin - 1 + world) % world]
                Self.add(
                    pieces[range.lowerBound / stride..<range.upperBound / stride], to: &sum)
            }
        }
        return sum
    }

    /// See ``CollectiveGroup/begin(_:)``.
    public func begin(_ bucket: UnsafeMutableBufferPointer<Float>) throws(CollectiveError) {
        let operation = nextOperation(.allReduce, .float32, count: bucket.count)
        if bucket.isEmpty { return }
        let workspace = UnsafeMutableRawBufferPointer(bucket)
        let work: RingWork
        if workspace.count <= settings.smallBytes {
            work = try smallSum(operation, workspace)
        } else {
            let parts = RingStep.parts(
                of: bucket.count, elementBytes: MemoryLayout<Float>.stride, world: world)
            work = makeWork(
                operation, RingStep.allReduce(rank: rank, parts: parts), workspace)
        }
        try core.add(work)
        mine.withLock { $0.begun.append(work) }
    }

    /// See ``CollectiveGroup/wait()``.
    public func wait() throws(CollectiveError) {
        let begun = mine.withLock { mine in
            defer { mine.begun = [] }
            return mine.begun
        }
        var failure: CollectiveError?
        // All are waited for, also after a failure: until then their memory is read and written.
        for work in begun {
            do throws(CollectiveError) {
                try wait(work)
            } catch {
                failure = failure ?? error
            }
        }
        if let failure { throw failure }
    }
}

// MARK: - Steps of operations

extension RingGroup {
    /// The most bytes of all ranks together: beyond it, what a rank says is no size of anything.
    private static let mostGathered: UInt64 = 1 << 40

    /// How much every rank has.
    private func gather(count: Int, width: Int) throws(CollectiveError) -> [Int] {
        let operation = nextOperation(.gatherCounts, .integer64, count: world, width: width)
        let own = UInt64(count)
        let sizes = (0..<world).map { _ in MemoryLayout<UInt64>.size }
        let counts = try withUnsafeBytes(of: own) { bytes throws(CollectiveError) in
            try gather(operation, own: bytes, sizes: sizes, as: UInt64.self)
        }
        let most = Self.mostGathered / UInt64(MemoryLayout<Float>.stride * max(width, 1))
        // Of at most 1,024 ranks, so that the sum does not overflow.
        for (rank, count) in counts.enumerated() where count > most {
            throw .implausible(rank: rank, what: "\(count) rows of \(width)")
        }
        return counts.map { Int($0) }
    }

    /// Everyone's block, one after the other; `sizes` are bytes.
    private func gather<Element: BitwiseCopyable>(
        _ operation: CollectiveOperation, own: UnsafeRawBufferPointer, sizes: [Int],
        as type: Element.Type
    ) throws(CollectiveError) -> [Element] {
        let blocks = Self.blocks(sizes)
        let total = sizes.reduce(0, +)
        let steps = RingStep.allGather(rank: rank, blocks: blocks)
        let all = try RingScratch(bytes: total)
        UnsafeMutableRawBufferPointer(rebasing: all.bytes[blocks[rank]]).copyMemory(from: own)
        try run(operation, steps, all.bytes)
        return withExtendedLifetime(all) { Array(all.bytes.bindMemory(to: type)) }
    }

    /// A sum of which every rank gets all summands, and adds them up in the order of ranks.
    private func smallSum(
        _ operation: CollectiveOperation, _ bucket: UnsafeMutableRawBufferPointer
    ) throws(CollectiveError) -> RingWork {
        let blocks = Self.blocks((0..<world).map { _ in bucket.count })
        let all = try RingScratch(bytes: bucket.count * world)
        UnsafeMutableRawBufferPointer(rebasing: all.bytes[blocks[rank]]).copyMemory(
            from: UnsafeRawBufferPointer(bucket))
        let steps = RingStep.allGather(rank: rank, blocks: blocks)
        return makeWork(operation, steps, all.bytes) {
            bucket.copyMemory(from: UnsafeRawBufferPointer(rebasing: all.bytes[blocks[0]]))
            guard let target = bucket.baseAddress else { return }
            for block in blocks.dropFirst() {
                RingSum.add(UnsafeRawBufferPointer(rebasing: all.bytes[block]), to: target)
            }
        }
    }

    private func run(
        _ operation: CollectiveOperation, _ steps: [RingStep],
        _ workspace: UnsafeMutableRawBufferPointer
    ) throws(CollectiveError) {
        let work = makeWork(operation, steps, workspace)
        try core.add(work)
        try wait(work)
    }

    private func makeWork(
        _ operation: CollectiveOperation, _ steps: [RingStep],
        _ workspace: UnsafeMutableRawBufferPointer, completion: @escaping () -> Void = {}
    ) -> RingWork {
        RingWork(
            operation, steps: steps, chunkBytes: settings.chunkBytes, workspace: workspace,
            loans: RingLoans(wakeup: core.wakeup), completion: completion)
    }

    private func wait(_ work: RingWork) throws(CollectiveError) {
        let start = ContinuousClock.now
        defer {
            let waited = start.duration(to: .now)
            mine.withLock { $0.waited += waited }
        }
        try work.wait()
    }

    private func nextOperation(
        _ kind: CollectiveOperation.Kind, _ element: CollectiveOperation.Element, count: Int,
        width: Int = 1
    ) -> CollectiveOperation {
        let sequence = mine.withLock { mine in
            mine.sequence += 1
            return mine.sequence
        }
        return CollectiveOperation(
            run: place.run, generation: generation, sequence: sequence, kind: kind,
            element: element, count: UInt64(count), width: UInt64(width))
    }

    private static func blocks(_ sizes: [Int]) -> [Range<Int>] {
        var start = 0
        return sizes.map { size in
            defer { start += size }
            return start..<start + size
        }
    }

    private static func add(_ values: ArraySlice<Float>, to sum: inout [Float]) {
        for (index, value) in values.enumerated() { sum[index] += value }
    }
}
