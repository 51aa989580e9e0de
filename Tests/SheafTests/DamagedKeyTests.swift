import Foundation
import TestSupport
import Testing

/// Damage to key files as a user meets it: the command works, or says which file or which key it is
/// about and what to do, and does not wait without end.
///
/// Nothing is left to heal a key from; `sheaf keys generate` makes another. A few cases of each
/// kind here, a hundred in `scripts/verify damage`.
@Suite(.serialized, .enabled(if: Program.isBuilt, "the program is not built"))
struct DamagedKeyTests {
    /// What is damaged, by its place in the folder of keys.
    enum Kind: String, CaseIterable, Sendable {
        /// The client's secret key.
        case secret = "mine.secret"
        /// What the client knows of the coordinator.
        case server = "head.public"
        /// What the coordinator knows of the client.
        case allowed = "allowed/mine.public"
    }

    /// A coordinator with keys, and a client that it takes.
    private struct Bench {
        let folder: TemporaryFolder
        let coordinator: Program.Running
        private(set) var endpoint = ""

        var keys: String { folder.path + "/keys" }

        init() throws {
            folder = try TemporaryFolder()
            let keys = folder.path + "/keys"
            for (name, role) in [("head", []), ("mine", ["--role", "client"])] {
                let made = try Program.run(
                    ["keys", "generate", "--folder", keys, "--name", name] + role,
                    data: folder.path)
                #expect(made.status == 0, "\(made)")
            }
            try FileManager.default.createDirectory(
                atPath: keys + "/allowed", withIntermediateDirectories: false)
            try FileManager.default.copyItem(
                atPath: keys + "/mine.public", toPath: keys + "/allowed/mine.public")
            let data = folder.path + "/data"
            coordinator = try Program.start(
                [
                    "coordinator", "--bind", "tcp://127.0.0.1:0", "--keys", keys + "/head.secret",
                    "--allowed", keys + "/allowed",
                ], data: data)
            struct Announcement: Decodable { var endpoint: String }
            for _ in 0..<500 where endpoint.isEmpty {
                usleep(20_000)
                let text = try? String(
                    contentsOfFile: data + "/run/coordinator.json", encoding: .utf8)
                guard let text else { continue }
                endpoint = (try? Program.decode(Announcement.self, from: text).endpoint) ?? ""
            }
            #expect(!endpoint.isEmpty, "\(coordinator.error)")
        }

        func status() throws -> Program.Outcome {
            try Program.run(
                [
                    "status", "--coordinator", endpoint, "--keys", keys + "/mine.secret",
                    "--server-key", keys + "/head.public",
                ], data: folder.path + "/client")
        }

        func end() throws {
            coordinator.process.terminate()
            _ = try coordinator.wait()
            folder.remove()
        }
    }

    @Test(arguments: Kind.allCases)
    func `a damaged key is refused with the file or the key named`(kind: Kind) throws {
        let bench = try Bench()
        let path = bench.keys + "/" + kind.rawValue
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        let mode = try #require(
            try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions])
        let cases = Damage.cases(2, "SHEAF_DAMAGE_PROGRAM_CASES")
        var works = 0
        for seed in 0..<cases {
            var dice = Dice(seed: UInt64(2000 + seed))
            let damage = try #require(try Damage.inflict(on: path, &dice))
            let run = try bench.status()
            let what: Comment = "seed \(seed): \(damage): \(run)"
            if run.status == 0 {
                works += 1
            } else {
                #expect([2, 3].contains(run.status), what)
                let isNamed = run.error.contains(path) || run.error.contains("refuses key")
                // A key that no server proves cannot be told from a server that is not there.
                #expect(isNamed || run.error.contains("check the address, the keys"), what)
            }
            try whole.write(to: URL(fileURLWithPath: path))
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
            var healed = try bench.status()
            // The folder of allowed keys is looked at once a second.
            for _ in 0..<100 where healed.status != 0 {
                usleep(100_000)
                healed = try bench.status()
            }
            #expect(healed.status == 0, "\(what), then \(healed)")
        }
        print("damage: program: \(kind.rawValue): works \(works), refused \(cases - works)")
        try bench.end()
    }
}
