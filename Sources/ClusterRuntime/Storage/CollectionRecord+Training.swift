import ClusterCore
import VectorIndex

extension CollectionRecord {
    /// Rows of the shard that has the fewest, of those that have any.
    var smallestShard: UInt64 {
        (0..<min(shardCount, batchCount)).map { shard in
            stride(from: shard, to: batchCount, by: shardCount).reduce(0) {
                $0 + (shape.rows(of: BatchNumber($1)) ?? 0)
            }
        }.min() ?? 0
    }

    /// Throws where a shard has too few passages to train an index on.
    func checkTraining(of index: IndexOptions) throws(ClusterError) {
        let kind = index.kind ?? IndexOptions.defaultKind
        let needed: Int
        do throws(IndexError) {
            needed = try IndexTrial.trainingRows(of: kind, dimension: dimension)
        } catch {
            throw .input("\(error)")
        }
        guard passages > 0, smallestShard < UInt64(needed) else { return }
        let (there, remedy) =
            shardCount == 1
            ? ("there is one shard, of", "Name")
            : ("the smallest of \(shardCount) shards has", "Name fewer shards with --shards,")
        throw .input(
            """
            The index kind “\(kind)” is trained on \(needed) passages of each shard at least, and \
            \(there) \(smallestShard). \(remedy) fewer centroids, or another kind.
            """)
    }
}
