import Base
import ClusterCore
import Corpus
import VectorIndex

/// What a worker answers from its shards: pure compute, run on the search lane.
enum ShardSearch {
    /// What a worker says to a search, and what it found wrong with its shards meanwhile.
    struct Answer {
        var result: SearchResult
        var frames: [[UInt8]]
        var damage: [IndexError] = []
    }

    /// Searches the shards asked for and merges them; a shard that is not held here, or whose files
    /// are damaged, is named as unanswered.
    static func answer(
        _ request: Search, _ frames: [[UInt8]], _ served: [UInt32: ShardIndex],
        _ counters: WorkerCounters, threads: Int
    ) throws -> Answer {
        let start = MonotonicClock.now()
        let count = Int(request.count)
        let questions: [Float] = try frames.values(at: 0)
        guard count > 0, questions.count == count * Int(request.dimension) else {
            throw ClusterError.internal("A search came with \(questions.count) floats.")
        }
        var coverage: [ShardCoverage] = []
        var lists: [[[Hit]]] = Array(repeating: [], count: count)
        var damage: [IndexError] = []
        for shard in request.shards {
            guard let index = served[shard] else {
                coverage.append(ShardCoverage(shard: shard, rows: 0, answered: false))
                continue
            }
            let hits: [[Hit]]
            do {
                hits = try index.search(
                    questions: questions, count: count, k: Int(request.k), threads: threads)
            } catch {
                guard error.isDamage else { throw error }
                damage.append(error)
                coverage.append(ShardCoverage(shard: shard, rows: 0, answered: false))
                continue
            }
            for (question, list) in hits.enumerated() { lists[question].append(list) }
            coverage.append(
                ShardCoverage(shard: shard, rows: UInt64(index.rows), answered: true))
            counters.searched()
        }
        let merged = lists.map { MergeHits.merge($0, k: Int(request.k)) }
        var answer = Answer(
            result: SearchResult(shards: coverage), frames: HitFrames.encode(merged),
            damage: damage)
        if request.passageBytes > 0 {
            let (count, block) = passages(of: merged, request, served)
            answer.result.passages = UInt32(count)
            answer.frames.append(block)
        }
        answer.result.computeUs = (MonotonicClock.now() - start).microseconds
        return answer
    }

    /// The passages of the first hits, as many as have room.
    ///
    /// None where one cannot be read: whoever asks for it alone is told why.
    private static func passages(
        of hits: [[Hit]], _ request: Search, _ served: [UInt32: ShardIndex]
    ) -> (count: Int, block: [UInt8]) {
        let found = try? passages(
            HitFrames.ordinals(of: hits), texts: request.texts,
            most: Int(request.passageBytes), least: 0, request.shards.compactMap { served[$0] })
        let block = found?.block ?? PassageBlockBuilder()
        return (block.count, block.block())
    }

    /// The passages of as many of the ordinals asked for as fit into one answer, as the bytes that
    /// are stored, and what the next one needs.
    ///
    /// Where the request leaves the size of the answer to the worker, there is one at least.
    static func passages(
        _ request: Fetch, _ frames: [[UInt8]], _ served: [ShardIndex]
    ) throws -> (result: FetchResult, block: [UInt8]) {
        let isFree = request.mostBytes == 0
        let (block, next) = try passages(
            try frames.values(at: 0), texts: request.texts,
            most: isFree ? Worker.fetchBytes : Int(request.mostBytes), least: isFree ? 1 : 0,
            served)
        return (
            FetchResult(count: UInt32(block.count), nextBytes: UInt32(next)), block.block()
        )
    }

    /// The first of the passages, as many as take `most` bytes or `least` of them, and what the
    /// next one takes, where it had no room.
    private static func passages(
        _ ordinals: [UInt64], texts: Bool, most: Int, least: Int, _ served: [ShardIndex]
    ) throws -> (block: PassageBlockBuilder, next: Int) {
        var block = PassageBlockBuilder()
        for ordinal in ordinals {
            guard
                try served.contains(where: {
                    try $0.append(Ordinal(ordinal), texts: texts, to: &block)
                })
            else {
                throw ClusterError.unavailable(
                    "Passage \(ordinal) is not held by this worker.", nil)
            }
            if block.size > most, block.count > least {
                let before = block.size
                block.removeLast()
                return (block, before - block.size)
            }
        }
        return (block, 0)
    }
}
