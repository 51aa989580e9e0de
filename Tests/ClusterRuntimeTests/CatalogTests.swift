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
                PRAGMA user_version = 1;
                """)
        for _ in 0..<2 {
            let record = try #require(try Catalog(data).collection("c"))
            #expect(record.encoder == EncoderOptions(segmentIDs: read))
            #expect(record.passages == 7 && record.dimension == 8)
        }
    }

    @Test
    func `a later schema is refused and left as it is`() throws {
        try catalog(changedBy: "PRAGMA user_version = 3")
        let error = #expect(throws: ClusterError.self) { try Catalog(data) }
        #expect(String(describing: try #require(error)).contains("version 3"))
        let database = try DatabaseQueue(path: data.catalog)
        let (version, names) = try database.read {
            (
                try Int.fetchOne($0, sql: "PRAGMA user_version"),
                try String.fetchAll($0, sql: "SELECT name FROM collection")
            )
        }
        #expect(version == 3 && names == ["c"])
    }
}
