import Foundation
import TestSupport
import Testing

@testable import Sheaf

/// Segments that are shortened while a cluster serves them.
@Suite(.serialized, .enabled(if: Program.isBuilt, "the program is not built"))
struct ServedDamageTests {
    private struct State: Decodable {
        var workers: [Worker]

        struct Worker: Decodable {
            var pid: Int
            var state: String
        }
    }

    private func workers(_ data: String) throws -> Set<Int> {
        let run = try Program.run(["status", "--json"], data: data)
        return Set(try Program.decode(State.self, from: run.output).workers.map(\.pid))
    }

    @Test func `a shortened segment is told as damage, and all others are served on`() throws {
        try withFolder { folder in
            let data = folder + "/data"
            let model = try Fixtures.tinyModel(in: folder)
            let corpus = try Fixtures.corpus(in: folder, count: 80)
            #expect(try Program.run(["up", "--workers", "2"], data: data).status == 0)
            defer { _ = try? Program.run(["down"], data: data) }
            func index(_ name: String) throws -> Program.Outcome {
                try Program.run(
                    [
                        "index", corpus, "--collection", name, "--model", model, "--batch-size",
                        "8", "--shards", "4", "--quiet",
                    ], data: data)
            }
            func search(_ name: String, _ more: String...) throws -> Program.Outcome {
                try Program.run(
                    [
                        "search", "river stone wing", "--collection", name, "-k", "80",
                        "--timeout", "3", "--format", "trec",
                    ] + more, data: data)
            }
            for name in ["cut", "other"] {
                #expect(try index(name).status == 0)
                #expect(try search(name).status == 0)
            }
            let (whole, other) = (try search("cut").output, try search("other").output)
            let before = try workers(data)
            let segments = data + "/collections/cut/segments"
            let name = try #require(
                try FileManager.default.contentsOfDirectory(atPath: segments).sorted().first)
            #expect(truncate("\(segments)/\(name)", 100) == 0)

            let strict = try search("cut")
            #expect(strict.status == 3, "\(strict)")
            #expect(strict.error.contains(name), "the file is not named: \(strict.error)")
            let partial = try search("cut", "--allow-partial")
            #expect(partial.status == 0, "\(partial)")
            let lines = partial.output.split(separator: "\n")
            #expect(!lines.isEmpty && lines.count < whole.split(separator: "\n").count)
            #expect(try search("other").output == other)
            #expect(try workers(data) == before, "a worker ended")

            // The same command makes the batch anew.
            let again = try index("cut")
            #expect(again.status == 0, "\(again)")
            #expect(try search("cut").output == whole)
        }
    }
}
