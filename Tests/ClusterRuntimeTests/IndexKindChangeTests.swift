import ClusterCore
import Corpus
import Foundation
import TestSupport
import Testing

@testable import ClusterRuntime

/// Index kinds are tried before anything is encoded, and changed without encoding anything again.
@Suite(.serialized) struct IndexKindChangeTests {
    private func refusal(
        _ cluster: TestCluster, _ request: IndexRequest, kind: String
    ) async -> ClusterError? {
        var request = request
        request.index.kind = kind
        do {
            _ = try await cluster.client.index(request) { _ in }
            return nil
        } catch {
            return error
        }
    }

    @Test func `a kind that cannot be used is refused before anything is encoded`() async throws {
        let scratch = try TemporaryFolder()
        defer { scratch.remove() }
        let model = try TestData.model(in: scratch.path)
        let corpus = try TestData.corpus(40, seed: 1, in: scratch.path)
        let cluster = try await TestCluster(scratch.path, workers: 1)
        let request = IndexRequest.test(corpus, as: "c", model: model, shards: 2)
        for (kind, reason) in [
            ("LSH", "Choose --metric l2, another"), ("PQ0", "parts of a vector"),
            ("HNSW1", "links of a vertex"),
            ("IMI2x2,Flat", "METRIC_L2"), ("PQ7", "multiple"), ("IDMap2,Flat", "Leave it out"),
            ("IVF30,Flat", "the smallest of 2 shards has 16"),
        ] {
            let error = await refusal(cluster, request, kind: kind)
            #expect(error?.code == .input, "\(kind): \(String(describing: error))")
            #expect(error?.description.contains(reason) == true, "\(String(describing: error))")
        }
        // Nothing of them is left behind, and nothing was encoded for them.
        let status = try await cluster.client.status()
        #expect(status.collections.isEmpty)
        #expect(status.workers.allSatisfy { $0.passagesEncoded == 0 })
        #expect(await refusal(cluster, request, kind: "IVF4,Flat") == nil)
        await cluster.stop()
    }

    @Test func `another kind for a complete collection is built from its segments`() async throws {
        let scratch = try TemporaryFolder()
        defer { scratch.remove() }
        let model = try TestData.model(in: scratch.path)
        let corpus = try TestData.corpus(60, seed: 1, in: scratch.path)
        let cluster = try await TestCluster(scratch.path, workers: 1)
        let first = try await cluster.index(corpus, as: "c", model: model, shards: 2)
        let exact = try await cluster.search(["river"], in: "c", k: 5)[0].found
        var request = IndexRequest.test(corpus, as: "c", model: model, shards: 2)
        for kind in ["IVF4,Flat:nprobe=4", "HNSW16", "exact"] {
            request.index.kind = kind
            let last = try await cluster.client.index(request) { _ in }
            #expect(last.passagesEncoded == 0 && !last.alreadyComplete)
            #expect(last.generation > first.generation)
            let record = try await cluster.client.status(of: "c").collections.first
            #expect(record?.index.kind == kind, "\(String(describing: record))")
            let found = try await cluster.search(["river"], in: "c", k: 5)[0].found
            #expect(found.map(\.passage.id) == exact.map(\.passage.id), "\(kind)")
        }
        // A kind that is refused leaves the one before.
        #expect(await refusal(cluster, request, kind: "IVF500,Flat")?.code == .input)
        let found = try await cluster.search(["river"], in: "c", k: 5)[0].found
        #expect(found.map(\.passage.id) == exact.map(\.passage.id))
        await cluster.stop()
    }
}
