import Foundation
import TestSupport
import Testing

@testable import Sheaf

/// Models that lie elsewhere now, as they are named to `up`, `coordinator`, `worker` and `search`.
@Suite(.serialized, .enabled(if: Program.isBuilt, "the program is not built"))
struct ModelPlaceCommandTests {
    private func search(_ data: String, _ more: [String] = []) throws -> Program.Outcome {
        try Program.run(
            ["search", "river", "--collection", "c", "-k", "3", "--format", "trec"] + more,
            data: data)
    }

    private func index(
        _ corpus: String, _ model: String, _ data: String, _ more: [String] = []
    ) throws -> Program.Outcome {
        try Program.run(
            ["index", corpus, "--collection", "c", "--model", model, "--quiet"] + more, data: data)
    }

    @Test(arguments: ["", "/question_encoder"])
    func `up looks for a question tower where it is told, and remembers the place`(
        tower: String
    ) throws {
        try withFolder { folder in
            let data = folder + "/data"
            let model = try Fixtures.tinyModel(in: folder)
            let corpus = try Fixtures.corpus(in: folder, count: 20)
            #expect(try index(corpus, model, data, ["--workers", "1"]).status == 0)
            let before = try search(data)
            try FileManager.default.moveItem(atPath: model, toPath: folder + "/moved")
            let lost = try search(data)
            #expect(lost.status == 2 && lost.error.contains("--question-model"), "\(lost)")
            let up = try Program.run(
                ["up", "--workers", "1", "--question-model", folder + "/moved" + tower],
                data: data)
            #expect(up.status == 0, "\(up)")
            let found = try search(data)
            #expect(found.status == 0 && found.output == before.output, "\(found)")
            _ = try Program.run(["down"], data: data)
            let later = try search(data)
            #expect(later.output == before.output, "\(later)")
        }
    }

    @Test(.enabled(if: geteuid() == 0, "only root can hide a folder from a process"))
    func `a worker whose host has the context tower elsewhere is told where`() async throws {
        let scratch = try TemporaryFolder()
        defer { scratch.remove() }
        let (data, model) = (scratch.path + "/data", try Fixtures.tinyModel(in: scratch.path))
        let corpus = try Fixtures.corpus(in: scratch.path, count: 20)
        try FileManager.default.copyItem(atPath: model, toPath: scratch.path + "/elsewhere")
        let coordinator = try Program.start(
            ["coordinator", "--data", data, "--workers", "0"], data: data)
        defer {
            _ = try? Program.run(["down"], data: data)
            coordinator.process.terminate()
        }
        for _ in 0..<500 where !FileManager.default.fileExists(atPath: data + "/run/token") {
            try await Task.sleep(for: .milliseconds(20))
        }
        for tower in ["", "/elsewhere/context_encoder", "/elsewhere"] {
            let place = tower.isEmpty ? "" : " --context-model \(scratch.path)\(tower)"
            let worker = Process()
            worker.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            worker.arguments = [
                "unshare", "--mount", "sh", "-c",
                """
                mount -t tmpfs none \(model) && exec \(Program.path) worker --data \(data) \
                --coordinator ipc://\(data)/run/control.sock --name w\(place)
                """,
            ]
            worker.standardError = FileHandle.nullDevice
            try worker.run()
            defer {
                worker.terminate()
                worker.waitUntilExit()
            }
            let indexed = try index(corpus, model, data)
            if tower.isEmpty {
                #expect(indexed.status == 2, "\(indexed)")
                #expect(indexed.error.contains("--context-model"), "\(indexed)")
            } else {
                #expect(indexed.status == 0, "\(tower): \(indexed)")
                #expect(try search(data).status == 0)
                let dropped = try Program.run(["collections", "drop", "c", "--yes"], data: data)
                #expect(dropped.status == 0, "\(dropped)")
            }
        }
    }
}
