import Foundation

/// How relevant the passages of one ranked list are, and how relevant they could be.
///
/// All measures follow from it. Ranks count from 1.
public struct RankedRelevance: Hashable, Sendable {
    /// The gain of each passage of the list, best ranked first; 0 where it is not relevant.
    public let gains: [Int]
    /// The gains of all passages with one, in the list or not, greatest first.
    public let idealGains: [Int]
    /// The least gain of a relevant passage; nDCG alone looks at those below.
    public let level: Int
    /// How many relevant passages there are, in the list or not.
    public let relevantCount: Int

    /// Notes the gains of a list, and of all passages in any order.
    public init(gains: [Int], allGains: [Int], level: Int = 1) {
        precondition(level >= 1, "a level of \(level) makes every passage relevant")
        self.gains = gains
        self.level = level
        idealGains = allGains.filter { $0 > 0 }.sorted(by: >)
        relevantCount = idealGains.count { $0 >= level }
    }

    /// Ranks passages by their ids; one that occurs again does not count again.
    public init(rankedIDs: [String], gains: [String: Int], level: Int = 1) {
        var left = gains
        self.init(
            gains: rankedIDs.map { max(0, left.removeValue(forKey: $0) ?? 0) },
            allGains: Array(gains.values), level: level)
    }

    /// The rank of the first relevant passage, or nil.
    public var firstRank: Int? {
        gains.firstIndex { $0 >= level }.map { $0 + 1 }
    }

    /// Top-k accuracy of one question: 1 where a relevant passage is among the first k, else 0.
    public func accuracy(_ k: Int) -> Double {
        firstRank.map { $0 <= k } == true ? 1 : 0
    }

    /// Recall at k, as trec_eval has it: relevant passages among the first k, over all relevant
    /// ones.
    public func recall(_ k: Int) -> Double {
        relevantCount == 0 ? 0 : Double(found(k)) / Double(relevantCount)
    }

    /// Capped recall at k: relevant passages among the first k, over min(number of relevant ones,
    /// k).
    ///
    /// The divisor is the most that k places can hold, so a perfect list has 1 at any k.
    public func cappedRecall(_ k: Int) -> Double {
        let possible = min(relevantCount, k)
        return possible == 0 ? 0 : Double(found(k)) / Double(possible)
    }

    private func found(_ k: Int) -> Int { gains.prefix(k).count { $0 >= level } }

    /// Reciprocal rank at k: 1/rank of the first relevant passage among the first k, else 0.
    public func reciprocalRank(_ k: Int) -> Double {
        guard let firstRank, firstRank <= k else { return 0 }
        return 1 / Double(firstRank)
    }

    /// Reciprocal rank over the whole list, trec_eval's recip_rank.
    public var reciprocalRank: Double { firstRank.map { 1 / Double($0) } ?? 0 }

    /// Average precision over the whole list: precision at each relevant passage, summed, over the
    /// number of all relevant ones.
    public var averagePrecision: Double {
        guard relevantCount > 0 else { return 0 }
        var found = 0
        var sum = 0.0
        for (index, gain) in gains.enumerated() where gain >= level {
            found += 1
            sum += Double(found) / Double(index + 1)
        }
        return sum / Double(relevantCount)
    }

    /// Normalised discounted cumulative gain at k: Σ gain/log₂(rank + 1), over that of the best
    /// possible list (Järvelin and Kekäläinen 2002, with the gain itself as trec_eval has it).
    public func ndcg(_ k: Int) -> Double {
        let ideal = Self.discounted(idealGains.prefix(k))
        return ideal == 0 ? 0 : Self.discounted(gains.prefix(k)) / ideal
    }

    private static func discounted(_ gains: ArraySlice<Int>) -> Double {
        var sum = 0.0
        for (index, gain) in gains.enumerated() where gain > 0 {
            sum += Double(gain) / log2(Double(index + 2))
        }
        return sum
    }
}
