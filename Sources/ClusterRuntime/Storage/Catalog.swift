public import ClusterCore
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
            try Catalog.checkIsThere(folder)
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
        try checkIntegrity()
    }

    /// A catalog at another path than its own, while it is made: ``CatalogRebuild`` moves it there.
    init(path: String) throws(ClusterError) {
        do {
            try PrivateFolder.makeFile(path)
            database = try Catalog.connect(path)
            _ = try Catalog.prepareSchema(database)
        } catch {
            throw Catalog.failure(path, error)
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
            // The epoch is the upper half of an attempt.
            guard let clusterID, let epoch, (1...Int64(UInt32.max)).contains(epoch) else {
                throw damaged("the epoch")
            }
            return (clusterID, UInt64(epoch))
        }
    }

    /// Closes the file; no call may follow.
    func close() {
        try? database.close()
    }

    /// All collections whose rows can be read, by name; none that is being dropped.
    public func collections() throws(ClusterError) -> [CollectionRecord] {
        try rows().compactMap(\.record)
    }

    /// The collection called `name`; nil when it is being dropped.
    public func collection(_ name: String) throws(ClusterError) -> CollectionRecord? {
        try row(name).map { row throws(ClusterError) in
            guard let record = row.record else { throw damaged("the row of “\(name)”") }
            return record
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
            try Catalog.insert(batches, record.name, connection)
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
                        file: Int(clamping: row.number("file")),
                        byteOffset: row.number("byte_offset"), line: row.number("line")),
                    firstOrdinal: row.number("first_ordinal"),
                    count: Int(clamping: row.number("rows")))
            }
        }
    }

    /// Enters the segment of a batch, once.
    ///
    /// - Parameter holder: the worker that has the file, or ``sharedHolder``.
    /// - Returns: the segment that the batch has from now on, which is another where one was
    ///   entered before, and whether it is new.
    public func commit(
        _ segment: SegmentRecord, collection: String, holder: String
    ) async throws(ClusterError) -> (standing: SegmentRecord, isNew: Bool) {
        do {
            return try await database.write { connection in
                try connection.execute(
                    sql: "INSERT OR IGNORE INTO segment VALUES (?, ?, ?, ?, ?, ?)",
                    arguments: [
                        collection, segment.batch.rawValue, segment.sha256, Int64(segment.rows),
                        Int64(segment.bytes), Int64(bitPattern: segment.attempt.rawValue),
                    ])
                let isNew = connection.changesCount == 1
                let standing = try Row.fetchOne(
                    connection,
                    sql: "SELECT * FROM segment WHERE collection = ? AND batch = ?",
                    arguments: [collection, segment.batch.rawValue]
                ).map(SegmentRecord.init(row:))
                // A row that another entered before may be of the same file.
                if standing?.sha256 == segment.sha256 {
                    try connection.execute(
                        sql: "INSERT OR IGNORE INTO copy VALUES (?, ?, ?)",
                        arguments: [collection, segment.sha256, holder])
                }
                return (standing ?? segment, isNew)
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
            ).map(SegmentRecord.init(row:))
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
    /// - Parameters:
    ///   - manifestSHA256: Digest of the generation's manifest, which is on disk already.
    ///   - index: Index kind and memory from this generation on; nil: as before.
    public func publish(
        _ collection: String, generation: UInt64, manifestSHA256: String, isComplete: Bool,
        index: IndexOptions? = nil
    ) throws(ClusterError) {
        try write { connection in
            var record = try record(of: collection, in: connection)
            record.isComplete = isComplete
            if let index { (record.kind, record.memory) = (index.kind, index.memory) }
            try connection.execute(
                sql: """
                    UPDATE collection SET generation = ?, manifest_sha256 = ?, record = ?
                    WHERE name = ?
                    """,
                arguments: [
                    Int64(bitPattern: generation), manifestSHA256, try record.json(), collection,
                ])
        }
    }

    private func record(of collection: String, in connection: Database) throws -> CollectionRecord {
        let text = try String.fetchOne(
            connection, sql: "SELECT record FROM collection WHERE name = ?",
            arguments: [collection])
        guard let record = text.flatMap({ CollectionRecord(json: $0) }) else {
            throw damaged("the row of “\(collection)”")
        }
        return record
    }

    /// Changes what the row of a collection says; the generation and what it holds stay.
    func change(
        _ collection: String, _ body: (inout CollectionRecord) -> Void
    ) throws(ClusterError) {
        try write { connection in
            var record = try record(of: collection, in: connection)
            body(&record)
            try connection.execute(
                sql: "UPDATE collection SET record = ? WHERE name = ?",
                arguments: [try record.json(), collection])
        }
    }

    /// The holder's name for files in the coordinator's own data folder.
    public static let sharedHolder = CoordinatorMachine.sharedHolder

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
        let isFull = SpaceReserve.isMissing(in: folder(of: path))
        switch (error as? DatabaseError)?.resultCode {
        case let code where code == .SQLITE_FULL || isFull:
            return .fullDisk(path)
        case .SQLITE_CORRUPT?, .SQLITE_NOTADB?, .SQLITE_FORMAT?, .SQLITE_ERROR?,
            .SQLITE_MISMATCH?, .SQLITE_RANGE?, .SQLITE_SCHEMA?:
            // Our statements are right: where SQLite says otherwise, the file is not what we wrote.
            return .storage(
                path: path, reason: "is damaged (\(error))",
                remedy: ClusterError.rebuild(folder(of: path)))
        default:
            return .storage(
                path: path, reason: "\(error)",
                remedy: "Check the disk and the permissions of the data folder.")
        }
    }

    static func folder(of path: String) -> String {
        (path as NSString).deletingLastPathComponent
    }

    /// The error of something in the file that is not what was written.
    func damaged(_ what: String) -> ClusterError {
        .storage(
            path: database.path, reason: "\(what) is damaged",
            remedy: ClusterError.rebuild(Catalog.folder(of: database.path)))
    }
}

extension SegmentRecord {
    fileprivate init(row: Row) {
        self.init(
            batch: BatchNumber(Int(truncatingIfNeeded: row.number("batch"))),
            sha256: row.text("sha256"), rows: row.number("rows"), bytes: row.number("bytes"),
            attempt: Attempt(row.number("attempt")))
    }
}
