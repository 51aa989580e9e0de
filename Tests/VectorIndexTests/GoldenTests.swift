import Corpus
import Foundation
import Testing

@testable import VectorIndex

/// Search results and index files made by Faiss itself.
struct GoldenTests {
    private static var goldens: String {
        ProcessInfo.processInfo.environment["SHEAF_GOLDENS"]
            ?? URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Fixtures/goldens").path
    }

    private struct Tensors {
        var header: [String: Any]
        var data: Data

        init(_ path: String) throws {
            let all = try Data(contentsOf: URL(fileURLWithPath: path))
            let length = all.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
            let json = try JSONSerialization.jsonObject(with: all[8..<8 + length])
            header = try #require(json as? [String: Any])
            data = Data(all[(8 + length)...])
        }

        func values<Value: BitwiseCopyable>(_ name: String, _: Value.Type) throws -> [Value] {
            let entry = try #require(header[name] as? [String: Any])
            let offsets = try #require(entry["data_offsets"] as? [Int])
            return data[offsets[0]..<offsets[1]].withUnsafeBytes { bytes in
                (0..<bytes.count / MemoryLayout<Value>.stride).map {
                    bytes.loadUnaligned(
                        fromByteOffset: $0 * MemoryLayout<Value>.stride, as: Value.self)
                }
            }
        }

        func shape(_ name: String) throws -> [Int] {
            let entry = try #require(header[name] as? [String: Any])
            return try #require(entry["shape"] as? [Int])
        }
    }

    @Test(arguments: ShardIndex.exactKinds, [Metric.innerProduct, .l2])
    func `searches find what Faiss found`(kind: String, metric: Metric) throws {
        let golden = try Tensors("\(Self.goldens)/cases/retrieval.safetensors")
        let shape = try golden.shape("passage_embeddings")
        let rows = try golden.values("passage_embeddings", Float.self)
        let questions = try golden.values("question_embeddings", Float.self)
        let prefix = metric == .l2 ? "l2" : "ip"
        let ids = try golden.values("\(prefix)_ids", Int64.self)
        let scores = try golden.values(metric == .l2 ? "l2_dist" : "ip_scores", Float.self)
        let count = try golden.shape("question_embeddings")[0]
        let k = try golden.shape("\(prefix)_ids")[1]

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
        let golden = try Tensors("\(Self.goldens)/cases/retrieval.safetensors")
        let rows = try golden.values("passage_embeddings", Float.self)
        let path = "\(Self.goldens)/index/\(name).faiss"
        let read = try FaissFile.read(path: path)
        #expect(read.metric == (name == "flat_l2" ? .l2 : .innerProduct))
        #expect(read.dimension == (try golden.shape("passage_embeddings"))[1])
        #expect(read.vectors == rows)
    }
}
