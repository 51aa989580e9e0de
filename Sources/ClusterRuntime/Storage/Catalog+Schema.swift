import Foundation
import GRDB

/// The tables of the catalog, and how those of earlier releases become them.
extension Catalog {
    /// Version of the schema, kept in `user_version`.
    public static let schemaVersion = 3

    /// Opens the database at `path` with all that a commit needs to survive a power cut.
    static func connect(_ path: String) throws -> DatabasePool {
        var configuration = Configuration()
        configuration.busyMode = .timeout(busySeconds)
        configuration.prepareDatabase { connection in
            try connection.execute(sql: "PRAGMA synchronous = FULL")
            try connection.execute(sql: "PRAGMA foreign_keys = ON")
        }
        let database = try DatabasePool(path: path, configuration: configuration)
        // The pool turns its writer to NORMAL when it enters WAL mode, after the preparation: a
        // commit would then be synced at some later checkpoint. It has this writer all its life.
        try database.writeWithoutTransaction { connection in
            try connection.execute(sql: "PRAGMA synchronous = FULL")
        }
        return database
    }

    /// Makes the tables, or brings those of an earlier release up to date, in one transaction.
    ///
    /// - Returns: The version that was there, 0 for a new file.
    static func prepareSchema(_ database: DatabasePool) throws -> Int {
        try database.write { connection in
            let version = try Int.fetchOne(connection, sql: "PRAGMA user_version") ?? 0
            switch version {
            case 0: try createSchema(connection)
            case 1:
                try migrateFromVersion1(connection)
                try migrateFromVersion2(connection)
            case 2: try migrateFromVersion2(connection)
            case schemaVersion: break
            default:
                throw ClusterError.storage(
                    path: database.path,
                    reason: "schema version \(version) is not \(schemaVersion)",
                    remedy: "Use the release of Sheaf that wrote this data folder. If that is"
                        + " this one, the file is damaged. "
                        + ClusterError.rebuild(folder(of: database.path)))
            }
            try connection.execute(sql: "PRAGMA user_version = \(schemaVersion)")
            return version
        }
    }

    private static func createSchema(_ connection: Database) throws {
        try connection.execute(
            sql: """
                CREATE TABLE meta (key TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL);
                CREATE TABLE collection (
                    name TEXT PRIMARY KEY NOT NULL, record TEXT NOT NULL,
                    generation INTEGER NOT NULL DEFAULT 0,
                    manifest_sha256 TEXT, dropping INTEGER NOT NULL DEFAULT 0);
                CREATE TABLE batch (
                    collection TEXT NOT NULL REFERENCES collection(name) ON DELETE CASCADE,
                    number INTEGER NOT NULL, first_ordinal INTEGER NOT NULL,
                    rows INTEGER NOT NULL, file INTEGER NOT NULL,
                    byte_offset INTEGER NOT NULL, line INTEGER NOT NULL,
                    PRIMARY KEY (collection, number)) WITHOUT ROWID;
                CREATE TABLE segment (
                    collection TEXT NOT NULL REFERENCES collection(name) ON DELETE CASCADE,
                    batch INTEGER NOT NULL, sha256 TEXT NOT NULL, rows INTEGER NOT NULL,
                    bytes INTEGER NOT NULL, attempt INTEGER NOT NULL,
                    PRIMARY KEY (collection, batch)) WITHOUT ROWID;
                CREATE TABLE copy (
                    collection TEXT NOT NULL REFERENCES collection(name) ON DELETE CASCADE,
                    sha256 TEXT NOT NULL, holder TEXT NOT NULL,
                    PRIMARY KEY (collection, sha256, holder)) WITHOUT ROWID;
                """)
        try createGarbage(connection)
    }

    /// What nothing names, since when (seconds of the Unix clock), and who saw that first.
    private static func createGarbage(_ connection: Database) throws {
        try connection.execute(
            sql: """
                CREATE TABLE garbage (
                    collection TEXT NOT NULL REFERENCES collection(name) ON DELETE CASCADE,
                    object TEXT NOT NULL, since INTEGER NOT NULL, epoch INTEGER NOT NULL,
                    PRIMARY KEY (collection, object)) WITHOUT ROWID;
                """)
    }

    /// Collections of version 1 know segment ids and no other choice for their towers.
    private static func migrateFromVersion1(_ connection: Database) throws {
        try connection.execute(
            sql: """
                UPDATE collection SET record = json_set(
                    json_remove(record, '$.segmentIDs'), '$.encoder',
                    json_object('segmentIDs', nullif(json_extract(record, '$.segmentIDs'), '')));
                """)
    }

    /// Version 2 knows neither the digest of a manifest, nor garbage, nor a drop under way.
    private static func migrateFromVersion2(_ connection: Database) throws {
        try connection.execute(
            sql: """
                ALTER TABLE collection ADD COLUMN manifest_sha256 TEXT;
                ALTER TABLE collection ADD COLUMN dropping INTEGER NOT NULL DEFAULT 0;
                """)
        try createGarbage(connection)
    }
}
