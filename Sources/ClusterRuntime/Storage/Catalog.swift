import ClusterCore
public import Corpus
import Foundation
import GRDB

/// The coordinator's memory: collections, batches, segments and where their copies are.
///
/// One SQLite file in WAL mode with `synchronous = FULL`: when a call returns, what it wrote
/// survives a power cut.
public final class Catalog: Sendable {
    /// Time that a statement waits for another process that writes.
    static let busySeconds = 10.0

    let database: DatabasePool

    /// Opens or makes the catalog of `folder`.
    public init(_ folder: DataFolder) throws(ClusterError) {
        do {
            // SQLite gives its other files the mode of this one.
            try PrivateFolder.makeFile(folder.catalog)
            database = try Catalog.connect(folder.catalog)
            if try Catalog.prepareSchema(database) < Catalog.schemaVersion { folder.tighten() }
            // SQLite syncs the name of a log that it made itself, not one that it found: whoever
            // made it may have been killed before that.
            try DurableFile.syncFolder(folder.path)
        } catch {
            throw Catalog.failure(folder.catalog, error)
        }
    }

    /// Begins a coordinator's reign: the cluster's identity, and an epoch larger than any before.
    public func beginEpoch(newClusterID: String) throws(ClusterError) -> (
        clusterID: String, epoch: UInt64
    ) {
        try write { connection in
            try connection.execute(
                sql: "INSERT OR IGNORE INTO meta VALUES ('cluster_id', ?), ('epoch', '0')",
                arguments: [newClusterID])
            try connection.execute(
                sql: "UPDATE meta SET value = CAST(value AS INTEGER) + 1 WHERE key = 'epoch'")
            let clusterID = try String.fetchOne(
                connection, sql: "SELECT value FROM meta WHERE key = 'cluster_id'")
            let epoch = try Int64.fetchOne(
                connection, sql: "SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'epoch'")
            guard let clusterID, let epoch else {
                throw ClusterError.internal("The catalog has no epoch.")
            }
            return (clusterID, UInt64(epoch))
        }
    }

    /// Closes the file; no call may follow.
    func close() {
        try? database.close()
    }

    /// All collections, by name; none that is being dropped.
    public func collections() throws(ClusterError) -> [CollectionRecord] {
        try read { connection in
            try Row.fetchAll(
                connection,
                sql: """
                    SELECT record, generation, manifest_sha256 FROM collection
                    WHERE dropping = 0 ORDER BY name
                    """
            )
            .map(CollectionRecord.init(row:))
        }
    }

    /// The collection called `name`; nil when it is being dropped.
    public func collection(_ name: String) throws(ClusterError) -> CollectionRecord? {
        try read { connection in
            try Row.fetchOne(
                connection,
                sql: """
                    SELECT record, generation, manifest_sha256 FROM collection
                    WHERE name = ? AND dropping = 0
                    """,
                arguments: [name]
            ).map(CollectionRecord.init(row:))
        }
    }

    /// Enters a new collection with the boundaries of its batches, all at once.
    public func create(
        _ record: CollectionRecord, batches: [BatchBoundary]
    ) throws(ClusterError) {
        try write { connection in
            try connection.execute(
                sql: "INSERT INTO collection (name, record) VALUES (?, ?)",
                arguments: [record.name, try record.json()])
            let insert = try connection.makeStatement(
                sql: "INSERT INTO batch VALUES (?, ?, ?, ?, ?, ?, ?)")
            for (number, batch) in batches.enumerated() {
                try insert.execute(arguments: [
                    record.name, number, Int64(batch.firstOrdinal), batch.count, batch.start.file,
                    Int64(batch.start.byteOffset), Int64(batch.start.line),
                ])
            }
        }
    }

    /// The boundaries of the batches of `collection`, in order.
    public func batches(_ collection: String) throws(ClusterError) -> [BatchBoundary] {
        try read { connection in
            try Row.fetchAll(
                connection, sql: "SELECT * FROM batch WHERE collection = ? ORDER BY number",
                arguments: [collection]
            ).map { row in
                BatchBoundary(
                    start: PassagePosition(
                        file: row["file"], byteOffset: UInt64(row["byte_offset"] as Int64),
                        line: UInt64(row["line"] as Int64)),
                    firstOrdinal: UInt64(row["first_ordinal"] as Int64), count: row["rows"])
            }
        }
    }

