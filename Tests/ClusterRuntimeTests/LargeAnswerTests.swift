import Base
import ClusterCore
import Corpus
import Foundation
import TestSupport
import Testing
import VectorIndex

@testable import ClusterRuntime

/// Answers of workers that together are more than a coordinator holds of one peer.
struct LargeAnswerTests {
    /// Passages of 20 KiB, and two of 90.
    private static func corpus(in folder: String) throws -> (path: String, texts: Set<String>) {
        var (lines, texts) = ("id\ttext\ttitle\n", Set<String>())
        for number in 0..<40 {
            let words = number % 20 == 7 ? 15_000 : 3400
            let text = "iron \(number) " + String(repeating: "stone ", count: words)
            texts.insert(text + "end")
            lines += "\(number)\t\(text)end\tt\(number)\n"
        }
        let path = folder + "/large.tsv"
        try lines.write(toFile: path, atomically: true, encoding: .utf8)
        return (path, texts)
    }

    @Test func `a worker is asked for no more at once than may wait of it`() async throws {
        let folder = try TemporaryFolder()
        let model = try TestData.model(in: folder.path)
        let (corpus, texts) = try Self.corpus(in: folder.path)
        // Each worker has more than that for one question of one client.
        let cluster = try await TestCluster(
            folder.path, workers: 2, inboundBytesPerPeer: 256 << 10)
        _ = try await cluster.index(corpus, as: "c", model: model, shards: 4)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    let client = try await ClusterClient.connect(
                        to: cluster.endpoint, security: .localOnly)
                    try await client.search(
                        ["iron", "stone"], collection: "c", k: 40, allowPartial: false,
                        texts: true, budget: .seconds(60)
                    ) { _, answer in #expect(Set(answer.found.map(\.passage.text)) == texts) }
                    await client.close()
                }
            }
            try await group.waitForAll()
        }
        await cluster.stop()
    }

    /// A shard of five passages, and what each of them takes.
    private static func shard(in folder: String) throws -> (index: ShardIndex, size: Int) {
        let passages = (0..<5).map { Passage(id: "\($0)", title: "t", text: "stone") }
        let file = try Segment.write(
            SegmentContent(
                firstOrdinal: Ordinal(0), dimension: 1, vectors: [1, 2, 3, 4, 5],
                passages: passages, sourceDigest: "", batch: 0, fingerprint: ""),
            folder: folder)
        let index = try ShardIndex(
            segments: [try Segment.open(path: file.path, expecting: file.sha256)],
            metric: .innerProduct, kind: "exact")
        return (index, passages[0].wireBytes)
    }

    @Test func `hits bring the passages that have room, the first ones`() throws {
        let folder = try TemporaryFolder()
        let (index, size) = try Self.shard(in: folder.path)
        for (bytes, expected) in [(0, 0), (size, 1), (3 * size - 1, 2), (9 * size, 3)] {
            let answer = try ShardSearch.answer(
                Search(
                    collection: "c", generation: 1, shards: [0], k: 3, count: 2, dimension: 1,
                    passageBytes: UInt32(bytes), texts: true),
                [RawFrame.bytes([1, 2] as [Float])], [0: index], WorkerCounters(), threads: 1)
            #expect(answer.result.passages == expected)
            #expect(answer.frames.count == (bytes == 0 ? 3 : 4))
            guard bytes > 0 else { continue }
            let lists = try HitFrames.decode(answer.frames, count: 2, k: 3) { _ in true }
            // Both questions find the same three.
            #expect(HitFrames.ordinals(of: lists) == [4, 3, 2])
            let came = try PassageBlock.decode(answer.frames[3]).map(\.id)
            #expect(came == ["4", "3", "2"].prefix(expected).map { $0 })
            #expect(try HitFrames.passages(answer.frames, count: expected).count == expected)
            #expect(throws: ClusterError.self) {
                try HitFrames.passages(answer.frames, count: expected + 1)
            }
        }
    }

    @Test func `an answer has the passages that have room, and says what the next one needs`()
        throws
    {
        let folder = try TemporaryFolder()
        let (index, size) = try Self.shard(in: folder.path)
        func answer(_ mostBytes: Int) throws -> (count: Int, next: Int, blockCount: Int) {
            let (result, block) = try ShardSearch.passages(
                Fetch(collection: "c", generation: 1, texts: true, mostBytes: UInt32(mostBytes)),
                [RawFrame.bytes((0..<5).map { UInt64($0) })], [index])
            return (
                Int(result.count), Int(result.nextBytes), try PassageSlices(block).count
            )
        }
        #expect(try answer(0) == (5, 0, 5))
        #expect(try answer(5 * size) == (5, 0, 5))
        #expect(try answer(5 * size - 1) == (4, size, 4))
        #expect(try answer(size) == (1, size, 1))
        #expect(try answer(size - 1) == (0, size, 0))
    }
}
