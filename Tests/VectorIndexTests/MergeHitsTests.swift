import Corpus
import TestSupport
import Testing

@testable import VectorIndex

struct MergeHitsTests {
    @Test func `any division of a ranking merges back into it`() {
        var generator = Dice(seed: 41)
        for turn in 0..<300 {
            let ranking = (0..<UInt64.random(in: 0...40, using: &generator)).map {
                Hit(
                    ordinal: Ordinal($0),
                    score: Double(Int.random(in: 0...5, using: &generator)))
            }.sorted { $0.precedes($1) }
            var parts = [[Hit]](repeating: [], count: Int.random(in: 1...9, using: &generator))
            for hit in ranking {
                parts[Int.random(in: parts.indices, using: &generator)].append(hit)
            }
            // A replica may answer too.
            parts.append(parts[0])
            for k in [0, 1, 5, 100] {
                let merged = MergeHits.merge(parts, k: k)
                #expect(merged == Array(ranking.prefix(k)), "turn \(turn), k \(k)")
            }
        }
    }

    @Test func `nothing merges to nothing`() {
        #expect(MergeHits.merge([], k: 5) == [])
        #expect(MergeHits.merge([[], []], k: 5) == [])
    }

    @Test func `equal scores are ordered by ordinal, and zeros of both signs are equal`() {
        let low = Hit(ordinal: Ordinal(1), score: -0.0)
        let high = Hit(ordinal: Ordinal(2), score: 0.0)
        #expect(low.precedes(high) && !high.precedes(low))
        #expect(MergeHits.merge([[high], [low]], k: 2) == [low, high])
    }
}