    /// Enters the segment of a batch; false when the batch has one already.
    ///
    /// - Parameter holder: The worker whose folder holds the file, or `sharedHolder`.
    public func commit(
        _ segment: SegmentRecord, collection: String, holder: String
    ) async throws(ClusterError) -> Bool {
        do {
            return try await database.write { connection in
                try connection.execute(
                    sql: "INSERT OR IGNORE INTO segment VALUES (?, ?, ?, ?, ?, ?)",
                    arguments: [
                        collection, segment.batch.rawValue, segment.sha256, Int64(segment.rows),
                        Int64(segment.bytes), Int64(bitPattern: segment.attempt.rawValue),
                    ])
                guard connection.changesCount == 1 else { return false }
                try connection.execute(
                    sql: "INSERT OR IGNORE INTO copy VALUES (?, ?, ?)",
                    arguments: [collection, segment.sha256, holder])
                return true
            }
        } catch {
            throw Catalog.failure(database.path, error)
        }
    }

    /// The committed segments of `collection`, by batch.
    public func segments(_ collection: String) throws(ClusterError) -> [SegmentRecord] {
        try read { connection in
            try Row.fetchAll(
                connection,
                sql: "SELECT * FROM segment WHERE collection = ? ORDER BY batch",
                arguments: [collection]
            ).map { row in
                SegmentRecord(
                    batch: BatchNumber(row["batch"]), sha256: row["sha256"],
                    rows: UInt64(row["rows"] as Int64), bytes: UInt64(row["bytes"] as Int64),
                    attempt: Attempt(UInt64(bitPattern: row["attempt"] as Int64)))
            }
        }
    }

    /// Forgets the segment of a batch whose file is gone.
    public func forget(_ segment: SegmentRecord, collection: String) throws(ClusterError) {
        try write { connection in
            try connection.execute(
                sql: "DELETE FROM segment WHERE collection = ? AND batch = ?",
                arguments: [collection, segment.batch.rawValue])
            try connection.execute(
                sql: "DELETE FROM copy WHERE collection = ? AND sha256 = ?",
                arguments: [collection, segment.sha256])
        }
    }

    /// Who holds a copy of the segment: names of workers, or `sharedHolder`.
    public func holders(_ sha256: String, collection: String) throws(ClusterError) -> [String] {
        try read { connection in
            try String.fetchAll(
                connection,
                sql: "SELECT holder FROM copy WHERE collection = ? AND sha256 = ? ORDER BY holder",
                arguments: [collection, sha256])
        }
    }

    /// Records that `holder` has a copy of the segment.
    public func addCopy(
        _ sha256: String, collection: String, holder: String
    ) throws(ClusterError) {
        try write { connection in
            try connection.execute(
                sql: "INSERT OR IGNORE INTO copy VALUES (?, ?, ?)",
                arguments: [collection, sha256, holder])
        }
    }

    /// Records the newest published generation, and whether the source is complete in it.
    ///
    /// - Parameter manifestSHA256: Digest of the generation's manifest, which is on disk already.
    public func publish(
        _ collection: String, generation: UInt64, manifestSHA256: String, isComplete: Bool
    ) throws(ClusterError) {
        try write { connection in
            try connection.execute(
                sql: """
                    UPDATE collection SET generation = ?, manifest_sha256 = ?,
                        record = json_set(record, '$.isComplete', json(?)) WHERE name = ?
                    """,
                arguments: [
                    Int64(generation), manifestSHA256, isComplete ? "true" : "false", collection,
                ])
        }
    }

    /// The holder's name for files in the coordinator's own data folder.
    public static let sharedHolder = "*"

    func read<Value>(
        _ body: (Database) throws -> Value
    ) throws(ClusterError) -> Value {
        do {
            return try database.read(body)
        } catch {
            throw Catalog.failure(database.path, error)
        }
    }

    func write<Value>(
        _ body: (Database) throws -> Value
    ) throws(ClusterError) -> Value {
        do {
            return try database.write(body)
        } catch {
            throw Catalog.failure(database.path, error)
        }
    }

    static func failure(_ path: String, _ error: any Error) -> ClusterError {
        if let error = error as? ClusterError { return error }
        // On a full disk SQLite may fail before it writes, for want of its own files.
        let isFull = (error as? DatabaseError)?.resultCode == .SQLITE_FULL
        if isFull || SpaceReserve.isMissing(in: (path as NSString).deletingLastPathComponent) {
            return .storage(
                path: path, reason: "the disk is full",
                remedy: "Free some disk space; indexing goes on by itself.")
        }
        return .storage(
            path: path, reason: "\(error)",
            remedy: "Check the disk and the permissions of the data folder.")
    }
}
