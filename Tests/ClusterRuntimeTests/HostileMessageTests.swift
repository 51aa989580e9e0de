import ClusterCore
import Foundation
import Logging
import TestSupport
import Testing
import WireFuzz

@testable import ClusterRuntime

/// A real coordinator and a real worker, over real sockets, and peers whose numbers lie.
@Suite(.serialized) struct HostileMessageTests {
    /// Runs what blocks on a thread of its own.
    private func detached(
        _ body: @escaping @Sendable () throws -> HostileRun.Summary
    ) async throws -> HostileRun.Summary {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { continuation.resume(with: Result(catching: body)) }
        }
    }

    @Test func `a coordinator outlives hostile numbers and still answers`() async throws {
        let folder = try TemporaryFolder()
        let model = try TestData.model(in: folder.path)
        let corpus = try TestData.corpus(120, seed: 1, in: folder.path)
        let cluster = try await TestCluster(folder.path, workers: 2)
        _ = try await cluster.index(corpus, as: "c", model: model, shards: 4)
        let before = try await cluster.search(TestData.questions, in: "c", k: 5)
        let run = HostileRun(
            seed: 21,
            known: [
                "collection": ["c", "d", "c"], "paths": [corpus],
                "question_model": [model + "/question_encoder"],
                "context_model": [model + "/context_encoder"],
            ])
        let endpoint = cluster.endpoint
        let summary = try await detached {
            try run.againstCoordinator(at: endpoint, messages: 20_000)
        }
        #expect(summary.sent == 20_000)
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

    @Test func `a worker outlives a coordinator with hostile numbers`() async throws {
        let folder = try TemporaryFolder()
        let endpoints = ["control", "query", "bulk"].map { "ipc://\(folder.path)/\($0)" }
        var log = Logger(label: "test")
        log.logLevel = .critical
        let workerLog = log
        let options = WorkerOptions(
            coordinator: endpoints[0], name: "worker-1",
            data: DataFolder(path: folder.path + "/data"), threads: 1, security: .localOnly)
        let (stop, end) = AsyncStream.makeStream(of: Void.self)
        let worker = Task { try await Worker.run(options: options, log: workerLog, stop: stop) }
        let run = HostileRun(seed: 22, known: ["collection": ["c", "d"]])
        let summary = try await detached {
            try run.againstWorker(at: endpoints, messages: 20_000)
        }
        #expect(summary.sent == 20_000)
        #expect(summary.alwaysAnswered)
        end.yield(())
        end.finish()
        try await worker.value
    }
}
