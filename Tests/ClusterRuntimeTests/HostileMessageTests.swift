import Base
import ClusterCore
import Foundation
import Logging
import TestSupport
import Testing
import WireFuzz

@testable import ClusterRuntime

/// A real coordinator, worker, client and training coordinator, over real sockets, and peers whose
/// numbers lie.
@Suite(.serialized) struct HostileMessageTests {
    /// The heap is the program's.
    init() { HeapPolicy.set() }

    @Test func `a coordinator outlives hostile numbers and still answers`() async throws {
        try await HostileTrial.expectBounded("coordinator") { seed, count in
            let folder = try TemporaryFolder()
            let model = try TestData.model(in: folder.path)
            let corpus = try TestData.corpus(120, seed: 1, in: folder.path)
            let cluster = try await TestCluster(folder.path, workers: 2)
            _ = try await cluster.index(corpus, as: "c", model: model, shards: 4)
            let before = try await cluster.search(TestData.questions, in: "c", k: 5)
            let run = HostileRun(
                seed: seed,
                known: [
                    "collection": ["c", "d", "c"], "paths": [corpus],
                    "question_model": [model + "/question_encoder"],
                    "context_model": [model + "/context_encoder"],
                ])
            let endpoint = cluster.endpoint
            let summary = try await HostileTrial.detached {
                try run.againstCoordinator(at: endpoint, messages: count)
            }
            #expect(summary.sent == count)
            #expect(summary.alwaysAnswered)
            // The hostile workers hold shards until they have been silent for long enough.
            var after: [SearchAnswer]?
            for _ in 0..<60 where after == nil {
                after = try? await cluster.search(TestData.questions, in: "c", k: 5)
                if after == nil { try await Task.sleep(for: .seconds(1)) }
            }
            #expect(after?.map(\.found) == before.map(\.found))
            await cluster.stop()
        }
    }

    @Test func `a worker outlives a coordinator with hostile numbers`() async throws {
        try await HostileTrial.expectBounded("worker") { seed, count in
            let folder = try TemporaryFolder()
            let endpoints = ["control", "query", "bulk"].map { "ipc://\(folder.path)/\($0)" }
            var log = Logger(label: "test")
            log.logLevel = .critical
            let workerLog = log
            let options = WorkerOptions(
                coordinator: endpoints[0], name: "worker-1",
                data: DataFolder(path: folder.path + "/data"), threads: 1, security: .localOnly)
            let (stop, end) = AsyncStream.makeStream(of: Void.self)
            let worker = Task {
                try await Worker.run(options: options, log: workerLog, stop: stop)
            }
            let run = HostileRun(seed: seed, known: ["collection": ["c", "d"]])
            let summary = try await HostileTrial.detached {
                try run.againstWorker(at: endpoints, messages: count)
            }
            #expect(summary.sent == count)
            #expect(summary.alwaysAnswered)
            end.yield(())
            end.finish()
            try await worker.value
        }
    }

    @Test func `a client outlives a coordinator with hostile numbers`() async throws {
        let folder = try TemporaryFolder()
        try await HostileTrial.expectBounded("client") { seed, count in
            let endpoints = ["control", "query"].map { "ipc://\(folder.path)/\($0)-\(seed)" }
            let asking = (0..<3).map { number in
                Task { await Self.keepAsking(endpoints[0], UInt64(number)) }
            }
            let run = HostileRun(seed: seed, known: ["collection": ["c", "d"]])
            let summary = try await HostileTrial.detached {
                try run.againstClient(at: endpoints, messages: count)
            }
            for task in asking { task.cancel() }
            #expect(summary.sent >= count && summary.alwaysAnswered)
            // Nobody answers any more: each ends by itself.
            for task in asking { #expect(await task.value > 0) }
        }
    }

    /// Asks for everything in turn, and connects anew when that is lost; how many calls ended.
    private static func keepAsking(_ endpoint: String, _ seed: UInt64) async -> Int {
        var calls = 0
        while !Task.isCancelled {
            guard
                let client = try? await ClusterClient.connect(to: endpoint, security: .localOnly)
            else { continue }
            for call in 0..<200 where !Task.isCancelled {
                do {
                    switch (call + Int(seed)) % 5 {
                    case 0: _ = try await client.status()
                    case 1: try await client.drop("c")
                    case 2: try await client.cancelIndexing()
                    case 3:
                        _ = try await client.index(IndexRequest(collection: "c")) { _ in }
                    default:
                        try await client.search(
                            ["a", "b"], collection: "c", k: 3, allowPartial: true, texts: true,
                            budget: .milliseconds(200)
                        ) { _, _ in }
                    }
                } catch {}
                calls += 1
            }
            await client.close()
        }
        return calls
    }

    @Test func `a training coordinator outlives hostile numbers`() async throws {
        try await HostileTrial.expectBounded("training coordinator") { seed, count in
            var sent = 0
            var round: UInt64 = 0
            while sent < count {
                round += 1
                var settings = Rendezvous.Settings(minimum: 2, maximum: 3)
                settings.settle = .milliseconds(20)
                settings.failures = 1 << 30
                let run = try CoordinatedRun(settings)
                let hasEnded = Locked(false)
                let coordinator = Task.detached {
                    defer { hasEnded.withLock { $0 = true } }
                    return run.coordinate()
                }
                let hostile = HostileRun(seed: seed << 32 + round)
                let (endpoint, left) = (run.endpoint, min(count - sent, 4000))
                let summary = try await HostileTrial.detached {
                    try hostile.againstTraining(at: endpoint, messages: left) {
                        hasEnded.withLock { $0 }
                    }
                }
                #expect(summary.alwaysAnswered)
                sent += max(summary.sent, 1)
                run.stop()
                // It ends, well or with a reason, whatever was said to it.
                _ = await coordinator.value
            }
        }
    }
}
