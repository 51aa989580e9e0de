import Foundation
import TestSupport
import Testing

@testable import Sheaf

/// What commands do when a process, a folder or the disk under them is lost.
@Suite(.serialized, .enabled(if: Program.isBuilt, "the program is not built"))
struct LossTests {
    /// Generous beside the second that is promised: the tests' machine may be busy.
    private static let soon = 5.0

    private struct Status: Decodable {
        struct Process: Decodable {
            var pid: Int32
        }
        struct Worker: Decodable {
            var name: String
            var pid: Int32
            var state: String
        }
        var coordinator: Process
        var workers: [Worker]
    }

    private func status(_ data: String) throws -> Status {
        let run = try Program.run(["status", "--json"], data: data)
        return try Program.decode(Status.self, from: run.output)
    }

    /// A data folder with the collection `c` and a cluster that stays.
    private func withCluster(
        workers: Int, passages: Int = 60, _ body: (_ folder: String, _ data: String) throws -> Void
    ) throws {
        try withFolder { folder in
            let data = folder + "/data"
            let up = try Program.run(["up", "--workers", "\(workers)"], data: data)
            try #require(up.status == 0, "\(up)")
            defer { _ = try? Program.run(["down"], data: data) }
            let index = try Program.run(
                [
                    "index", try Fixtures.corpus(in: folder, count: passages), "--collection", "c",
                    "--model", try Fixtures.tinyModel(in: folder), "--batch-size", "8", "--quiet",
                ], data: data)
            try #require(index.status == 0, "\(index)")
            try body(folder, data)
        }
    }

    private func search(_ data: String, _ more: String...) throws -> Program.Outcome {
        try Program.run(["search", "river", "--collection", "c", "-k", "3"] + more, data: data)
    }

    private func seconds(_ body: () throws -> Void) rethrows -> Double {
        let began = ContinuousClock.now
        try body()
        return began.duration(to: .now) / .seconds(1)
    }

    @Test func `a strict search waits for the shards of a worker that was killed`() throws {
        try withCluster(workers: 3) { _, data in
            let before = try search(data)
            #expect(before.status == 0, "\(before)")
            for _ in 0..<3 {
                let victim = try #require(try status(data).workers.first { $0.state == "ready" })
                kill(victim.pid, SIGKILL)
                let after = try search(data, "--timeout", "20")
                #expect(after.status == 0 && after.output == before.output, "\(after)")
            }
        }
    }

    @Test func `a worker that stands still is routed around, its shards with it`() throws {
        try withCluster(workers: 2) { _, data in
            let before = try search(data)
            let victim = try #require(try status(data).workers.first)
            kill(victim.pid, SIGSTOP)
            defer { kill(victim.pid, SIGCONT) }
            // Long before the ten seconds after which it is given up.
            let after = try search(data, "--timeout", "8")
            #expect(after.status == 0 && after.output == before.output, "\(after)")
        }
    }

    @Test func `a part of nothing is an error`() throws {
        try withCluster(workers: 1) { _, data in
            #expect(try search(data).status == 0)
            let worker = try #require(try status(data).workers.first)
            kill(worker.pid, SIGSTOP)
            defer { kill(worker.pid, SIGCONT) }
            let run = try search(data, "--allow-partial", "--timeout", "4")
            #expect(run.status == 3 && run.output.isEmpty, "\(run)")
            #expect(run.error.contains("No shard of “c” answered"), "\(run)")
        }
    }

