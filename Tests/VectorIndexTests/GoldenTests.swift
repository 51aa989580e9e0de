import Corpus
import Foundation
import TestSupport
import Testing

@testable import VectorIndex

/// Search results and index files made by Faiss itself.
struct GoldenTests {
    @Test(arguments: ShardIndex.exactKinds, [Metric.innerProduct, .l2])
    func `searches find what Faiss found`(kind: String, metric: Metric) throws {
        let golden = try GoldenCase("retrieval")
        let shape = golden.shape("passage_embeddings")
        let rows = try golden.floats("passage_embeddings")
        let questions = try golden.floats("question_embeddings")
        let prefix = metric == .l2 ? "l2" : "ip"
        let ids = try golden.integers("\(prefix)_ids")
        let scores = try golden.floats(metric == .l2 ? "l2_dist" : "ip_scores")
        let count = golden.shape("question_embeddings")[0]
        let k = golden.shape("\(prefix)_ids")[1]

        let folder = try TemporaryFolder()
        let index = try ShardIndex(
            segments: try segments(
                rows, dimension: shape[1], rows: [1, shape[0] - 1], in: folder),
            metric: metric, kind: kind)
        let answers = try index.search(questions: questions, count: count, k: k)
        for (number, hits) in answers.enumerated() {
            // float32 sums of this size differ by their order in the last digits; neighbours that
            // are so near may stand in either order there.
            for (place, hit) in hits.enumerated() {
                let expected = Double(scores[number * k + place]) * (metric == .l2 ? -1 : 1)
                let tolerance = 1e-4 * max(1, abs(expected))
                #expect(abs(hit.score - expected) <= tolerance)
                if hit.ordinal.rawValue != UInt64(ids[number * k + place]) {
                    let near = hits.indices.filter { abs(hits[$0].score - expected) <= tolerance }
                    #expect(near.count > 1, "question \(number), place \(place)")
                }
            }
        }
    }

    @Test(arguments: ["flat_ip", "flat_l2"])
    func `an index file of Faiss is read`(name: String) throws {
        let golden = try GoldenCase("retrieval")
        let rows = try golden.floats("passage_embeddings")
        let path = Goldens.path("index/\(name).faiss")
        let read = try StoredIndex(path: path)
        #expect(read.metric == (name == "flat_l2" ? .l2 : .innerProduct))
        #expect(read.dimension == golden.shape("passage_embeddings")[1])
        #expect(try (0..<read.rows).flatMap(read.vector) == rows)
    }
}
