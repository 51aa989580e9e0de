import ClusterCore
import Foundation
import GRDB

/// What the catalog knows of files that it does not name.
extension Catalog {
    /// The marks of `collection`, by object.
    func garbage(_ collection: String) throws(ClusterError) -> [GarbageMark] {
        try read { connection in
            try Row.fetchAll(
                connection,
                sql: "SELECT * FROM garbage WHERE collection = ? ORDER BY object",
                arguments: [collection]
            ).map(GarbageMark.init(row:))
        }
    }

    /// Marks objects from `since` on, and takes the marks of others away.
    func mark(
        _ marks: [GarbageMark], unmark: [String], collection: String
    ) throws(ClusterError) {
        guard !marks.isEmpty || !unmark.isEmpty else { return }
        try write { connection in
            let insert = try connection.makeStatement(
                sql: "INSERT OR REPLACE INTO garbage VALUES (?, ?, ?, ?)")
            for mark in marks {
                try insert.execute(arguments: [
                    collection, mark.object, mark.since, Int64(bitPattern: mark.epoch),
                ])
            }
            let delete = try connection.makeStatement(
                sql: "DELETE FROM garbage WHERE collection = ? AND object = ?")
            for object in unmark { try delete.execute(arguments: [collection, object]) }
        }
    }

    /// Deletes marked objects that are still marked as they were and that no row names: both are
    /// looked at in the transaction that takes the marks away, which holds off every commit.
    ///
    /// - Parameter remove: Removes the file of an object; false when it is left.
    func sweep(
        _ marks: [GarbageMark], collection: String, remove: (String) -> Bool
    ) throws(ClusterError) -> Int {
        guard !marks.isEmpty else { return 0 }
        return try write { connection in
            var count = 0
            for mark in marks {
                let found = try Row.fetchOne(
                    connection, sql: "SELECT * FROM garbage WHERE collection = ? AND object = ?",
                    arguments: [collection, mark.object]
                ).map(GarbageMark.init(row:))
                guard found == mark else { continue }
                if case .segment(let sha256) = GarbageReview.kind(of: mark.object),
                    try Bool.fetchOne(
                        connection,
                        sql: """
                            SELECT EXISTS (
                                SELECT 1 FROM segment WHERE collection = ? AND sha256 = ?)
                            """,
                        arguments: [collection, sha256]) == true
                {
                    continue
                }
                guard remove(mark.object) else { continue }
                count += 1
                try connection.execute(
                    sql: "DELETE FROM garbage WHERE collection = ? AND object = ?",
                    arguments: [collection, mark.object])
            }
            return count
        }
    }

    /// Names of the segments of `collection` whose files lie in the data folder, as far as the
    /// catalog knows.
    func sharedSegments(_ collection: String) throws(ClusterError) -> Set<String> {
        try read { connection in
            try String.fetchSet(
                connection, sql: "SELECT sha256 FROM copy WHERE collection = ? AND holder = ?",
                arguments: [collection, Catalog.sharedHolder])
        }
    }

    /// Enters a segment that was found on the disk, unless its batch has another one by now.
    ///
    /// - Parameter lost: The segment that the batch has in the catalog and nowhere else.
    func adopt(
        _ segment: SegmentRecord, collection: String, inPlaceOf lost: String?
    ) throws(ClusterError) -> Bool {
        try write { connection in
            let present = try String.fetchOne(
                connection, sql: "SELECT sha256 FROM segment WHERE collection = ? AND batch = ?",
                arguments: [collection, segment.batch.rawValue])
            guard present == lost else { return false }
            if let lost {
                try connection.execute(
                    sql: "DELETE FROM copy WHERE collection = ? AND sha256 = ?",
                    arguments: [collection, lost])
            }
            try connection.execute(
                sql: "INSERT OR REPLACE INTO segment VALUES (?, ?, ?, ?, ?, ?)",
                arguments: [
                    collection, segment.batch.rawValue, segment.sha256, Int64(segment.rows),
                    Int64(segment.bytes), Int64(bitPattern: segment.attempt.rawValue),
                ])
            try connection.execute(
                sql: "INSERT OR IGNORE INTO copy VALUES (?, ?, ?)",
                arguments: [collection, segment.sha256, Catalog.sharedHolder])
            return true
        }
    }
}

extension GarbageMark {
    fileprivate init(row: Row) {
        self.init(
            object: row["object"], since: row["since"],
            epoch: UInt64(bitPattern: row["epoch"] as Int64))
    }
}
