import ClusterCore
import Corpus
import Foundation
import GRDB

/// A collection's row, as far as it can be read.
struct CollectionRow: Sendable {
    /// Its key.
    var name: String
    /// What it says; nil where that is damaged.
    var record: CollectionRecord?
    /// The newest generation that it names, 0 for none.
    var generation: UInt64
    /// The digest that it names for that generation's manifest.
    var manifestSHA256: String?
}

/// What can be told of damage to the file, and put right in it.
extension Catalog {
    /// Up to this size the whole file is checked each time it is opened: about 20 ms.
    private static let largestChecked = 16 << 20

    /// Refuses to make a catalog beside collections that an earlier one knew.
    static func checkIsThere(_ folder: DataFolder) throws(ClusterError) {
        let attributes = try? FileManager.default.attributesOfItem(atPath: folder.catalog)
        let bytes = (attributes?[.size] as? NSNumber)?.intValue ?? 0
        guard bytes == 0 else { return }
        let known = folder.collectionsOnDisk.filter {
            !GenerationManifest.numbers(folder, $0).isEmpty
        }
        guard known.isEmpty else {
            throw .storage(
                path: folder.catalog,
                reason:
                    "is missing or empty, but the folder holds \(known.joined(separator: ", "))",
                remedy: ClusterError.rebuild(folder.path))
        }
    }

    /// Reads a small catalog whole; of a large one, what is damaged shows when it is read.
    func checkIntegrity() throws(ClusterError) {
        let attributes = try? FileManager.default.attributesOfItem(atPath: database.path)
        let bytes = (attributes?[.size] as? NSNumber)?.intValue ?? 0
        guard bytes <= Catalog.largestChecked else { return }
        if let problem = try integrityProblem() { throw damaged("the file (\(problem))") }
    }

    /// What SQLite finds wrong with the file, the first of it; nil when nothing is.
    func integrityProblem() throws(ClusterError) -> String? {
        let answer = try read { connection in
            try String.fetchOne(connection, sql: "PRAGMA integrity_check(1)")
        }
        return answer == "ok" ? nil : answer ?? "no answer"
    }

    /// The rows of all collections, by name; none that is being dropped.
    func rows() throws(ClusterError) -> [CollectionRow] {
        try read { connection in
            try Row.fetchAll(
                connection,
                sql: """
                    SELECT name, record, generation, manifest_sha256 FROM collection
                    WHERE dropping = 0 ORDER BY name
                    """
            ).map(CollectionRow.init)
        }
    }

    /// The row of one collection; nil when there is none, or it is being dropped.
    func row(_ name: String) throws(ClusterError) -> CollectionRow? {
        try read { connection in
            try Row.fetchOne(
                connection,
                sql: """
                    SELECT name, record, generation, manifest_sha256 FROM collection
                    WHERE name = ? AND dropping = 0
                    """, arguments: [name]
            ).map(CollectionRow.init)
        }
    }

    /// Writes the row of a collection as it should be.
    func restore(_ record: CollectionRecord) throws(ClusterError) {
        try write { connection in
            try connection.execute(
                sql: """
                    INSERT INTO collection (name, record, generation, manifest_sha256)
                    VALUES (?1, ?2, ?3, ?4)
                    ON CONFLICT (name) DO UPDATE SET
                        record = ?2, generation = ?3, manifest_sha256 = ?4
                    """,
                arguments: [
                    record.name, try record.json(), Int64(bitPattern: record.generation),
                    record.manifestSHA256,
                ])
        }
    }

    /// Enters the boundaries of all batches, in the place of what was there.
    func replaceBatches(
        _ collection: String, with batches: [BatchBoundary]
    ) throws(ClusterError) {
        try write { connection in
            try connection.execute(
                sql: "DELETE FROM batch WHERE collection = ?", arguments: [collection])
            try Catalog.insert(batches, collection, connection)
        }
    }

