import Foundation
import TestSupport
import Testing

/// The `keys` commands, and the recipe of `cluster/systemd` that uses them.
@Suite(.enabled(if: Program.isBuilt, "the program is not built"))
struct KeyCommandTests {
    private struct Listed: Decodable {
        struct Key: Decodable, Equatable {
            var name: String
            var role: String
            var fingerprint: String
        }
        var keys: [Key]
        var problems: [String]
    }

    @Test func `keys are made once, with their modes, and never overwritten`() throws {
        try withFolder { folder in
            let keys = folder + "/keys"
            let arguments = ["keys", "generate", "--folder", keys, "--name", "w"]
            #expect(try Program.run(arguments, data: folder).status == 0)
            let modes = [(keys, 0o700), (keys + "/w.secret", 0o600), (keys + "/w.public", 0o644)]
            for (path, mode) in modes {
                let attributes = try FileManager.default.attributesOfItem(atPath: path)
                #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == mode, "\(path)")
            }
            #expect(try Program.run(arguments, data: folder).status == 2)
            let role = try Program.run(arguments + ["--role", "king"], data: folder)
            #expect(role.status == 2 && role.error.contains("read-only"))
        }
    }

    @Test func `a folder of keys is listed, and what lets nobody in is named`() throws {
        try withFolder { folder in
            for (name, role) in [("a", ["--role", "worker"]), ("b", [])] {
                let arguments = ["keys", "generate", "--folder", folder, "--name", name] + role
                #expect(try Program.run(arguments, data: folder).status == 0)
            }
            let list = ["keys", "list", "--folder", folder]
            let table = try Program.run(list, data: folder)
            #expect(table.status == 0 && table.output.contains("worker"))
            let listed = try Program.decode(
                Listed.self, from: try Program.run(list + ["--json"], data: folder).output)
            #expect(listed.keys.map(\.name) == ["a", "b"])
            #expect(listed.keys.map(\.role) == ["worker", "client"])
            #expect(listed.keys.allSatisfy { $0.fingerprint.count == 16 })

            try "damaged".write(
                toFile: folder + "/c.public", atomically: true, encoding: .utf8)
            let damaged = try Program.run(list, data: folder)
            #expect(damaged.status == 2 && damaged.error.contains("c.public lets nobody in"))
            #expect(try Program.run(list + ["--json"], data: folder).status == 2)
            let missing = ["keys", "list", "--folder", folder + "/missing"]
            #expect(try Program.run(missing, data: folder).status == 2)
        }
    }

    /// Whether this user may make the hosts that the recipe is tried on.
    private static let makesHosts: Bool = {
        guard getuid() == 0 else { return false }
        let probe = Process()
        probe.executableURL = URL(fileURLWithPath: "/bin/bash")
        probe.arguments = [
            "-c",
            """
            unshare --mount --net --uts --pid --fork bash -c 'mount -t tmpfs none /mnt &&
            mkdir /mnt/u /mnt/w && ip link add cable type veth peer name other &&
            mount -t overlay none /srv -o lowerdir=/srv,upperdir=/mnt/u,workdir=/mnt/w' &&
            command -v setpriv useradd runuser nsenter
            """,
        ]
        probe.standardOutput = FileHandle.nullDevice
        probe.standardError = FileHandle.nullDevice
        guard (try? probe.run()) != nil else { return false }
        probe.waitUntilExit()
        return probe.terminationStatus == 0
    }()

    @Test(.enabled(if: makesHosts, "this user cannot make namespaces"), .timeLimit(.minutes(5)))
    func `the recipe of the systemd units works to the letter on two hosts`() throws {
        let script = Process()
        script.executableURL = URL(fileURLWithPath: "/bin/bash")
        script.arguments = [TestFiles.repository + "/scripts/systemd-recipe"]
        var environment = ProcessInfo.processInfo.environment
        environment["SHEAF_PROGRAM"] = Program.path
        script.environment = environment
        let output = Pipe()
        script.standardOutput = output
        script.standardError = output
        try script.run()
        let text = String(
            decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        script.waitUntilExit()
        #expect(script.terminationStatus == 0, "\(text)")
    }
}
