import GRDB

/// Dropping in three steps: the mark, the files, the row.
///
/// From the mark on the collection is not there for anybody; the row goes last, so that a drop
/// that was killed is found at the next start and finished.
extension Catalog {
    /// Marks `collection` as being dropped.
    public func beginDrop(_ collection: String) throws(ClusterError) {
        try write { connection in
            try connection.execute(
                sql: "UPDATE collection SET dropping = 1 WHERE name = ?", arguments: [collection])
        }
    }

    /// The collections whose drop has begun and not ended, by name.
    public func dropsUnderWay() throws(ClusterError) -> [String] {
        try read { connection in
            try String.fetchAll(
                connection, sql: "SELECT name FROM collection WHERE dropping = 1 ORDER BY name")
        }
    }

    /// Forgets `collection`, whose files are gone.
    public func finishDrop(_ collection: String) throws(ClusterError) {
        try write { connection in
            try connection.execute(
                sql: "DELETE FROM collection WHERE name = ?", arguments: [collection])
        }
    }
}
