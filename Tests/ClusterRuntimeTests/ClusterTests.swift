import ClusterCore
import Corpus
import Foundation
import Models
import TestSupport
import Testing

@testable import ClusterRuntime

/// A whole cluster against the truth: coordinator, workers, sockets, disk and encoder are the real
/// ones.
@Suite(.serialized) struct ClusterTests {
    /// Every passage scored in float64 by one process: what any cluster must answer.
    private func truth(
        _ passages: [Passage], _ questions: [String], model: String, k: Int
    ) throws -> [[String]] {
        let context = try TextEncoder.load(folder: model + "/context_encoder", tower: .context)
        let question = try TextEncoder.load(folder: model + "/question_encoder", tower: .question)
        let vectors = context.encode(passages: passages.map { ($0.title, $0.text) })
        let asked = question.encode(questions: questions)
        let width = context.dimension
        return questions.indices.map { number in
            let scores = passages.indices.map { row in
                (0..<width).reduce(0.0) {
                    $0 + Double(asked[number * width + $1]) * Double(vectors[row * width + $1])
                }
            }
            // Sums of another order differ in the last bits, so equal scores are told apart by row.
            return passages.indices.sorted {
                abs(scores[$0] - scores[$1]) < 1e-9 ? $0 < $1 : scores[$0] > scores[$1]
            }.prefix(k).map { passages[$0].id }
        }
    }

    @Test(arguments: [(1, 1), (1, 5), (2, 8), (3, 5)])
    func `a cluster answers what one process would, whatever its workers and shards`(
        workers: Int, shards: Int
    ) async throws {
        let scratch = try TemporaryFolder()
        defer { scratch.remove() }
        let model = try TestData.model(in: scratch.path)
        let corpus = try TestData.corpus(150, seed: 7, in: scratch.path)
        let cluster = try await TestCluster(scratch.path, workers: workers)
        let report = try await cluster.index(corpus, as: "c", model: model, shards: shards)
        #expect(report.passagesCommitted == 150)
        #expect(report.batchesCommitted == 10)
        let answers = try await cluster.search(TestData.questions, in: "c", k: 12)
        let expected = try truth(
            TestData.passages(150, seed: 7), TestData.questions, model: model, k: 12)
        #expect(answers.map { $0.found.map(\.passage.id) } == expected)
        let one = try await cluster.search([TestData.questions[2]], in: "c", k: 12)
        #expect(one[0].found == answers[2].found)
        let all = try await cluster.search([TestData.questions[0]], in: "c", k: 1000)
        #expect(all[0].found.count == 150)
        await cluster.stop()
    }

    @Test func `workers on other hosts get the segments they lack`() async throws {
        let scratch = try TemporaryFolder()
        defer { scratch.remove() }
        let model = try TestData.model(in: scratch.path)
        let corpus = try TestData.corpus(120, seed: 3, in: scratch.path)
        let cluster = try await TestCluster(scratch.path, workers: 2, sharing: false)
        _ = try await cluster.index(corpus, as: "c", model: model, shards: 4)
        let answers = try await cluster.search(TestData.questions, in: "c", k: 10)
        let expected = try truth(
            TestData.passages(120, seed: 3), TestData.questions, model: model, k: 10)
        #expect(answers.map { $0.found.map(\.passage.id) } == expected)
        await cluster.stop()
    }

    @Test func `a search without all shards fails with coverage, or answers with it`() async throws
    {
        let scratch = try TemporaryFolder()
        defer { scratch.remove() }
        let model = try TestData.model(in: scratch.path)
        let corpus = try TestData.corpus(128, seed: 5, in: scratch.path)
        // Own folders: nobody can take over the segments of a worker that has left.
        let cluster = try await TestCluster(scratch.path, workers: 2, sharing: false)
        _ = try await cluster.index(corpus, as: "c", model: model, shards: 8)
        _ = try await cluster.search(["river"], in: "c", k: 1)
        let before = try await cluster.client.status(of: "c").collections[0]
        let kept = before.shards.filter { $0.worker == "worker-1" }
        let rows = kept.reduce(0) { $0 + $1.rows }
        try #require(rows > 0 && rows < 128)
        await cluster.stopWorker("worker-2")
        try await cluster.wait { $0.workers.count == 1 }
        // The one that stays may take over shards whose segments it has made itself, no others.
        do {
            _ = try await cluster.search(["river"], in: "c", k: 5)
            Issue.record("a strict search answered without all shards")
        } catch let error as ClusterError {
            let coverage = try #require(error.coverage)
            #expect(coverage.rowsTotal == 128 && coverage.shardsTotal == 8)
            #expect((rows..<128).contains(coverage.rowsAnswered))
            #expect(error.code == .unavailable)
        }
        let partial = try await cluster.search(["river"], in: "c", k: 200, allowPartial: true)
        let coverage = partial[0].coverage
        #expect((rows..<128).contains(coverage.rowsAnswered))
        #expect((kept.count..<8).contains(Int(coverage.shardsAnswered)))
        #expect(partial[0].found.count == Int(coverage.rowsAnswered))
        await cluster.stop()
    }