    static func insert(
        _ batches: [BatchBoundary], _ collection: String, _ connection: Database
    ) throws {
        let insert = try connection.makeStatement(
            sql: "INSERT INTO batch VALUES (?, ?, ?, ?, ?, ?, ?)")
        for (number, batch) in batches.enumerated() {
            try insert.execute(arguments: [
                collection, number, Int64(bitPattern: batch.firstOrdinal), batch.count,
                batch.start.file, Int64(bitPattern: batch.start.byteOffset),
                Int64(bitPattern: batch.start.line),
            ])
        }
    }

    /// Who holds a copy of which segment of `collection`.
    func copies(_ collection: String) throws(ClusterError) -> [String: [String]] {
        try read { connection in
            var copies: [String: [String]] = [:]
            let rows = try Row.fetchCursor(
                connection, sql: "SELECT sha256, holder FROM copy WHERE collection = ?",
                arguments: [collection])
            while let row = try rows.next() {
                copies[row.text("sha256"), default: []].append(row.text("holder"))
            }
            return copies
        }
    }

    /// Enters segments and their copies in the place of all that was there, in one transaction.
    func replaceSegments(
        _ collection: String, with segments: [(segment: SegmentRecord, holders: [String])]
    ) throws(ClusterError) {
        try write { connection in
            for table in ["segment", "copy"] {
                try connection.execute(
                    sql: "DELETE FROM \(table) WHERE collection = ?", arguments: [collection])
            }
            let insert = try connection.makeStatement(
                sql: "INSERT INTO segment VALUES (?, ?, ?, ?, ?, ?)")
            let copy = try connection.makeStatement(
                sql: "INSERT OR IGNORE INTO copy VALUES (?, ?, ?)")
            for (segment, holders) in segments {
                try insert.execute(arguments: [
                    collection, segment.batch.rawValue, segment.sha256,
                    Int64(bitPattern: segment.rows), Int64(bitPattern: segment.bytes),
                    Int64(bitPattern: segment.attempt.rawValue),
                ])
                for holder in holders {
                    try copy.execute(arguments: [collection, segment.sha256, holder])
                }
            }
        }
    }

    /// Brings all of the write-ahead log into the file itself.
    func foldLog() throws(ClusterError) {
        do {
            _ = try database.writeWithoutTransaction { try $0.checkpoint(.truncate) }
        } catch {
            throw Catalog.failure(database.path, error)
        }
    }

    /// Raises the epoch to `epoch` at least.
    func raiseEpoch(to epoch: UInt64, clusterID: String?) throws(ClusterError) {
        try write { connection in
            if let clusterID {
                try connection.execute(
                    sql: "INSERT OR REPLACE INTO meta VALUES ('cluster_id', ?)",
                    arguments: [clusterID])
            }
            try connection.execute(
                sql: """
                    INSERT INTO meta VALUES ('epoch', ?1) ON CONFLICT (key) DO UPDATE SET
                        value = max(CAST(value AS INTEGER), CAST(?1 AS INTEGER))
                    """, arguments: [String(epoch)])
        }
    }
}

extension CollectionRow {
    fileprivate init(_ row: Row) {
        name = row.text("name")
        record = CollectionRecord(json: row.text("record"))
        generation = row.number("generation")
        let digest = row.text("manifest_sha256")
        manifestSHA256 = digest.isEmpty ? nil : digest
        if record?.name != name { record = nil }
        record?.generation = generation
        record?.manifestSHA256 = manifestSHA256
    }
}

/// Columns of a file that may be damaged: whatever stands there becomes a value that the checks
/// above find wrong, and nothing traps.
extension Row {
    /// A whole number; its bits as they are, 0 where there is none.
    func number(_ column: String) -> UInt64 {
        UInt64(bitPattern: Int64.fromDatabaseValue(self[column] as DatabaseValue) ?? 0)
    }

    /// A text; empty where there is none.
    func text(_ column: String) -> String {
        String.fromDatabaseValue(self[column] as DatabaseValue) ?? ""
    }
}
