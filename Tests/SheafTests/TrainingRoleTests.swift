import Foundation
import Testing

@testable import Sheaf

extension TrainingProgramTests {
    /// Ranks of other hosts, by key: who trains, and who does not and is told so on both sides.
    @Suite(.enabled(if: Program.canNameHosts, "no process can be on a host of another name here"))
    struct TrainingRoleTests {
        /// A training that ranks of other hosts join by key.
        private final class KeyedTraining {
            let bench: TrainingBench
            let head: Program.Running
            let endpoint: String
            private var ranks: [Program.Running] = []

            var keys: String { bench.folder + "/keys" }

            /// Makes keys of these names, allows those that have a role, and starts the head.
            init(_ roles: [String: String?], _ more: [String]) throws {
                bench = try TrainingBench()
                let keys = bench.folder + "/keys"
                for (name, role) in roles.merging(["head": nil], uniquingKeysWith: { $1 }) {
                    let choice = role.map { ["--role", $0] } ?? []
                    let call = ["keys", "generate", "--folder", keys, "--name", name] + choice
                    try #require(try bench.run(call).status == 0)
                }
                try FileManager.default.createDirectory(
                    atPath: keys + "/allowed", withIntermediateDirectories: false)
                for (name, role) in roles where role != nil {
                    try FileManager.default.copyItem(
                        atPath: "\(keys)/\(name).public",
                        toPath: "\(keys)/allowed/\(name).public")
                }
                let network = [
                    "--bind", "tcp://127.0.0.1:0", "--keys", keys + "/head.secret", "--allowed",
                    keys + "/allowed",
                ]
                let training = bench.command("joined", workers: 0, network + more)
                head = try bench.start(training)
                let bound = try #require(
                    Self.wait(for: /ranks can join at (tcp:[^ \n]+)/, from: head))
                endpoint = String(bound.1)
            }

            /// Starts a rank on a host of its own name, with a key of that name.
            func rank(_ name: String, key: String) throws -> Program.Running {
                let call = [
                    "trainer", "--coordinator", endpoint, "--ring", "tcp://127.0.0.1:0", "--name",
                    name, "--keys", "\(keys)/\(key).secret", "--server-key", keys + "/head.public",
                ]
                let rank = try Program.start(call, data: bench.folder + "/data", host: name)
                ranks.append(rank)
                return rank
            }

            /// Ends what still runs.
            func end() {
                for running in ranks + [head] where running.process.isRunning {
                    kill(running.process.processIdentifier, SIGKILL)
                    running.process.waitUntilExit()
                }
                bench.remove()
            }

            /// What a running program says on the standard error, as soon as it does; nil where
            /// half a minute brings nothing.
            static func wait<Output>(
                for words: Regex<Output>, from running: Program.Running
            ) -> Output? {
                for _ in 0..<3000 {
                    if let match = running.error.firstMatch(of: words) { return match.output }
                    usleep(10_000)
                }
                return nil
            }
        }

        /// How many connections between other ports than one a process has.
        private static func connections(of process: Int32, besides port: String) -> Int {
            let folder = "/proc/\(process)"
            let files = FileManager.default
            var own: Set<String> = []
            for name in (try? files.contentsOfDirectory(atPath: folder + "/fd")) ?? [] {
                let target = try? files.destinationOfSymbolicLink(atPath: "\(folder)/fd/\(name)")
                if let target { own.insert(target) }
            }
            let table = (try? String(contentsOfFile: folder + "/net/tcp", encoding: .utf8)) ?? ""
            var count = 0
            for line in table.split(separator: "\n") {
                let row: [Substring] = line.split(separator: " ")
                // Established, and of this process.
                guard row.count > 9, row[3] == "01", own.contains("socket:[\(row[9])]") else {
                    continue
                }
                if row[1].hasSuffix(":" + port) || row[2].hasSuffix(":" + port) { continue }
                count += 1
            }
            return count
        }

        @Test func `ranks of other hosts train over tcp by the keys of trainers`() throws {
            let more = ["--epochs", "60"]
            let training = try KeyedTraining(
                ["one": "trainer", "two": "trainer"], ["--max-workers", "2", "--json"] + more)
            defer { training.end() }
            let ranks = try ["one", "two"].map { try training.rank($0, key: $0) }
            // Gradients go from rank to rank, not through the head.
            let port = try #require(UInt16(training.endpoint.split(separator: ":").last ?? ""))
            let digits = String(port, radix: 16, uppercase: true)
            let padded = String(repeating: "0", count: 4 - digits.count) + digits
            var most = 0
            while training.head.process.isRunning, most < 2 {
                let process = ranks[0].process.processIdentifier
                most = max(most, Self.connections(of: process, besides: padded))
                usleep(5_000)
            }
            #expect(most == 2, "one to the next rank, one from the one before")
            let outcome = try training.head.wait()
            #expect(outcome.status == 0, "\(outcome.error)")
            #expect(outcome.output.contains("\"ranks\":2"), "\(outcome.output)")
            for rank in ranks { #expect(try rank.wait().status == 0) }
            let local = try training.bench.run(training.bench.command("local", workers: 2, more))
            #expect(local.status == 0, "\(local.error)")
            #expect(try training.bench.trained("joined") == training.bench.trained("local"))
        }

        @Test func `other keys train nothing, both sides say so, and a new role lets one in`()
            throws
        {
            let training = try KeyedTraining(
                ["one": "trainer", "asker": "client", "stranger": nil], ["--max-workers", "2"])
            defer { training.end() }
            let (asker, stranger) = (
                try training.rank("rank-2", key: "asker"),
                try training.rank("rank-3", key: "stranger")
            )
            let one = try training.rank("rank-1", key: "one")
            let denied = try #require(
                KeyedTraining.wait(
                    for: /“asker” \(([0-9a-f]{16})\) is allowed as client/, from: asker))
            #expect(asker.error.contains("not as trainer"), "\(asker.error)")
            let unknown = try #require(
                KeyedTraining.wait(for: /refuses key ([0-9a-f]{16})/, from: stranger))
            for key in [denied.1, unknown.1] {
                let line = try Regex("refused ([A-Za-z]+ of )?key \(key)")
                #expect(training.head.error.contains(line), "\(training.head.error)")
            }
            // One rank of two: nothing begins.
            usleep(1_500_000)
            #expect(training.bench.steps("joined") == 0)
            #expect(asker.process.isRunning && stranger.process.isRunning)

            let entry = training.keys + "/allowed/asker.public"
            let text = try String(contentsOfFile: entry, encoding: .utf8)
            try text.replacing("role: client", with: "role: trainer")
                .write(toFile: entry, atomically: true, encoding: .utf8)
            let outcome = try training.head.wait()
            #expect(outcome.status == 0, "\(outcome.error)")
            for rank in [one, asker] { #expect(try rank.wait().status == 0, "\(rank.error)") }
            #expect(asker.error.matches(of: /is allowed as client/).count == 1, "\(asker.error)")
        }
    }
}
