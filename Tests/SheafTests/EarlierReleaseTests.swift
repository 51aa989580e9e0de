import Foundation
import TestSupport
import Testing

/// A data folder and a training that release 0.1.0 left: they open, serve, and are continued.
@Suite(.serialized, .enabled(if: Program.isBuilt, "the program is not built"))
struct EarlierReleaseTests {
    private static let fixture = TestFiles.fixtures + "/release-0.1.0"

    /// What that release left, in a folder of its own, with the model that it used.
    private struct Bench {
        let folder: TemporaryFolder
        var data: String { folder.path + "/data" }
        var model: String { folder.path + "/model" }

        init(_ name: String) throws {
            folder = try TemporaryFolder()
            let files = FileManager.default
            try files.copyItem(atPath: "\(fixture)/\(name)", toPath: "\(folder.path)/\(name)")
            try files.copyItem(
                atPath: Goldens.subset + "/models/st_lower", toPath: folder.path + "/model")
        }

        func run(_ arguments: [String]) throws -> Program.Outcome {
            try Program.run(arguments, data: data)
        }

        func index(_ collection: String, _ more: [String] = []) throws -> Program.Outcome {
            try run(
                [
                    "index", fixture + "/corpus.tsv", "--collection", collection, "--model", model,
                    "--shards", "2", "--workers", "2", "--quiet", "--json",
                ] + more)
        }

        func search(_ collection: String) throws -> Program.Outcome {
            try run([
                "search", "--questions", fixture + "/questions.txt", "--collection", collection,
                "-k", "5", "--format", "trec", "--question-model", model, "--workers", "2",
            ])
        }

        func segments(_ collection: String) throws -> Set<String> {
            let path = "\(data)/collections/\(collection)/segments"
            return Set(
                try FileManager.default.contentsOfDirectory(atPath: path)
                    .filter { $0.hasSuffix(".safetensors") })
        }
    }

    private struct Summary: Decodable {
        var alreadyComplete: Bool
        var passages: Int
        var passagesEncoded: Int
    }

    private static func stored(_ name: String) throws -> String {
        try String(contentsOfFile: "\(fixture)/\(name)", encoding: .utf8)
    }

    @Test(arguments: ["exact", "graph"])
    func `its collections answer as they did, and are complete`(collection: String) throws {
        let bench = try Bench("data")
        let found = try bench.search(collection)
        #expect(found.status == 0, "\(found.error)")
        #expect(try found.output == Self.stored(collection + ".trec"))
        let before = try bench.segments(collection)
        let kind =
            collection == "graph"
            ? ["--index", "HNSW32", "--metric", "cosine", "--vectors", "f16"] : []
        let again = try bench.index(collection, ["--batch-size", "16"] + kind)
        #expect(again.status == 0, "\(again.error)")
        let summary = try Program.decode(Summary.self, from: again.output)
        #expect(summary.alreadyComplete && summary.passagesEncoded == 0, "\(again.output)")
        #expect(try bench.segments(collection) == before)
    }

    @Test func `a cluster that stays serves its folder`() throws {
        let bench = try Bench("data")
        let up = try bench.run(["up", "--workers", "2", "--question-model", bench.model])
        #expect(up.status == 0, "\(up.error)")
        defer { _ = try? bench.run(["down"]) }
        #expect(try bench.search("exact").output == Self.stored("exact.trec"))
        let list = try bench.run(["collections", "list", "--json"])
        for name in ["exact", "graph", "begun"] {
            #expect(list.output.contains("\"name\":\"\(name)\""), "\(list)")
        }
    }

    @Test func `a run that it began is made complete, with the same segments`() throws {
        let bench = try Bench("data")
        let begun = try bench.segments("begun")
        let run = try bench.index("begun", ["--batch-size", "4"])
        #expect(run.status == 0, "\(run.error)")
        let summary = try Program.decode(Summary.self, from: run.output)
        #expect(summary.passages == 160, "\(run.output)")
        #expect(summary.passagesEncoded == 160 - 4 * begun.count, "\(run.output)")
        let whole = try bench.index("whole", ["--batch-size", "4"])
        #expect(whole.status == 0, "\(whole.error)")
        #expect(try bench.segments("begun") == bench.segments("whole"))
        #expect(try begun.isSubset(of: bench.segments("begun")))
        // The answers depend on the passages, not on how they lie in batches.
        #expect(try bench.search("begun").output == Self.stored("exact.trec"))
    }

    @Test func `its folder without a catalog is rebuilt`() throws {
        let bench = try Bench("data")
        try FileManager.default.removeItem(atPath: bench.data + "/catalog.sqlite")
        let rebuilt = try bench.run(["collections", "rebuild", "--json"])
        #expect(rebuilt.status == 0, "\(rebuilt.error)")
        let again = try bench.index("exact", ["--batch-size", "16"])
        #expect(again.status == 0, "\(again.error)")
        let summary = try Program.decode(Summary.self, from: again.output)
        #expect(summary.passagesEncoded == 0, "\(again.output)")
        #expect(try bench.search("exact").output == Self.stored("exact.trec"))
    }

    @Test func `a training that it began ends with the bits that it would have had`() throws {
        let bench = try Bench("run")
        let log = bench.folder.path + "/run/train_log.jsonl"
        let run = try bench.run([
            "train", "--data.training", Self.fixture + "/train.json", "--output",
            bench.folder.path + "/run", "--workers", "2", "--batchSize", "4", "--maximumSteps",
            "120", "--checkpoints.everySteps", "10", "--checkpoints.keep", "1", "--model.folder",
            bench.model, "--schedule.warmupSteps", "2", "--optimizer.learningRate", "1e-3",
            "--seed", "7", "--quiet",
        ])
        #expect(run.status == 0, "\(run.error)")
        let sum = try Process.sha256(bench.folder.path + "/run/model/model.safetensors")
        #expect(try Self.stored("trained.sha256").hasPrefix(sum))
        let lines = try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n")
        #expect(lines.count == 120)
        // The first steps are those that the earlier release took.
        let kept = try Self.stored("run/train_log.jsonl").split(separator: "\n")
        #expect(Array(lines.prefix(20)) == Array(kept.prefix(20)))
    }
}

extension Process {
    /// The SHA-256 of a file, by a program that is not ours.
    fileprivate static func sha256(_ path: String) throws -> String {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/sha256sum")
        process.arguments = [path]
        process.standardOutput = output
        try process.run()
        let text = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: text.prefix(64), as: UTF8.self)
    }
}
