import Corpus
import VectorIndex

/// Hits as they travel: a count per question, then all ordinals, then all scores.
enum HitFrames {
    /// The list of each question; sizes that disagree are an error.
    static func decode(_ frames: [[UInt8]], count: Int) throws -> [[Hit]] {
        let counts: [UInt32] = try frames.values(at: 0)
        let ordinals: [UInt64] = try frames.values(at: 1)
        let scores: [Double] = try frames.values(at: 2)
        let total = counts.reduce(0) { $0 + Int($1) }
        guard counts.count == count, ordinals.count == total, scores.count == total else {
            throw ClusterError.internal(
                "A search result names \(total) hits and brings \(ordinals.count).")
        }
        var start = 0
        return counts.map { length in
            let range = start..<start + Int(length)
            start = range.upperBound
            return range.map { Hit(ordinal: Ordinal(ordinals[$0]), score: scores[$0]) }
        }
    }
}
