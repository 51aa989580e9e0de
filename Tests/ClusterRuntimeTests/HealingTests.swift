import ClusterCore
import Foundation
import GRDB
import TestSupport
import Testing

@testable import ClusterRuntime

/// What `index` finds wrong with a collection that it made, and puts right.
@Suite(.serialized) struct HealingTests {
    private let scratch: TemporaryFolder
    private let model: String
    private let corpus: String

    init() throws {
        scratch = try TemporaryFolder()
        model = try TestData.model(in: scratch.path)
        corpus = try TestData.corpus(96, seed: 21, in: scratch.path)
    }

    /// An undisturbed run: its segments and answers.
    private func peace() async throws -> (segments: [String], answers: [[SearchAnswer.Found]]) {
        let cluster = try await TestCluster(scratch.path + "/peace", workers: 1)
        _ = try await cluster.index(corpus, as: "c", model: model, shards: 4)
        let answers = try await cluster.search(TestData.questions, in: "c", k: 9)
        await cluster.stop()
        return (try Catalog(cluster.data).segments("c").map(\.sha256), answers.map(\.found))
    }

    /// What befalls a data folder, and what the summary must say of it.
    enum Loss: String, CaseIterable, Sendable {
        case segmentRemoved, segmentCut, segmentFlipped, segmentsFolder
        case manifestRemoved, manifestFlipped, generationsFolder
        case wrongDigestInCatalog, wrongManifestDigest, wrongRecord, wrongBoundary, rowLost
        case catalogBehind
        case everything

        /// Whether it can be done to a catalog that is in use.
        var isInCatalog: Bool {
            [
                .wrongDigestInCatalog, .wrongManifestDigest, .wrongRecord, .wrongBoundary, .rowLost,
                .catalogBehind,
            ].contains(self)
        }
    }

    private func inflict(_ loss: Loss, on data: DataFolder) throws {
        let files = FileManager.default
        let segments = try files.contentsOfDirectory(atPath: data.segments("c")).sorted()
        let segment = data.segments("c") + "/" + segments[segments.count / 2]
        let manifests = try files.contentsOfDirectory(atPath: data.generations("c")).sorted()
        let manifest = data.generations("c") + "/" + (manifests.last ?? "")
        func flip(_ path: String) throws {
            var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
            bytes[bytes.count * 2 / 3] ^= 4
            try bytes.write(to: URL(fileURLWithPath: path))
        }
        func sql(_ text: String) throws {
            let database = try DatabaseQueue(path: data.catalog)
            try database.write { try $0.execute(sql: text) }
            try database.close()
        }
        switch loss {
        case .segmentRemoved: try files.removeItem(atPath: segment)
        case .segmentCut:
            try Data(contentsOf: URL(fileURLWithPath: segment)).prefix(700)
                .write(to: URL(fileURLWithPath: segment))
        case .segmentFlipped: try flip(segment)
        case .segmentsFolder: try files.removeItem(atPath: data.segments("c"))
        case .manifestRemoved: try files.removeItem(atPath: manifest)
        case .manifestFlipped: try flip(manifest)
        case .generationsFolder: try files.removeItem(atPath: data.generations("c"))
        case .everything: try files.removeItem(atPath: data.collection("c"))
        case .wrongDigestInCatalog:
            try sql("UPDATE segment SET sha256 = replace(sha256, 'a', 'b') WHERE batch = 2")
        case .wrongManifestDigest: try sql("UPDATE collection SET manifest_sha256 = 'ab'")
        case .wrongRecord:
            try sql("UPDATE collection SET record = replace(record, '\"batchSize\":16', '17')")
        case .wrongBoundary:
            try sql("UPDATE batch SET byte_offset = byte_offset + 7 WHERE number = 3")
        case .catalogBehind:
            try sql("UPDATE collection SET generation = 0, manifest_sha256 = NULL")
        case .rowLost: try sql("DELETE FROM segment WHERE batch = 3")
        }
    }

