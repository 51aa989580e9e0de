import ClusterCore
import Corpus
import VectorIndex

/// Hits as they travel: a count per question, then all ordinals, then all scores.
enum HitFrames {
    /// The frames of lists of hits.
    static func encode(_ lists: [[Hit]]) -> [[UInt8]] {
        [
            RawFrame.bytes(lists.map { UInt32($0.count) }),
            RawFrame.bytes(lists.flatMap { $0.map(\.ordinal.rawValue) }),
            RawFrame.bytes(lists.flatMap { $0.map(\.score) }),
        ]
    }

    /// The ordinals of lists in their order, each once: that of the passages that come with them.
    static func ordinals(of lists: [[Hit]]) -> [UInt64] {
        var seen: Set<UInt64> = []
        return lists.joined().map(\.ordinal.rawValue).filter { seen.insert($0).inserted }
    }

    /// The passages that came with hits.
    static func passages(_ frames: [[UInt8]], count: Int) throws -> PassageSlices {
        let block = try PassageSlices(frames.count > 3 ? frames[3] : [])
        guard block.count == count else {
            throw ClusterError.internal(
                "A search result names \(count) passages and brings \(block.count).")
        }
        return block
    }

    /// The list of each question.
    ///
    /// What a worker says is not believed: sizes that disagree, more hits than were asked for, hits
    /// that are not of the shards asked for, and scores that cannot be ordered are an error.
    ///
    /// - Parameters:
    ///   - count: Questions that were asked.
    ///   - k: Hits that each may have.
    ///   - isAsked: Whether a passage can be among the hits.
    static func decode(
        _ frames: [[UInt8]], count: Int, k: Int, isAsked: (UInt64) -> Bool
    ) throws -> [[Hit]] {
        let counts: [UInt32] = try frames.values(at: 0)
        let ordinals: [UInt64] = try frames.values(at: 1)
        let scores: [Double] = try frames.values(at: 2)
        // Lane limits leave fewer than 2^22 counts of 32 bits.
        let total = counts.reduce(0) { $0 + Int($1) }
        guard counts.count == count, ordinals.count == total, scores.count == total else {
            throw ClusterError.internal(
                "A search result names \(total) hits and brings \(ordinals.count).")
        }
        guard counts.allSatisfy({ $0 <= k }) else {
            throw ClusterError.internal("A search result brings more hits than were asked for.")
        }
        guard scores.allSatisfy(\.isFinite) else {
            throw ClusterError.internal("A search result holds a score that is no number.")
        }
        guard ordinals.allSatisfy(isAsked) else {
            throw ClusterError.internal("A search result names a passage that was not asked for.")
        }
        var start = 0
        return counts.map { length in
            let range = start..<start + Int(length)
            start = range.upperBound
            return range.map { Hit(ordinal: Ordinal(ordinals[$0]), score: scores[$0]) }
        }
    }
}
