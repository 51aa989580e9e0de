import ClusterCore
import Foundation
import GRDB
import Models
import TestSupport
import Testing

@testable import ClusterRuntime

@Suite("Catalogs of other releases")
struct CatalogTests {
    private let folder: TemporaryFolder
    private let data: DataFolder

    init() throws {
        folder = try TemporaryFolder()
        data = DataFolder(path: folder.path)
        try data.create()
    }

    /// A catalog with one collection, changed by `sql` and closed.
    private func catalog(changedBy sql: String) throws {
        let catalog = try Catalog(data)
        let record = CollectionRecord(
            name: "c", sourceDigest: "digest", format: "psgs", paths: ["corpus.tsv"],
            skipsMalformed: false, skippedLines: 0, passages: 7, batchSize: 4, batchCount: 2,
            shardCount: 1,
            models: CollectionModels(
                questionFolder: "q", contextFolder: "c", questionFingerprint: "1",
                contextFingerprint: "2", options: EncoderOptions(), dimension: 8),
            index: IndexOptions(), created: "2026-01-01T00:00:00Z")
        try catalog.create(record, batches: [])
        catalog.close()
        let database = try DatabaseQueue(path: data.catalog)
        try database.write { try $0.execute(sql: sql) }
        try database.close()
    }

    @Test(arguments: [("pair", SegmentIDs.pair), ("", nil)])
    func `the first schema is taken over with its segment ids`(
        written: String, read: SegmentIDs?
    ) throws {
        try catalog(
            changedBy: """
                UPDATE collection SET record = json_set(
                    json_remove(record, '$.encoder'), '$.segmentIDs', '\(written)');
                \(Self.backToVersion2)
                PRAGMA user_version = 1;
                """)
        for _ in 0..<2 {
            let record = try #require(try Catalog(data).collection("c"))
            #expect(record.encoder == EncoderOptions(segmentIDs: read))
            #expect(record.passages == 7 && record.dimension == 8)
        }
    }

    /// What version 3 added, taken away again.
    private static let backToVersion2 = """
        DROP TABLE garbage;
        ALTER TABLE collection DROP COLUMN manifest_sha256;
        ALTER TABLE collection DROP COLUMN dropping;
        UPDATE collection SET generation = 4,
            record = json_remove(record, '$.sha256', '$.boundaries');
        """

    @Test(arguments: [1, 2])
    func `earlier schemas are taken over without what they could not know`(version: Int) throws {
        try catalog(
            changedBy: """
                \(Self.backToVersion2)
                UPDATE collection SET record = json_set(record, '$.segmentIDs', 'pair')
                    WHERE \(version) = 1;
                PRAGMA user_version = \(version);
                """)
        for _ in 0..<2 {
            let catalog = try Catalog(data)
            let record = try #require(try catalog.collection("c"))
            #expect(record.generation == 4 && record.manifestSHA256 == nil)
            #expect(record.passages == 7 && record.dimension == 8)
            #expect(try catalog.garbage("c").isEmpty)
            #expect(try catalog.dropsUnderWay().isEmpty)
            catalog.close()
        }
        let catalog = try Catalog(data)
        try catalog.publish("c", generation: 5, manifestSHA256: "abc", isComplete: true)
        let record = try #require(try catalog.collection("c"))
        #expect(record.generation == 5 && record.manifestSHA256 == "abc" && record.isComplete)
    }

    @Test
    func `a batch keeps the segment that was entered first`() async throws {
        try catalog(changedBy: "SELECT 1")
        let catalog = try Catalog(data)
        func segment(_ letter: String, attempt: UInt64) -> SegmentRecord {
            SegmentRecord(
                batch: BatchNumber(0), sha256: String(repeating: letter, count: 64), rows: 4,
                bytes: 100, attempt: Attempt(attempt))
        }
        let first = segment("a", attempt: 1)
        let entered = try await catalog.commit(first, collection: "c", holder: "one")
        #expect(entered == (first, true))
        // The same file of another worker is one more copy, another file is none.
        let again = try await catalog.commit(
            segment("a", attempt: 2), collection: "c", holder: "two")
        #expect(again == (first, false))
        let other = try await catalog.commit(
            segment("b", attempt: 3), collection: "c", holder: "three")
        #expect(other == (first, false))
        #expect(try catalog.segments("c") == [first])
        let holders = try await catalog.database.read {
            try String.fetchAll($0, sql: "SELECT holder FROM copy ORDER BY holder")
        }
        #expect(holders == ["one", "two"])
    }

    @Test
    func `a later schema is refused and left as it is`() throws {
        try catalog(changedBy: "PRAGMA user_version = 4")
        let error = #expect(throws: ClusterError.self) { try Catalog(data) }
        #expect(String(describing: try #require(error)).contains("version 4"))
        let database = try DatabaseQueue(path: data.catalog)
        let (version, names) = try database.read {
            (
                try Int.fetchOne($0, sql: "PRAGMA user_version"),
                try String.fetchAll($0, sql: "SELECT name FROM collection")
            )
        }
        #expect(version == 4 && names == ["c"])
    }

    @Test
    func `every connection syncs each commit`() async throws {
        let catalog = try Catalog(data)
        let database = catalog.database
        let writer = try await database.writeWithoutTransaction {
            try Int.fetchOne($0, sql: "PRAGMA synchronous")
        }
        // As many reads as the pool has readers, none of which ends before all have begun.
        let count = database.configuration.maximumReaderCount
        let begun = DispatchSemaphore(value: 0)
        let together = DispatchGroup()
        for _ in 0..<count { together.enter() }
        let readers = try await withThrowingTaskGroup(of: (Int?, String?).self) { group in
            for _ in 0..<count {
                group.addTask {
                    try await database.read { connection in
                        together.leave()
                        together.notify(queue: .global()) { begun.signal() }
                        begun.wait()
                        return (
                            try Int.fetchOne(connection, sql: "PRAGMA synchronous"),
                            try String.fetchOne(connection, sql: "PRAGMA journal_mode")
                        )
                    }
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        // 2 is FULL.
        #expect(writer == 2)
        #expect(readers.count == count && readers.allSatisfy { $0 == (2, "wal") })
    }

    @Test
    func `a collection that is being dropped is there for nobody until it is gone`() throws {
        try catalog(changedBy: "")
        let catalog = try Catalog(data)
        try catalog.beginDrop("c")
        #expect(try catalog.collection("c") == nil && catalog.collections().isEmpty)
        #expect(try catalog.dropsUnderWay() == ["c"])
        catalog.close()
        let later = try Catalog(data)
        #expect(try later.dropsUnderWay() == ["c"])
        try later.finishDrop("c")
        #expect(try later.dropsUnderWay().isEmpty)
    }
}
