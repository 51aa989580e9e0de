import Base
import ClusterCore
import Foundation
import TestSupport
import Testing
import WireFuzz

@testable import ClusterRuntime

/// Reports of a worker that are no messages.
struct RefusedReportTests {
    private static let worker: UInt64 = 1
    private static let (heartbeat, segmentReady) = (3, 18)

    /// A worker that gives signs of life and reports a digest that is none of each lease.
    private static func lie(to endpoint: String, until isOver: Locked<Bool>) {
        let peer = HostilePeer("liar", role: worker, incarnation: 7, to: endpoint)
        var reported: Set<UInt64> = []
        while !isOver.withLock({ $0 }) {
            peer.drain()
            peer.send(heartbeat, [], raw: [], peer.fields(), lane: 0)
            for (batch, attempt) in zip(peer.told["batch"] ?? [], peer.told["attempt"] ?? [])
            where reported.insert(attempt).inserted {
                var report = ProtoWriter()
                report.block(Array("c".utf8), at: 1)
                report.number(batch, at: 2)
                report.number(attempt, at: 3)
                report.block(Array("no digest".utf8), at: 4)
                report.number(16, at: 5)
                report.number(1000, at: 6)
                var header = peer.fields()
                header.attempt = attempt
                peer.send(segmentReady, report.bytes, raw: [], header, lane: 0)
            }
            usleep(20_000)
        }
    }

    @Test func `a lease whose report cannot be read is given again at once, and then given up`()
        async throws
    {
        let folder = try TemporaryFolder()
        let model = try TestData.model(in: folder.path)
        let corpus = try TestData.corpus(40, seed: 1, in: folder.path)
        let cluster = try await TestCluster(folder.path, workers: 0)
        let (endpoint, isOver) = (cluster.endpoint, Locked(false))
        Thread.detachNewThread { Self.lie(to: endpoint, until: isOver) }
        try await cluster.wait { $0.workers.contains { $0.state == "ready" } }
        let failure = Locked<(any Error)?>(nil)
        let indexing = Task {
            do {
                _ = try await cluster.index(corpus, as: "c", model: model)
            } catch {
                failure.withLock { $0 = error }
            }
        }
        // Leases that nobody reports on last three times as long.
        try await eventually("the run ends") { failure.withLock { $0 != nil } }
        let message = failure.withLock { $0.map { "\($0)" } } ?? ""
        #expect(message.contains("SegmentReady.sha256 is “no digest”"), "\(message)")
        isOver.withLock { $0 = true }
        await cluster.stop()
        await indexing.value
    }
}
