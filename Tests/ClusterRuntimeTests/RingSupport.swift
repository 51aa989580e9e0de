// What the ring tests share: a world of ranks in this process, each with its own sockets.

import Base
import ClusterCore
import ClusterRuntime
import Foundation
import TestSupport
import Training

/// A world of ranks in this process: real sockets, one thread per rank.
struct RingWorld {
    let folder: TemporaryFolder
    let groups: [RingGroup]
    /// Where each rank's way in is bound.
    let addresses: [RingAddress]

    /// Forms a ring over ipc in a folder of its own, or over loopback tcp.
    init(
        _ world: Int, generation: UInt64 = 1, overTCP: Bool = false,
        security: RingSecurity = .localOnly, settings: RingSettings = RingSettings(),
        lost: @escaping @Sendable (Int, String) -> Void = { _, _ in }
    ) throws {
        let folder = try TemporaryFolder()
        self.folder = folder
        let listeners = try (0..<world).map { rank in
            try RingListener(
                endpoints: overTCP ? ["tcp://127.0.0.1:0"] : ["ipc://\(folder.path)/\(rank)"],
                security: security, settings: settings)
        }
        let names = (0..<world).map { "trainer-\($0 + 1)" }
        addresses = listeners.map(\.address)
        groups = try listeners.enumerated().map { rank, listener in
            var next = listeners[(rank + 1) % world].address
            if overTCP { next.host = "elsewhere" }
            return try RingGroup(
                RingPlace(run: "run", generation: generation, rank: rank, names: names),
                listener: listener, next: next, settings: settings
            ) { who, reason in lost(rank, "\(who): \(reason)") }
        }
    }

    /// Runs something on every rank at once, each on a thread of its own: the results by rank.
    func onEveryRank<Value: Sendable>(
        _ body: @escaping @Sendable (any CollectiveGroup) throws -> Value
    ) throws -> [Value] {
        try outcomes(body).map { try $0.get() }
    }

    /// The same, errors included.
    func outcomes<Value: Sendable>(
        _ body: @escaping @Sendable (any CollectiveGroup) throws -> Value
    ) -> [Result<Value, any Error>] {
        let results = Locked([Int: Result<Value, any Error>]())
        let done = DispatchGroup()
        for group in groups {
            done.enter()
            Thread.detachNewThread {
                let result = Result { try body(group) }
                results.withLock { $0[group.rank] = result }
                done.leave()
            }
        }
        done.wait()
        let all = results.withLock { $0 }
        return groups.compactMap { all[$0.rank] }
    }

    /// Ends the ring and removes its folder.
    func close() {
        for group in groups { group.close() }
        folder.remove()
    }
}

/// Floats of a rank that look like gradients, the same in every run.
func gradient(of rank: Int, count: Int) -> [Float] {
    (0..<count).map { index in
        let mixed =
            (UInt32(truncatingIfNeeded: index) &+ 1) &* 2_654_435_761
            &+ UInt32(rank) &* 40_503
        return Float(Int32(bitPattern: mixed) % 1_000) / 997
    }
}

/// The plain sum over ranks, in Double.
func plainSum(_ world: Int, count: Int) -> [Double] {
    (0..<world).reduce(into: [Double](repeating: 0, count: count)) { sum, rank in
        for (index, value) in gradient(of: rank, count: count).enumerated() {
            sum[index] += Double(value)
        }
    }
}

/// The largest difference of values from a plain sum, relative to 1 or its size.
func largestError(_ values: [Float], _ expected: [Double]) -> Double {
    zip(values, expected).map { abs(Double($0) - $1) / max(1, abs($1)) }.max() ?? 0
}
