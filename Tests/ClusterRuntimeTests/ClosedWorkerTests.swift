import Base
import ClusterCore
import Foundation
import TestSupport
import Testing
import WireFuzz

@testable import ClusterRuntime

/// Workers whose connections end, and that come back at once.
struct ClosedWorkerTests {
    /// What a worker does that has got a lease.
    enum Misdeed: CaseIterable {
        /// It sends more than it may, and the coordinator closes its connections.
        case floods
        /// It connects anew, and knows nothing of the lease.
        case reconnects
    }

    private static let worker: UInt64 = 1
    private static let (heartbeat, segmentChunk) = (3, 36)
    private static let limit = 256 << 10

    /// A worker that gives signs of progress, and none of its leases back.
    private static func misbehave(
        _ misdeed: Misdeed, _ endpoint: String, until isOver: Locked<Bool>
    ) {
        func join() -> HostilePeer {
            HostilePeer("flighty", role: worker, incarnation: 7, to: endpoint)
        }
        var peer = join()
        var answered: Set<UInt64> = []
        var encoded: UInt64 = 0
        while !isOver.withLock({ $0 }) {
            peer.drain()
            encoded += 1
            var sign = ProtoWriter()
            sign.number(encoded, at: 1)
            sign.number(1, at: 2)
            sign.number(encoded, at: 3)
            peer.send(heartbeat, sign.bytes, raw: [], peer.fields(), lane: 0)
            for attempt in peer.told["attempt"] ?? [] where answered.insert(attempt).inserted {
                guard misdeed == .floods else {
                    peer = join()
                    break
                }
                var chunk = ProtoWriter()
                chunk.block(Array("c".utf8), at: 1)
                chunk.block(Array(String(repeating: "0", count: 64).utf8), at: 2)
                let raw = [UInt8](repeating: 0, count: 2 * limit)
                peer.send(segmentChunk, chunk.bytes, raw: [raw], peer.fields(), lane: 2)
            }
            usleep(20_000)
        }
    }

    @Test(arguments: Misdeed.allCases)
    func `a lease goes to another worker once the connections of its holder have ended`(
        misdeed: Misdeed
    ) async throws {
        let folder = try TemporaryFolder()
        let model = try TestData.model(in: folder.path)
        let corpus = try TestData.corpus(40, seed: 1, in: folder.path)
        let cluster = try await TestCluster(
            folder.path, workers: 1, inboundBytesPerPeer: Self.limit)
        let (endpoint, isOver) = (cluster.endpoint, Locked(false))
        Thread.detachNewThread { Self.misbehave(misdeed, endpoint, until: isOver) }
        try await cluster.wait { $0.workers.count { $0.state == "ready" } == 2 }
        let end = Locked<IndexProgress?>(nil)
        let indexing = Task {
            let progress = try await cluster.index(corpus, as: "c", model: model, batchSize: 8)
            end.withLock { $0 = progress }
        }
        // A lease that shows progress lasts.
        try await eventually("the run ends") { end.withLock { $0 != nil } }
        #expect(end.withLock { $0?.passagesCommitted } == 40)
        isOver.withLock { $0 = true }
        await cluster.stop()
        _ = try? await indexing.value
    }
}
