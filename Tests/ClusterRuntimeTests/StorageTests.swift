import ClusterCore
import Foundation
import GRDB
import TestSupport
import Testing

@testable import ClusterRuntime

/// A catalog that is behind its data folder, and files that nothing names.
@Suite(.serialized)
struct StorageTests {
    private let folder: TemporaryFolder
    private let data: DataFolder
    private let model: String
    private let corpus: String

    init() throws {
        folder = try TemporaryFolder()
        data = DataFolder(path: folder.path + "/data")
        model = try TestData.model(in: folder.path)
        corpus = try TestData.corpus(60, seed: 5, in: folder.path)
    }

    /// Indexes the corpus and gives the answers to the test questions.
    private func indexed() async throws -> [[SearchAnswer.Found]] {
        try await running { cluster in
            _ = try await cluster.index(corpus, as: "c", model: model, batchSize: 8)
            return try await asked(cluster)
        }
    }

    private func asked(_ cluster: TestCluster) async throws -> [[SearchAnswer.Found]] {
        try await cluster.search(TestData.questions, in: "c", k: 10).map(\.found)
    }

    private func running<Value>(
        wait: Int64 = 3600, _ body: (TestCluster) async throws -> Value
    ) async throws -> Value {
        let cluster = try await TestCluster(folder.path, workers: 1, garbageWaitSeconds: wait)
        do {
            let value = try await body(cluster)
            await cluster.stop()
            return value
        } catch {
            await cluster.stop()
            throw error
        }
    }

    private func changeCatalog(_ sql: String) throws {
        let database = try DatabaseQueue(path: data.catalog)
        try database.write { try $0.execute(sql: sql) }
        try database.close()
    }

    private var segmentFiles: Set<String> {
        get throws { try Set(FileManager.default.contentsOfDirectory(atPath: data.segments("c"))) }
    }

    @Test(arguments: [
        // Commits that a backup does not know, one flipped digest, one with neither.
        """
        DELETE FROM segment WHERE batch >= 3;
        UPDATE collection SET generation = 0, manifest_sha256 = NULL;
        """,
        """
        UPDATE segment SET sha256 = replace(sha256, substr(sha256, 1, 1), 'f') WHERE batch = 2;
        UPDATE copy SET sha256 = (SELECT sha256 FROM segment WHERE batch = 2)
            WHERE sha256 NOT IN (SELECT sha256 FROM segment);
        """,
        """
        DELETE FROM segment;
        DELETE FROM copy;
        UPDATE collection SET generation = 0, manifest_sha256 = NULL;
        """,
    ])
    func `a search under a catalog that is behind deletes nothing, and finds all`(
        damage: String
    ) async throws {
        let answers = try await indexed()
        let files = try segmentFiles
        try changeCatalog(
            damage
                + "; UPDATE collection SET record = json_set(record, '$.isComplete', json('false'))"
        )
        try await running { cluster in
            let found = try await asked(cluster)
            #expect(found == answers)
        }
        #expect(try segmentFiles == files)
        try await running { cluster in
            let progress = try await cluster.index(corpus, as: "c", model: model, batchSize: 8)
            #expect(progress.passagesEncoded == 0 && progress.batchesCommitted == 8)
            let found = try await asked(cluster)
            #expect(found == answers)
        }
        #expect(try segmentFiles == files)
    }

    @Test
    func `a collection that the catalog does not know is told, and taken over by its corpus`()
        async throws
    {
        let answers = try await indexed()
        let files = try segmentFiles
        try changeCatalog("DELETE FROM collection")
        let other = try TestData.corpus(60, seed: 6, in: folder.path)
        try await running { cluster in
            let problems = try await cluster.client.status().problems
            #expect(problems.count == 1 && problems[0].contains("sheaf index CORPUS"))
            #expect(problems[0].contains(data.collection("c")))
            let error = await #expect(throws: ClusterError.self) {
                try await cluster.index(other, as: "c", model: model, batchSize: 8)
            }
            #expect(error?.description.contains("remove the folder") == true)
            #expect(try segmentFiles == files)
            let progress = try await cluster.index(corpus, as: "c", model: model, batchSize: 8)
            #expect(progress.passagesEncoded == 0)
            #expect(try await cluster.client.status().problems.isEmpty)
            let found = try await asked(cluster)
            #expect(found == answers)
        }
        #expect(try segmentFiles == files)
    }

    @Test
    func `what nothing names is deleted at the second look after the wait, and no sooner`()
        async throws
    {
        _ = try await indexed()
        let files = try segmentFiles
        let segments = data.segments("c") + "/"
        let unnamed = String(repeating: "0", count: 64) + ".safetensors"
        for name in [unnamed, ".writing-1-1-1", "notes.txt"] {
            try Data("left".utf8).write(to: URL(fileURLWithPath: segments + name))
        }
        // The first look marks, whatever the wait; the second finds it too early.
        try await running(wait: 0) { _ in }
        try await running(wait: 3600) { _ in }
        #expect(try segmentFiles == files.union([unnamed, ".writing-1-1-1", "notes.txt"]))
        try await running(wait: 0) { _ in }
        #expect(try segmentFiles == files.union(["notes.txt"]))
    }

    @Test func `while a manifest cannot be read nothing is deleted, and status tells`() async throws
    {
        _ = try await indexed()
        let unnamed = data.segments("c") + "/" + String(repeating: "0", count: 64) + ".safetensors"
        try Data("left".utf8).write(to: URL(fileURLWithPath: unnamed))
        let manifest = data.generations("c") + "/0000000099.json"
        try Data("{".utf8).write(to: URL(fileURLWithPath: manifest))
        for _ in 0..<3 {
            try await running(wait: 0) { cluster in
                let problems = try await cluster.client.status().problems
                #expect(problems.count == 1 && problems[0].contains(manifest))
            }
        }
        #expect(FileManager.default.fileExists(atPath: unnamed))
    }

    @Test(arguments: [0, 3])
    func `a killed drop is finished at the next start`(removed: Int) async throws {
        _ = try await indexed()
        let catalog = try Catalog(data)
        try catalog.beginDrop("c")
        catalog.close()
        for name in try segmentFiles.sorted().prefix(removed) {
            unlink(data.segments("c") + "/" + name)
        }
        try await running { cluster in
            #expect(try await cluster.client.status().collections.isEmpty)
            #expect(!FileManager.default.fileExists(atPath: data.collection("c")))
            let progress = try await cluster.index(corpus, as: "c", model: model, batchSize: 8)
            #expect(progress.batchesCommitted == 8 && progress.passagesEncoded == 60)
        }
    }
}