    @Test(arguments: Loss.allCases)
    func `what was lost while the cluster stood still is made anew by the same request`(
        loss: Loss
    ) async throws {
        defer { scratch.remove() }
        let peace = try await peace()
        let data = DataFolder(path: scratch.path + "/peace/data")
        try inflict(loss, on: data)
        let cluster = try await TestCluster(scratch.path + "/peace", workers: 1)
        try await expectRightOrRefused(cluster, peace.answers)
        let report = try await cluster.index(corpus, as: "c", model: model, shards: 4)
        #expect(!report.healing.isEmpty && !report.alreadyComplete, "\(loss)")
        #expect(report.passagesCommitted == 96)
        try await expectWhole(cluster, peace)
        await cluster.stop()
        #expect(try Catalog(data).segments("c").map(\.sha256) == peace.segments)
        let manifest = try #require(GenerationManifest.sound(data, "c").first)
        #expect(try Catalog(data).collection("c")?.manifestSHA256 == manifest.sha256)
    }

    @Test(arguments: Loss.allCases.filter { !$0.isInCatalog })
    func `what is lost while the cluster runs is made anew by the same request`(
        loss: Loss
    ) async throws {
        defer { scratch.remove() }
        let peace = try await peace()
        let cluster = try await TestCluster(scratch.path + "/peace", workers: 1)
        _ = try await cluster.search(TestData.questions, in: "c", k: 9)
        try inflict(loss, on: cluster.data)
        let report = try await cluster.index(corpus, as: "c", model: model, shards: 4)
        #expect(!report.healing.isEmpty, "\(loss)")
        try await expectWhole(cluster, peace)
        await cluster.stop()
    }

    /// Until it is healed, a search says what is wrong and which command heals it.
    private func expectRightOrRefused(
        _ cluster: TestCluster, _ answers: [[SearchAnswer.Found]]
    ) async throws {
        do {
            let found = try await cluster.search(TestData.questions, in: "c", k: 9).map(\.found)
            #expect(found == answers)
        } catch let error as ClusterError {
            #expect(error.description.contains("sheaf index"), "\(error)")
        }
    }

    private func expectWhole(
        _ cluster: TestCluster, _ peace: (segments: [String], answers: [[SearchAnswer.Found]])
    ) async throws {
        let answers = try await cluster.search(TestData.questions, in: "c", k: 9)
        #expect(answers.map(\.found) == peace.answers)
        let names = try FileManager.default.contentsOfDirectory(
            atPath: cluster.data.segments("c")
        ).filter { $0.hasSuffix(".safetensors") }
        #expect(Set(names).isSuperset(of: peace.segments.map { $0 + ".safetensors" }))
        let again = try await cluster.index(corpus, as: "c", model: model, shards: 4)
        #expect(again.alreadyComplete && again.healing.isEmpty)
    }

    @Test func `a worker's folder that is lost is encoded again by the others`() async throws {
        defer { scratch.remove() }
        let peace = try await peace()
        let cluster = try await TestCluster(scratch.path, workers: 3, sharing: false)
        _ = try await cluster.index(corpus, as: "c", model: model, shards: 4)
        let holders = try Catalog(cluster.data).copies("c").values.joined()
        let lost = try #require(holders.first { $0 != "*" })
        await cluster.stopWorker(lost)
        try FileManager.default.removeItem(atPath: scratch.path + "/" + lost)
        let report = try await cluster.index(corpus, as: "c", model: model, shards: 4)
        #expect(report.healing.segmentsMissing > 0 && report.healing.segmentsDamaged == 0)
        let answers = try await cluster.search(TestData.questions, in: "c", k: 9)
        #expect(answers.map(\.found) == peace.answers)
        #expect(try Catalog(cluster.data).segments("c").map(\.sha256) == peace.segments)
        await cluster.stop()
    }