    @Test func `a worker that leaves a shared folder is replaced by the others`() async throws {
        let scratch = try TemporaryFolder()
        defer { scratch.remove() }
        let model = try TestData.model(in: scratch.path)
        let corpus = try TestData.corpus(90, seed: 8, in: scratch.path)
        let cluster = try await TestCluster(scratch.path, workers: 3)
        _ = try await cluster.index(corpus, as: "c", model: model)
        let before = try await cluster.search(TestData.questions, in: "c", k: 9)
        await cluster.stopWorker("worker-2")
        try await cluster.wait {
            $0.workers.count == 2 && $0.collections[0].coverage?.isComplete == true
        }
        let after = try await cluster.search(TestData.questions, in: "c", k: 9)
        #expect(before.map(\.found) == after.map(\.found))
        await cluster.stop()
    }

    @Test func `an interrupted run goes on, and makes the same segments`() async throws {
        let scratch = try TemporaryFolder()
        defer { scratch.remove() }
        let model = try TestData.model(in: scratch.path)
        let corpus = try TestData.corpus(400, seed: 11, in: scratch.path)
        let cluster = try await TestCluster(scratch.path, workers: 2)
        let client = cluster.client
        let run = Task {
            try await client.index(.test(corpus, as: "c", model: model, batchSize: 4)) { _ in }
        }
        try await cluster.wait { ($0.collections.first?.batchesCommitted ?? 0) > 5 }
        await cluster.stop()
        _ = try? await run.value
        let committed = try Catalog(cluster.data).segments("c")
        #expect(!committed.isEmpty)

        let again = try await TestCluster(scratch.path, workers: 1)
        let report = try await again.index(corpus, as: "c", model: model, batchSize: 4)
        #expect(report.passagesCommitted == 400)
        let segments = try Catalog(again.data).segments("c")
        #expect(Array(segments.filter { segment in committed.contains(segment) }) == committed)
        let repeated = try await again.index(corpus, as: "c", model: model, batchSize: 4)
        #expect(repeated.alreadyComplete)
        await again.stop()

        let whole = try await TestCluster(scratch.path + "/other", workers: 3)
        _ = try await whole.index(corpus, as: "c", model: model, batchSize: 4)
        #expect(
            try Catalog(whole.data).segments("c").map(\.sha256) == segments.map(\.sha256))
        await whole.stop()
    }

    @Test func `a damaged segment is never served, and is encoded again`() async throws {
        let scratch = try TemporaryFolder()
        defer { scratch.remove() }
        let model = try TestData.model(in: scratch.path)
        let corpus = try TestData.corpus(64, seed: 2, in: scratch.path)
        let first = try await TestCluster(scratch.path, workers: 1)
        _ = try await first.index(corpus, as: "c", model: model)
        let before = try await first.search(TestData.questions, in: "c", k: 5)
        await first.stop()
        let victim = try Catalog(first.data).segments("c")[1]
        let path = first.data.segments("c") + "/" + victim.sha256 + ".safetensors"
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        bytes[bytes.count - 3] ^= 4
        try bytes.write(to: URL(fileURLWithPath: path))

        let second = try await TestCluster(scratch.path, workers: 1)
        await #expect(throws: ClusterError.self) {
            _ = try await second.search(["river"], in: "c", k: 1)
        }
        #expect(!FileManager.default.fileExists(atPath: path))
        let partial = try await second.search(["river"], in: "c", k: 64, allowPartial: true)
        #expect(partial[0].coverage.rowsAnswered == 48)
        #expect(partial[0].found.count == 48)
        _ = try await second.index(corpus, as: "c", model: model)
        let after = try await second.search(TestData.questions, in: "c", k: 5)
        #expect(before.map(\.found) == after.map(\.found))
        await second.stop()
    }
}
