import Foundation
import Training

/// A world of ranks that are threads of this process: each operation meets at one place.
final class ThreadWorld: @unchecked Sendable {
    let world: Int
    private let condition = NSCondition()
    private var given: [Any?]
    private var result: [Any] = []
    private var arrived = 0
    private var round = 0
    private var failure: CollectiveError?

    init(_ world: Int) {
        self.world = world
        given = [Any?](repeating: nil, count: world)
    }

    /// Ends every operation, now and later.
    func abort(_ error: CollectiveError) {
        condition.lock()
        failure = error
        condition.broadcast()
        condition.unlock()
    }

    /// Everyone's value, in the order of ranks.
    func meet<Value>(_ rank: Int, _ value: Value) throws(CollectiveError) -> [Value] {
        condition.lock()
        defer { condition.unlock() }
        if let failure { throw failure }
        let own = round
        given[rank] = value
        arrived += 1
        if arrived == world {
            result = given.compactMap { $0 }
            arrived = 0
            round += 1
            condition.broadcast()
        } else {
            while round == own, failure == nil { condition.wait() }
            if round == own, let failure { throw failure }
        }
        return result.compactMap { $0 as? Value }
    }
}

/// One rank of a `ThreadWorld`.
final class ThreadGroup: CollectiveGroup, @unchecked Sendable {
    let rank: Int
    let generation: UInt64 = 1
    private let meeting: ThreadWorld

    init(_ meeting: ThreadWorld, rank: Int) {
        self.meeting = meeting
        self.rank = rank
    }

    var world: Int { meeting.world }

    func allGather(rows: [Float], width: Int) throws(CollectiveError) -> GatheredRows {
        let parts = try meeting.meet(rank, rows)
        return GatheredRows(
            values: parts.flatMap { $0 }, counts: parts.map { $0.count / width }, width: width)
    }

    func allGather(bytes: [UInt8]) throws(CollectiveError) -> [[UInt8]] {
        try meeting.meet(rank, bytes)
    }

    func reduceScatter(
        rows: [Float], counts: [Int], width: Int
    ) throws(CollectiveError) -> [Float] {
        let sum = Self.sum(try meeting.meet(rank, rows))
        let start = counts[..<rank].reduce(0, +) * width
        return Array(sum[start..<start + counts[rank] * width])
    }

    func begin(_ bucket: UnsafeMutableBufferPointer<Float>) throws(CollectiveError) {
        let sum = Self.sum(try meeting.meet(rank, Array(bucket)))
        _ = bucket.update(fromContentsOf: sum)
    }

    func wait() throws(CollectiveError) {}

    private static func sum(_ parts: [[Float]]) -> [Float] {
        var sum = parts[0]
        for part in parts.dropFirst() {
            for index in sum.indices { sum[index] += part[index] }
        }
        return sum
    }
}

/// Runs a body as each rank of a world, on threads of their own, and gives what each returned.
func asRanks<Value: Sendable>(
    _ world: Int, _ body: @Sendable @escaping (any CollectiveGroup) throws -> Value
) -> [Result<Value, any Error>] {
    guard world > 1 else { return [Result { try body(SoloGroup()) }] }
    let meeting = ThreadWorld(world)
    let results = Gathered<Value>(world)
    let threads = DispatchGroup()
    for rank in 0..<world {
        threads.enter()
        Thread.detachNewThread {
            let result = Result { try body(ThreadGroup(meeting, rank: rank)) }
            if case .failure(let error) = result {
                meeting.abort(.aborted(by: "rank \(rank)", reason: "\(error)"))
            }
            results.set(rank, result)
            threads.leave()
        }
    }
    threads.wait()
    return results.all
}

/// Results of threads.
private final class Gathered<Value: Sendable>: @unchecked Sendable {
    private let lock = NSLock()
    private var values: [Result<Value, any Error>?]

    init(_ count: Int) {
        values = [Result<Value, any Error>?](repeating: nil, count: count)
    }

    func set(_ index: Int, _ value: Result<Value, any Error>) {
        lock.withLock { values[index] = value }
    }

    var all: [Result<Value, any Error>] { lock.withLock { values.compactMap { $0 } } }
}
