import ClusterCore
import Corpus
import Foundation
import Models
import TestSupport
import Testing

@testable import ClusterRuntime

/// Where the towers of a collection lie, how they are loaded, and what is kept of that.
@Suite(.serialized) struct ModelPlaceTests {
    private func within(
        _ body: (_ folder: TemporaryFolder, _ corpus: String) async throws -> Void
    ) async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        try await body(folder, try TestData.corpus(40, seed: 3, in: folder.path))
    }

    private func with<Value>(
        _ folder: TemporaryFolder, _ body: (TestCluster) async throws -> Value
    ) async throws -> Value {
        let cluster = try await TestCluster(folder.path, workers: 1)
        do {
            let value = try await body(cluster)
            await cluster.stop()
            return value
        } catch {
            await cluster.stop()
            throw error
        }
    }

    private func search(_ cluster: TestCluster, at model: String = "") async throws -> [String] {
        let found = First()
        try await cluster.client.search(
            ["which river runs through the capital"], collection: "c", k: 5, allowPartial: false,
            texts: true, questionModel: model, budget: .seconds(30)
        ) { _, answer in found.ids = answer.found.map(\.passage.id) }
        return found.ids
    }

    private final class First: @unchecked Sendable {
        var ids: [String] = []
    }

    /// Makes a collection, then moves its model; what a search found before, and the new place.
    private func movedModel(
        in folder: TemporaryFolder, _ corpus: String
    ) async throws -> (before: [String], moved: String) {
        let model = try TestData.model(in: folder.path)
        let before = try await with(folder) { cluster in
            _ = try await cluster.index(corpus, as: "c", model: model)
            return try await search(cluster)
        }
        let moved = folder.path + "/elsewhere"
        try FileManager.default.moveItem(atPath: model, toPath: moved)
        return (before, moved)
    }

    private func status(_ cluster: TestCluster) async throws -> CollectionStatus {
        try #require(try await cluster.client.status().collections.first { $0.name == "c" })
    }

    private func failure(_ body: () async throws -> Void) async -> String {
        do {
            try await body()
            return "it was done"
        } catch {
            return "\(error)"
        }
    }

    @Test func `a model that was moved is named once and remembered`() async throws {
        try await within { folder, corpus in
            let (before, moved) = try await movedModel(in: folder, corpus)
            try await with(folder) { cluster in
                let text = await failure { _ = try await search(cluster) }
                #expect(text.contains("--question-model") && text.contains("SHEAF_MODELS"))
                // Another model is not taken for it.
                let other = await failure {
                    _ = try await search(cluster, at: moved + "/context_encoder")
                }
                #expect(other.contains("question"), "\(other)")
                let found = try await search(cluster, at: moved + "/question_encoder")
                #expect(found == before)
            }
            try await with(folder) { cluster in
                let found = try await search(cluster)
                #expect(found == before)
                #expect(
                    try await status(cluster).questionModel == moved + "/question_encoder")
                // The same corpus with the model at its new place goes on.
                let last = try await cluster.index(corpus, as: "c", model: moved)
                #expect(last.alreadyComplete)
                #expect(try await status(cluster).contextModel == moved + "/context_encoder")
            }
        }
    }

    @Test func `a question tower is added to a collection made without one`() async throws {
        try await within { folder, corpus in
            let model = try TestData.model(in: folder.path)
            try await with(folder) { cluster in
                var request = IndexRequest.test(corpus, as: "c", model: model)
                request.questionModel = ""
                let first = try await cluster.client.index(request) { _ in }
                #expect(first.notes.contains { $0.contains("--question-model") })
                let text = await failure { _ = try await search(cluster) }
                #expect(text.contains("--question-model"))
                request.questionModel = model + "/question_encoder"
                let second = try await cluster.client.index(request) { _ in }
                #expect(second.notes.isEmpty && second.passagesEncoded == 0)
                #expect(second.generation == first.generation + 1)
                #expect(try await search(cluster).count == 5)
                // Named once, it stays.
                request.questionModel = ""
                let third = try await cluster.client.index(request) { _ in }
                #expect(third.notes.isEmpty && third.alreadyComplete)
            }
            let found = try await with(folder) { try await search($0) }
            #expect(found.count == 5)
            // The manifest has it too, so it outlives the catalog.
            let data = DataFolder(path: folder.path + "/data")
            for suffix in ["", "-wal", "-shm"] { unlink(data.catalog + suffix) }
            #expect(try CatalogRebuild.run(data).collections.map(\.name) == ["c"])
            let again = try await with(folder) { try await search($0) }
            #expect(again == found)
        }
    }

    @Test func `a coordinator looks where it is told, and refuses another tower`() async throws {
        try await within { folder, corpus in
            let (before, moved) = try await movedModel(in: folder, corpus)
            for (tower, isIt) in [("context_encoder", false), ("question_encoder", true)] {
                let cluster = try await TestCluster(
                    folder.path, workers: 1, models: ModelPlaces(question: moved + "/" + tower))
                if isIt {
                    let found = try await search(cluster)
                    #expect(found == before)
                } else {
                    let text = await failure { _ = try await search(cluster) }
                    #expect(text != "it was done")
                }
                await cluster.stop()
            }
        }
    }

    @Test func `what is cut off a question is told with its answer`() async throws {
        try await within { folder, corpus in
            let model = try TestData.model(in: folder.path)
            try await with(folder) { cluster in
                _ = try await cluster.index(corpus, as: "c", model: model)
                let long = String(repeating: "river ", count: 200)
                let answers = try await cluster.search(["river", long], in: "c", k: 60)
                #expect(answers.map(\.cuts.textsCut) == [0, 1])
                #expect(answers[0].cuts.tokens == 3 && answers[1].cuts.tokens >= 202)
                #expect(answers.allSatisfy { $0.found.count == 40 && $0.cuts.texts == 1 })
            }
        }
    }

    /// Two models that today's rules read otherwise than release 0.1.0: a plain BERT that Simple
    /// Transformers has saved, and a folder with a `model_max_length`.
    @Test(arguments: ["query_encoder", "st_maxlen"])
    func `a collection of the release before is searched and continued`(name: String) async throws {
        try await within { folder, corpus in
            let model = folder.path + "/" + name
            try FileManager.default.copyItem(
                atPath: Goldens.path("models/st_maxlen"), toPath: model)
            if name == "query_encoder" {
                try FileManager.default.removeItem(atPath: model + "/modules.json")
                _ = try folder.write("model_args.json", #"{"model_class": "RetrievalModel"}"#)
            }
            // What that release took: the mean, and as many tokens as there are positions.
            let before = EncoderOptions(pooling: .mean, maximumLength: 48)
            var request = IndexRequest.test(corpus, as: "c", model: model)
            (request.questionModel, request.contextModel) = (model, model)
            let ids = try await with(folder) { cluster in
                request.encoder = before.settings
                _ = try await cluster.client.index(request) { _ in }
                return try await search(cluster)
            }
            request.encoder = EncoderSettings()
            let data = DataFolder(path: folder.path + "/data")
            let catalog = try Catalog(data)
            // It kept neither what was resolved nor these options, in the manifest as in the row.
            func forget(_ record: inout CollectionRecord) {
                record.encoder = EncoderOptions()
                (record.questionEncoder, record.contextEncoder) = (nil, nil)
            }
            try catalog.change("c", forget)
            let row = try #require(try catalog.collection("c"))
            var manifest = try GenerationManifest.read(
                data, "c", row.generation, sha256: row.manifestSHA256)
            if var record = manifest.record {
                forget(&record)
                manifest.record = record
            }
            try catalog.publish(
                "c", generation: row.generation, manifestSHA256: try manifest.write(data),
                isComplete: true)
            catalog.close()
            try await with(folder) { cluster in
                let old = try await status(cluster)
                #expect(old.questionEncoder == nil)
                #expect(try await search(cluster) == ids)
                #expect(try await status(cluster).questionEncoder?.maximumLength == 48)
                #expect(try await cluster.client.index(request) { _ in }.alreadyComplete)
                let kept = try #require(try await status(cluster).contextEncoder)
                #expect(kept.pooling == "mean" && kept.maximumLength == 48)
            }
            // Kept, it holds although the folder says otherwise; what is asked for is compared.
            _ = try? FileManager.default.removeItem(atPath: model + "/modules.json")
            try await with(folder) { cluster in
                let found = try await search(cluster)
                #expect(found == ids)
                request.encoder = EncoderOptions(pooling: .cls).settings
                let text = await failure { _ = try await cluster.client.index(request) { _ in } }
                #expect(text.contains("pooling") && text.contains("not cls"), "\(text)")
            }
        }
    }
}
