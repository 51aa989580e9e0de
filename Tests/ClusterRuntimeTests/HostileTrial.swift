import CZeroMQ
import Foundation
import Testing
import WireFuzz

@testable import ClusterRuntime

/// How long a process is talked to by hostile peers, and what it may keep of that.
enum HostileTrial {
    /// Messages of each run; `scripts/verify hostile` asks for a million.
    private static let count =
        ProcessInfo.processInfo.environment["SHEAF_HOSTILE_MESSAGES"].flatMap { Int($0) } ?? 20_000
    /// Memory that a run may leave behind, the peers' own included.
    private static let growthBytes = 64 << 20

    /// Runs `body` twice, the first time briefly, and looks at the memory that the second leaves.
    ///
    /// - Parameter share: One in so many of the messages is sent.
    static func expectBounded(
        _ what: String, share: Int = 1,
        _ body: (_ seed: UInt64, _ count: Int) async throws -> Void
    ) async throws {
        let count = count / share
        try await body(20, min(count, 2000))
        let before = Memory.now()
        let start = ContinuousClock.now
        try await body(21, count)
        let after = Memory.now()
        print(
            "hostile: \(what): \(count) messages in \(start.duration(to: .now)), "
                + "\(before), then \(after)")
        #expect(after.resident < before.resident + UInt64(growthBytes), "\(what)")
    }

    /// What the process holds once free memory went back to the system.
    private struct Memory: CustomStringConvertible {
        /// Bytes of memory that it takes up.
        var resident: UInt64
        /// Bytes of its heap that are in use; what is resident beyond is free, but in pieces.
        var inUse: UInt64

        static func now() -> Memory {
            malloc_trim(0)
            let heap = mallinfo2()
            return Memory(
                resident: ProcessFacts.residentBytes(),
                inUse: UInt64(heap.uordblks) + UInt64(heap.hblkhd))
        }

        var description: String {
            "\(resident >> 20) MiB (\(inUse >> 10) KiB of the heap in use)"
        }
    }

    /// Runs what blocks on a thread of its own.
    static func detached<Value: Sendable>(
        _ body: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { continuation.resume(with: Result(catching: body)) }
        }
    }
}