    @Test(arguments: [SIGKILL, SIGTERM])
    func `whoever waits hears at once that the coordinator ends`(signal: Int32) throws {
        try withCluster(workers: 1) { folder, data in
            let coordinator = try status(data).coordinator.pid
            let worker = try #require(try status(data).workers.first)
            // So that the commands wait for an answer that does not come.
            kill(worker.pid, SIGSTOP)
            let commands = [
                ["search", "river", "--collection", "c", "--timeout", "60"],
                [
                    "index", try Fixtures.corpus(in: folder, count: 90), "--collection", "d",
                    "--model", folder + "/model", "--quiet",
                ],
            ]
            let running = try commands.map { try Program.start($0, data: data) }
            sleep(2)
            for run in running { #expect(run.process.isRunning, "\(run.error)") }
            let took = try seconds {
                kill(coordinator, signal)
                for run in running {
                    let outcome = try run.wait()
                    #expect(outcome.status == 3, "\(outcome)")
                    #expect(
                        outcome.error.contains(signal == SIGKILL ? "has ended" : "is stopping"),
                        "\(outcome)")
                }
            }
            #expect(took < Self.soon, "they waited for \(took) s")
            kill(worker.pid, SIGKILL)
        }
    }

    @Test func `a coordinator that stands still is not waited for`() throws {
        try withCluster(workers: 1) { _, data in
            let coordinator = try status(data).coordinator.pid
            kill(coordinator, SIGSTOP)
            defer { kill(coordinator, SIGCONT) }
            for command in [["status"], ["search", "river", "--collection", "c"]] {
                let took = try seconds {
                    let run = try Program.run(command, data: data)
                    #expect(run.status == 3, "\(run)")
                }
                #expect(took < 5 + Self.soon, "\(command) waited for \(took) s")
            }
        }
    }

    @Test func `a run folder that is removed is made again`() throws {
        try withCluster(workers: 1) { _, data in
            let before = try status(data)
            try FileManager.default.removeItem(atPath: data + "/run")
            #expect(try search(data).status == 0)
            let after = try status(data)
            #expect(after.coordinator.pid == before.coordinator.pid, "it is the same cluster")
            let second = try Program.run(["coordinator", "--workers", "1"], data: data)
            #expect(second.status == 2 && second.error.contains("Another coordinator"))
            let down = try Program.run(["down"], data: data)
            #expect(down.status == 0 && down.output == "stopped\n", "\(down)")
        }
    }

    @Test func `a coordinator whose data folder is replaced ends`() throws {
        try withCluster(workers: 1) { folder, data in
            let coordinator = try status(data).coordinator.pid
            try FileManager.default.moveItem(atPath: data, toPath: folder + "/away")
            try FileManager.default.createDirectory(
                atPath: data, withIntermediateDirectories: false)
            for _ in 0..<200 where kill(coordinator, 0) == 0 { usleep(50_000) }
            #expect(kill(coordinator, 0) != 0, "it goes on without its folder")
        }
    }

    @Test func `a second worker of a name ends and says why`() throws {
        try withCluster(workers: 1) { _, data in
            let announcement = try String(
                contentsOfFile: data + "/run/coordinator.json", encoding: .utf8)
            let match = try #require(announcement.firstMatch(of: /ipc:[^"]+/))
            let endpoint = String(match.output).replacing("\\", with: "")
            let second = try Program.run(
                ["worker", "--coordinator", endpoint, "--name", "worker-1"], data: data)
            #expect(second.status == 2, "\(second)")
            #expect(second.error.contains("A worker called “worker-1” is already here"))
            #expect(second.error.contains("--name"))
        }
    }

    @Test(.enabled(if: geteuid() == 0, "only root can be another user"))
    func `the cluster of another user is named as such`() throws {
        try withCluster(workers: 1) { _, data in
            for command in [["status"], ["down"]] {
                let shell = Process()
                let errors = Pipe()
                shell.executableURL = URL(fileURLWithPath: "/usr/bin/env")
                shell.arguments =
                    ["setpriv", "--reuid=65534", "--clear-groups", Program.path] + command
                    + ["--data", data]
                shell.standardError = errors
                shell.standardOutput = FileHandle.nullDevice
                try shell.run()
                let said = String(
                    decoding: try errors.fileHandleForReading.readToEnd() ?? Data(),
                    as: UTF8.self)
                shell.waitUntilExit()
                #expect(shell.terminationStatus == 3, "\(command): \(said)")
                #expect(said.contains("Permission denied") && said.contains(data), "\(said)")
            }
        }
    }
}
