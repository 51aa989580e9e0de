import Foundation
import TestSupport
import Testing

/// What lies in a data folder: who may read it, and what a drop leaves.
@Suite(.serialized, .enabled(if: Program.isBuilt, "the program is not built"))
struct DataFolderTests {
    /// The modes of everything below a folder and of the folder itself, by path.
    private static func modes(_ folder: String) -> [String: mode_t] {
        let names = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String }
        var modes: [String: mode_t] = [:]
        for name in ["."] + (names ?? []) {
            var status = stat()
            guard lstat(folder + "/" + name, &status) == 0 else { continue }
            modes[name] = status.st_mode & 0o777
        }
        return modes
    }

    /// Runs the program under a umask.
    private static func run(umask: String, _ arguments: [String], data: String) throws {
        let shell = Process()
        shell.executableURL = URL(fileURLWithPath: "/bin/sh")
        shell.arguments = ["-c", "umask \(umask); exec \"$@\"", "sh", Program.path] + arguments
        shell.environment = ProcessInfo.processInfo.environment.merging(["SHEAF_DATA": data]) {
            $1
        }
        shell.standardOutput = FileHandle.nullDevice
        try shell.run()
        shell.waitUntilExit()
        #expect(shell.terminationStatus == 0, "\(arguments)")
    }

    @Test(arguments: ["000", "022", "377"])
    func `the owner alone reads a data folder, whatever the umask`(umask: String) throws {
        try withFolder { folder in
            let data = folder + "/deep/data"
            let corpus = try Fixtures.corpus(in: folder, count: 20)
            let model = try Fixtures.tinyModel(in: folder)
            // A cluster that stays, so that its sockets and the catalog's log are there.
            try Self.run(umask: umask, ["up", "--workers", "1"], data: data)
            defer { _ = try? Program.run(["down"], data: data) }
            try Self.run(
                umask: umask,
                [
                    "index", corpus, "--collection", "c", "--model", model, "--batch-size", "8",
                    "--quiet",
                ], data: data)
            let modes = Self.modes(data)
            for name in [
                "catalog.sqlite-wal", "run/token", "run/coordinator.log", "run/worker-1.log",
                "collections/c/segments",
            ] {
                #expect(modes[name] != nil, "\(name) is not there")
            }
            #expect(modes.keys.count { $0.hasSuffix(".safetensors") } == 3)
            for (name, mode) in modes {
                var isFolder: ObjCBool = false
                _ = FileManager.default.fileExists(
                    atPath: data + "/" + name, isDirectory: &isFolder)
                let wanted: mode_t = isFolder.boolValue ? 0o700 : 0o600
                #expect(mode == wanted, "\(name) has mode \(String(mode, radix: 8))")
            }
        }
    }

    @Test func `what a user names keeps the umask`() throws {
        try withFolder { folder in
            let data = folder + "/data"
            let corpus = try Fixtures.corpus(in: folder, count: 8)
            let model = try Fixtures.tinyModel(in: folder)
            try Self.run(
                umask: "002",
                ["index", corpus, "--collection", "c", "--model", model, "--quiet"], data: data)
            try Self.run(
                umask: "002",
                ["search", "river", "--collection", "c", "--output", folder + "/answers"],
                data: data)
            #expect(Self.modes(folder)["answers"] == 0o664)
        }
    }
}
