import Base

#if canImport(Glibc)
    import Glibc
#else
    import Foundation
#endif

/// Which worker holds which shard: weighted rendezvous hashing with a bound on each worker's load.
///
/// Each shard goes to the worker with the highest weighted hash that still has room, so a worker
/// that comes or goes moves few shards, and no worker holds more than its share rounded up. (Thaler
/// and Ravishankar, "Using name-based mappings to increase hit rates", 1998; the bound as in
/// Mirrokni, Thorup and Zadimoghaddam, "Consistent hashing with bounded loads", 2018.)
public enum Placement {
    /// A candidate for shards.
    public struct Candidate: Hashable, Sendable {
        /// The worker's name: a restarted worker gets its shards back.
        public var name: String
        /// Its share of the shards is proportional to this.
        public var weight: Int

        /// Makes a candidate.
        public init(name: String, weight: Int) {
            self.name = name
            self.weight = max(1, weight)
        }
    }

    /// The owner of each shard of `collection`, by shard number; empty when there is no candidate.
    public static func owners(
        collection: String, shardCount: Int, candidates: [Candidate]
    ) -> [ShardNumber: String] {
        let total = candidates.reduce(0) { $0 + $1.weight }
        guard total > 0 else { return [:] }
        var room: [String: Int] = [:]
        for candidate in candidates {
            room[candidate.name] = (shardCount * candidate.weight + total - 1) / total
        }
        var owners: [ShardNumber: String] = [:]
        for number in 0..<shardCount {
            let best =
                candidates
                .filter { room[$0.name, default: 0] > 0 }
                .map { (score(collection, number, $0), $0.name) }
                .max { ($0.0, $1.1) < ($1.0, $0.1) }
            guard let (_, name) = best else { continue }
            owners[ShardNumber(number)] = name
            room[name, default: 0] -= 1
        }
        return owners
    }

    /// −weight / ln(u) with u uniform in (0, 1) from a hash of shard and worker.
    private static func score(_ collection: String, _ shard: Int, _ candidate: Candidate) -> Double
    {
        var hash = FNV()
        hash.add("\(collection)\u{0}\(shard)\u{0}\(candidate.name)".utf8)
        let uniform = (Double(SplitMix.mixed(hash.value) >> 11) + 0.5) / Double(1 << 53)
        return -Double(candidate.weight) / log(uniform)
    }
}
