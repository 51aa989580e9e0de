import Foundation
import TestSupport
import Testing

@testable import Evaluation

struct RankingMeasuresTests {
    private func near(_ left: Double, _ right: Double) -> Bool { abs(left - right) < 1e-12 }

    @Test func `measures worked out by hand`() {
        // Relevant: a (3), c (2), e (1), f (2), the last not found; the list is a b c d e.
        let relevance = RankedRelevance(
            rankedIDs: ["a", "b", "c", "d", "e"], gains: ["a": 3, "c": 2, "e": 1, "f": 2, "x": 0])
        #expect(relevance.gains == [3, 0, 2, 0, 1])
        #expect(relevance.idealGains == [3, 2, 2, 1])
        #expect(relevance.firstRank == 1)
        #expect([1, 2, 3, 5].map { relevance.recall($0) } == [0.25, 0.25, 0.5, 0.75])
        #expect(relevance.cappedRecall(1) == 1)
        #expect(relevance.cappedRecall(2) == 0.5)
        #expect(near(relevance.cappedRecall(3), 2.0 / 3))
        #expect(relevance.cappedRecall(5) == 0.75)
        #expect(near(relevance.averagePrecision, (1 + 2.0 / 3 + 3.0 / 5) / 4))
        let gained = 3 + 2 / log2(4.0) + 1 / log2(6.0)
        let ideal = 3 + 2 / log2(3.0) + 2 / log2(4.0) + 1 / log2(5.0)
        #expect(near(relevance.ndcg(5), gained / ideal))
        #expect(near(relevance.ndcg(2), 3 / (3 + 2 / log2(3.0))))
    }

    @Test func `the first relevant passage decides accuracy and reciprocal rank`() {
        let relevance = RankedRelevance(gains: [0, 0, 1, 1], allGains: [1, 1])
        #expect(relevance.accuracy(2) == 0)
        #expect(relevance.accuracy(3) == 1)
        #expect(relevance.reciprocalRank(2) == 0)
        #expect(relevance.reciprocalRank(10) == 1.0 / 3)
        #expect(near(relevance.averagePrecision, (1.0 / 3 + 2.0 / 4) / 2))
    }

    @Test func `a list without relevant passages, or none to find, has no merit`() {
        for relevance in [
            RankedRelevance(gains: [], allGains: [1]),
            RankedRelevance(gains: [0, 0], allGains: []),
        ] {
            #expect(relevance.firstRank == nil)
            #expect(relevance.accuracy(5) == 0)
            #expect(relevance.recall(5) == 0 && relevance.cappedRecall(5) == 0)
            #expect(relevance.reciprocalRank(5) == 0)
            #expect(relevance.averagePrecision == 0)
            #expect(relevance.ndcg(5) == 0)
        }
    }

    @Test func `a passage that occurs again does not count again`() {
        let relevance = RankedRelevance(rankedIDs: ["a", "a", "b"], gains: ["a": 1, "b": 1])
        #expect(relevance.gains == [1, 0, 1])
    }

    @Test func `measures agree with their definitions written plainly`() {
        for seed: UInt64 in 0..<2_000 {
            var generator = Dice(seed: seed)
            let ids = (0..<30).map { "p\($0)" }
            var gains: [String: Int] = [:]
            for id in ids.shuffled(using: &generator).prefix(
                Int.random(in: 0...20, using: &generator))
            {
                gains[id] = Int.random(in: 0...3, using: &generator)
            }
            let ranked = Array(
                ids.shuffled(using: &generator).prefix(Int.random(in: 0...30, using: &generator)))
            let relevance = RankedRelevance(rankedIDs: ranked, gains: gains)
            let relevant = gains.filter { $0.value > 0 }
            for k in [1, 2, 5, 10, 30, 100] {
                let top = ranked.prefix(k)
                let hits = top.filter { relevant[$0] != nil }.count
                #expect(relevance.accuracy(k) == (hits > 0 ? 1 : 0))
                let possible = min(relevant.count, k)
                #expect(
                    relevance.cappedRecall(k)
                        == (possible == 0 ? 0 : Double(hits) / Double(possible)))
                #expect(
                    relevance.recall(k)
                        == (relevant.isEmpty ? 0 : Double(hits) / Double(relevant.count)))
                var first = 0.0
                for (index, id) in top.enumerated().reversed() where relevant[id] != nil {
                    first = 1 / Double(index + 1)
                }
                #expect(relevance.reciprocalRank(k) == first)
                func discounted(_ values: [Int]) -> Double {
                    values.prefix(k).enumerated().reduce(0) {
                        $0 + Double($1.element)
                            / (log($1.offset == 0 ? 2 : Double($1.offset + 2)) / log(2))
                    }
                }
                let best = discounted(relevant.values.sorted(by: >))
                let got = discounted(ranked.map { relevant[$0] ?? 0 })
                #expect(near(relevance.ndcg(k), best == 0 ? 0 : got / best))
            }
            var precision = 0.0
            for rank in stride(from: 1, through: ranked.count, by: 1)
            where relevant[ranked[rank - 1]] != nil {
                precision +=
                    Double(ranked.prefix(rank).filter { relevant[$0] != nil }.count) / Double(rank)
            }
            let mean = relevant.isEmpty ? 0 : precision / Double(relevant.count)
            #expect(near(relevance.averagePrecision, mean), "seed \(seed)")
        }
    }
}
