import ClusterCore
import Foundation
import TestSupport
import Testing

@testable import ClusterRuntime

/// Random damage to a data folder: never a wrong answer, never a wait without an end, and healed by
/// the request that made the collection.
///
/// A few cases of each kind here, a thousand in `scripts/verify damage`.
@Suite(.serialized) struct DamageTests {
    enum Kind: String, CaseIterable, Sendable {
        case segment, manifest, catalog
    }

    /// How one case ended.
    private enum End: String, CaseIterable {
        case harmless, healed, healedAfterRebuild, refused
    }

    private struct Folder {
        let path: String
        var data: DataFolder { DataFolder(path: path + "/data") }

        /// The files that a kind of damage chooses from.
        func files(_ kind: Kind) throws -> [String] {
            func all(_ folder: String) throws -> [String] {
                try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
                    .map { folder + "/" + $0 }
            }
            return switch kind {
            case .segment: try all(data.segments("c"))
            case .manifest: try all(data.generations("c")).suffix(1)
            case .catalog: [data.catalog]
            }
        }
    }

    @Test(arguments: Kind.allCases)
    func `no damaged file gives a wrong answer, and the same request heals it`(
        kind: Kind
    ) async throws {
        let scratch = try TemporaryFolder()
        defer { scratch.remove() }
        let model = try TestData.model(in: scratch.path)
        let corpus = try TestData.corpus(64, seed: 4, in: scratch.path)
        let base = Folder(path: scratch.path + "/base")
        let first = try await TestCluster(base.path, workers: 1)
        _ = try await first.index(corpus, as: "c", model: model, shards: 2)
        let expected = try await first.search(TestData.questions, in: "c", k: 20).map(\.found)
        await first.stop()
        let cases = Damage.cases(8)
        var ends: [End: Int] = [:]
        for seed in 0..<cases {
            var dice = Dice(seed: UInt64(seed))
            let folder = Folder(path: scratch.path + "/case")
            try FileManager.default.copyItem(atPath: base.path, toPath: folder.path)
            defer { try? FileManager.default.removeItem(atPath: folder.path) }
            let file = try #require(dice.pick(try folder.files(kind)))
            let damage = try Damage.inflict(on: file, &dice)
            let what = "seed \(seed): \(file) \(damage.map { "\($0)" } ?? "untouched")"
            let end = try await outcome(folder, corpus, model, expected, what)
            ends[end, default: 0] += 1
        }
        let report = End.allCases.compactMap { end in
            ends[end].map { "\(end.rawValue) \($0)" }
        }.joined(separator: ", ")
        print("damage: \(kind.rawValue): \(report) of \(cases)")
        let healed = cases - (ends[.refused] ?? 0)
        #expect(healed * 100 >= cases * 95, "\(kind): \(report)")
    }

    private func outcome(
        _ folder: Folder, _ corpus: String, _ model: String, _ expected: [[SearchAnswer.Found]],
        _ what: String
    ) async throws -> End {
        var isRebuilt = false
        let cluster: TestCluster
        do {
            cluster = try await TestCluster(folder.path, workers: 1)
        } catch let error as ClusterError {
            #expect(error.description.contains("sheaf collections rebuild"), "\(what): \(error)")
            _ = try CatalogRebuild.run(folder.data)
            isRebuilt = true
            cluster = try await TestCluster(folder.path, workers: 1)
        }
        var wasWrong = isRebuilt
        do {
            let found = try await cluster.search(TestData.questions, in: "c", k: 20).map(\.found)
            #expect(found == expected, "\(what): a wrong answer before healing")
        } catch let error as ClusterError {
            wasWrong = true
            let names = ["sheaf index", "sheaf collections rebuild"]
            #expect(names.contains { error.description.contains($0) }, "\(what): \(error)")
        }
        do {
            let report = try await cluster.index(corpus, as: "c", model: model, shards: 2)
            wasWrong = wasWrong || !report.healing.isEmpty
        } catch let error as ClusterError {
            await cluster.stop()
            let names = ["sheaf index", "sheaf collections"]
            #expect(names.contains { error.description.contains($0) }, "\(what): \(error)")
            return .refused
        }
        let found = try await cluster.search(TestData.questions, in: "c", k: 20).map(\.found)
        #expect(found == expected, "\(what): a wrong answer after healing")
        await cluster.stop()
        return isRebuilt ? .healedAfterRebuild : wasWrong ? .healed : .harmless
    }
}
