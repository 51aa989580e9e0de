internal import HeapModule

/// Joins the rankings of several shards into one.
public enum MergeHits {
    /// The first `k` of all hits, in the order of `Hit.precedes`.
    ///
    /// - Parameters:
    ///   - rankings: Each in the order of `Hit.precedes`, as a search returns it.
    ///   - k: How many hits to return at most.
    /// - Returns: The same ranking for any division of the same hits into `rankings`. An ordinal
    ///   that several rankings hold with one score is returned once. Cost: O(k · log shards).
    public static func merge(_ rankings: [[Hit]], k: Int) -> [Hit] {
        var heads = Heap<Head>()
        for (index, ranking) in rankings.enumerated() {
            if let hit = ranking.first {
                heads.insert(Head(hit: hit, ranking: index, position: 0))
            }
        }
        var merged: [Hit] = []
        merged.reserveCapacity(max(0, min(k, rankings.reduce(0) { $0 + $1.count })))
        while merged.count < k, let head = heads.min {
            let ranking = rankings[head.ranking]
            let next = head.position + 1
            if next < ranking.count {
                heads.replaceMin(
                    with: Head(hit: ranking[next], ranking: head.ranking, position: next))
            } else {
                heads.removeMin()
            }
            if merged.last != head.hit { merged.append(head.hit) }
        }
        return merged
    }

    /// The hit that comes first is the least.
    private struct Head: Comparable {
        var hit: Hit
        var ranking: Int
        var position: Int

        static func < (one: Head, other: Head) -> Bool { one.hit.precedes(other.hit) }
    }
}
