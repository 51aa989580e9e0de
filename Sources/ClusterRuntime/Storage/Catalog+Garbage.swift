import GRDB

/// A file that nothing names, marked to be looked at again before it is deleted.
public struct GarbageMark: Hashable, Sendable {
    /// The file's name in the segments folder of its collection.
    public var object: String
    /// When it was marked, in seconds of the Unix clock.
    public var since: Int64
    /// The epoch of the coordinator that marked it.
    public var epoch: UInt64

    /// Makes a mark.
    public init(object: String, since: Int64, epoch: UInt64) {
        self.object = object
        self.since = since
        self.epoch = epoch
    }
}

extension Catalog {
    /// The marks of `collection`, by name of the file.
    public func garbage(_ collection: String) throws(ClusterError) -> [GarbageMark] {
        try read { connection in
            try Row.fetchAll(
                connection,
                sql: "SELECT * FROM garbage WHERE collection = ? ORDER BY object",
                arguments: [collection]
            ).map { row in
                GarbageMark(
                    object: row["object"], since: row["since"],
                    epoch: UInt64(bitPattern: row["epoch"] as Int64))
            }
        }
    }
}
