import Foundation
import TestSupport
import Testing

@testable import Sheaf

/// The program under limits that are too low for it: a message and a status, never a signal.
@Suite(.serialized, .enabled(if: Program.isBuilt, "the program is not built"))
struct ProcessLimitTests {
    /// Runs `sheaf` with arguments from a shell that has set a limit.
    private func run(
        _ limit: String, _ arguments: [String], data: String
    ) throws -> (status: Int32, error: String) {
        let shell = Process()
        let errors = data + ".err"
        shell.executableURL = URL(fileURLWithPath: "/bin/sh")
        shell.arguments =
            ["-c", "ulimit \(limit); exec \"$0\" \"$@\" 2> \(errors)", Program.path] + arguments
        shell.environment = ProcessInfo.processInfo.environment.merging(["SHEAF_DATA": data]) { $1 }
        shell.standardInput = FileHandle.nullDevice
        shell.standardOutput = FileHandle.nullDevice
        try shell.run()
        shell.waitUntilExit()
        #expect(shell.terminationReason == .exit, "\(limit): signal \(shell.terminationStatus)")
        let error = try String(contentsOfFile: errors, encoding: .utf8)
        return (shell.terminationStatus, error)
    }

    @Test(arguments: [
        ("-n 200", "ulimit -n"), ("-n 64", "ulimit -n"), ("-n 32", "ulimit -n"),
        ("-n 20", "ulimit -n"), ("-n 12", "ulimit -n"), ("-v 680000", "ulimit -v"),
        ("-v 490000", "ulimit -v"), ("-v 290000", "ulimit -v"),
    ])
    func `a limit that is too low is told with the way to raise it`(
        limit: String, remedy: String
    ) throws {
        try withFolder { folder in
            let index = [
                "index", try Fixtures.corpus(in: folder, count: 20), "--collection", "c",
                "--model", try Fixtures.tinyModel(in: folder), "--workers", "1", "--quiet",
            ]
            let data = folder + "/data"
            let refused = try run(limit, index, data: data)
            #expect((1...3).contains(refused.status), "\(limit): \(refused)")
            #expect(refused.error.contains(remedy), "\(limit): \(refused)")
        }
    }

    @Test func `a search under a low limit is refused while the cluster serves others`() throws {
        try withFolder { folder in
            let data = folder + "/data"
            let search = ["search", "river", "--collection", "c", "-k", "1"]
            #expect(try Program.run(["up", "--workers", "1"], data: data).status == 0)
            defer { _ = try? Program.run(["down"], data: data) }
            let index = try Program.run(
                [
                    "index", try Fixtures.corpus(in: folder, count: 20), "--collection", "c",
                    "--model", try Fixtures.tinyModel(in: folder), "--quiet",
                ], data: data)
            #expect(index.status == 0, "\(index)")
            for (limit, remedy) in [("-n 30", "ulimit -n"), ("-v 490000", "ulimit -v")] {
                let refused = try run(limit, search, data: data)
                #expect(refused.status == 2 && refused.error.contains(remedy), "\(refused)")
            }
            #expect(try Program.run(search, data: data).status == 0)
        }
    }
}