    @Test func `a worker's damaged segment is set aside there and encoded again`() async throws {
        defer { scratch.remove() }
        let peace = try await peace()
        let cluster = try await TestCluster(scratch.path, workers: 2, sharing: false)
        _ = try await cluster.index(corpus, as: "c", model: model, shards: 4)
        let (sha256, holders) = try #require(
            try Catalog(cluster.data).copies("c").min { $0.key < $1.key })
        let holder = try #require(holders.first)
        let own = DataFolder(path: scratch.path + "/" + holder).workerSegments(holder, "c")
        let path = own + "/" + sha256 + ".safetensors"
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        bytes[bytes.count - 5] ^= 1
        try bytes.write(to: URL(fileURLWithPath: path))
        let report = try await cluster.index(corpus, as: "c", model: model, shards: 4)
        #expect(report.healing.segmentsDamaged == 1)
        #expect(FileManager.default.fileExists(atPath: path + ".damaged"))
        let answers = try await cluster.search(TestData.questions, in: "c", k: 9)
        #expect(answers.map(\.found) == peace.answers)
        await cluster.stop()
    }

    /// What befalls the catalog's file.
    enum CatalogLoss: CaseIterable { case removed, cutToNothing, cutInHalf, noDatabase, flipped }

    @Test(arguments: CatalogLoss.allCases)
    func `a damaged catalog names the command that makes it anew`(loss: CatalogLoss) async throws {
        defer { scratch.remove() }
        let peace = try await peace()
        let data = DataFolder(path: scratch.path + "/peace/data")
        let epoch = try Catalog(data).beginEpoch(newClusterID: "x").epoch
        let url = URL(fileURLWithPath: data.catalog)
        // Of the write-ahead log nothing is left: it would bring back what is damaged here.
        for suffix in ["-wal", "-shm"] { unlink(data.catalog + suffix) }
        var bytes = try Data(contentsOf: url)
        switch loss {
        case .removed: try FileManager.default.removeItem(at: url)
        case .cutToNothing: try Data().write(to: url)
        case .cutInHalf: try bytes.prefix(bytes.count / 2).write(to: url)
        case .noDatabase: try Data("no database at all".utf8).write(to: url)
        case .flipped:
            // The types of the pages of all tables.
            for page in 1..<bytes.count / 4096 { bytes[page * 4096] ^= 0x55 }
            try bytes.write(to: url)
        }
        do {
            let cluster = try await TestCluster(scratch.path + "/peace", workers: 1)
            await cluster.stop()
            Issue.record("a damaged catalog was opened")
        } catch let error as ClusterError {
            #expect(error.description.contains("sheaf collections rebuild --data \(data.path)"))
        }
        let report = try CatalogRebuild.run(data)
        #expect(report.kept.isEmpty == (loss == .removed))
        #expect(report.kept.allSatisfy { FileManager.default.fileExists(atPath: $0) })
        #expect(report.collections.map(\.passages) == [96])
        #expect(report.collections.map(\.segmentsHere) == [6])
        #expect(try Catalog(data).beginEpoch(newClusterID: "x").epoch > epoch)
        let cluster = try await TestCluster(scratch.path + "/peace", workers: 1)
        let answers = try await cluster.search(TestData.questions, in: "c", k: 9)
        #expect(answers.map(\.found) == peace.answers)
        let indexed = try await cluster.index(corpus, as: "c", model: model, shards: 4)
        #expect(indexed.healing.segmentsMissing == 0 && indexed.passagesEncoded == 0)
        try await expectWhole(cluster, peace)
        await cluster.stop()
        // A catalog that is sound stays as it is.
        #expect(try CatalogRebuild.run(data).kept.isEmpty)
    }

    @Test func `a missing secret of the folder is written anew while the cluster runs`()
        async throws
    {
        defer { scratch.remove() }
        let cluster = try await TestCluster(scratch.path, workers: 1)
        let token = try Data(contentsOf: URL(fileURLWithPath: cluster.data.token))
        for damage in 0..<2 {
            if damage == 0 {
                try FileManager.default.removeItem(atPath: cluster.data.token)
            } else {
                try Data("other".utf8).write(to: URL(fileURLWithPath: cluster.data.token))
            }
            // Looked at every second; ten are generous.
            for _ in 0..<500
            where FileManager.default.contents(atPath: cluster.data.token) != token {
                try await Task.sleep(for: .milliseconds(20))
            }
            #expect(FileManager.default.contents(atPath: cluster.data.token) == token)
        }
        await cluster.stop()
    }
}
