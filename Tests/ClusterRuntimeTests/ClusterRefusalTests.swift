import ClusterCore
import Foundation
import TestSupport
import Testing

@testable import ClusterRuntime

/// What a cluster refuses, and how it says so.
@Suite(.serialized) struct ClusterRefusalTests {
    private func expect(
        _ code: FailureCode, _ part: String, _ body: () async throws -> Void
    ) async {
        do {
            try await body()
            Issue.record("nothing was refused; expected: \(part)")
        } catch let error as ClusterError {
            #expect(error.code == code, "\(error)")
            #expect(error.description.contains(part), "\(error)")
        } catch {
            Issue.record("\(error)")
        }
    }

    @Test func `requests that cannot be met are refused with a remedy`() async throws {
        let scratch = try TemporaryFolder()
        defer { scratch.remove() }
        let model = try TestData.model(in: scratch.path)
        let corpus = try TestData.corpus(40, seed: 1, in: scratch.path)
        let other = try TestData.corpus(40, seed: 2, in: scratch.path)
        let cluster = try await TestCluster(scratch.path, workers: 1)
        _ = try await cluster.index(corpus, as: "c", model: model)

        await expect(.conflict, "another source") {
            _ = try await cluster.index(other, as: "c", model: model)
        }
        await expect(.conflict, "shards") {
            _ = try await cluster.index(corpus, as: "c", model: model, shards: 3)
        }
        await expect(.input, "cannot name a collection") {
            _ = try await cluster.index(corpus, as: "../c", model: model)
        }
        await expect(.input, "missing.tsv") {
            _ = try await cluster.index(scratch.path + "/missing.tsv", as: "d", model: model)
        }
        await expect(.input, "model-not-there") {
            _ = try await cluster.index(corpus, as: "d", model: scratch.path + "/model-not-there")
        }
        await expect(.input, "index kind") {
            var request = IndexRequest.test(corpus, as: "d", model: model)
            request.index.kind = "Round"
            _ = try await cluster.client.index(request) { _ in }
        }
        await expect(.input, "question_encoder") {
            var request = IndexRequest.test(corpus, as: "d", model: model)
            request.contextModel = request.questionModel
            _ = try await cluster.client.index(request) { _ in }
        }
        await expect(.input, "k is 0") { _ = try await cluster.search(["river"], in: "c", k: 0) }
        await expect(.input, "Question 2 is empty") {
            _ = try await cluster.search(["river", " "], in: "c", k: 1)
        }
        await expect(.notFound, "Name one of: c") {
            _ = try await cluster.search(["river"], in: "d", k: 1)
        }
        await expect(.conflict, "Another coordinator") {
            _ = try await TestCluster(scratch.path, workers: 1)
        }
        #expect(try await cluster.search(["river"], in: "c", k: 3)[0].found.count == 3)
        try await cluster.client.drop("c")
        await expect(.notFound, "sheaf index") {
            _ = try await cluster.search(["river"], in: "c", k: 1)
        }
        #expect(!FileManager.default.fileExists(atPath: cluster.data.collection("c")))
        await cluster.stop()
    }

    @Test func `a collection without a question tower can be indexed, not searched`() async throws {
        let scratch = try TemporaryFolder()
        defer { scratch.remove() }
        let model = try TestData.model(in: scratch.path)
        let corpus = try TestData.corpus(20, seed: 1, in: scratch.path)
        let cluster = try await TestCluster(scratch.path, workers: 1)
        var request = IndexRequest.test(corpus, as: "c", model: model)
        request.questionModel = ""
        let report = try await cluster.client.index(request) { _ in }
        #expect(report.passagesCommitted == 20)
        await expect(.input, "--question-model") {
            _ = try await cluster.search(["river"], in: "c", k: 1)
        }
        await cluster.stop()
    }

    @Test func `a model that changed after indexing is noticed`() async throws {
        let scratch = try TemporaryFolder()
        defer { scratch.remove() }
        let model = try TestData.model(in: scratch.path)
        let corpus = try TestData.corpus(20, seed: 1, in: scratch.path)
        let first = try await TestCluster(scratch.path, workers: 1)
        _ = try await first.index(corpus, as: "c", model: model)
        await first.stop()
        let weights = model + "/question_encoder/model.safetensors"
        var bytes = try Data(contentsOf: URL(fileURLWithPath: weights))
        bytes[bytes.count - 4] ^= 1
        try bytes.write(to: URL(fileURLWithPath: weights))
        let second = try await TestCluster(scratch.path, workers: 1)
        await expect(.conflict, "question encoder") {
            _ = try await second.search(["river"], in: "c", k: 1)
        }
        await second.stop()
    }
}
