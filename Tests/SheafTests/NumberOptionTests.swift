import Foundation
import TestSupport
import Testing

/// Whatever number an option or a setting is given, the program says so or goes on: it never ends
/// by a signal.
@Suite(.enabled(if: Program.isBuilt)) struct NumberOptionTests {
    private static let extremes = [
        "9223372036854775807", "-9223372036854775808", "9223372036854775808",
        "18446744073709551616", "-1", "1e400", "nan",
    ]

    /// One command of the program, with what it cannot be called without.
    private struct Command {
        var path: [String]
        var needs: [String]
        var numbers: [String]
    }

    /// All commands, as the program itself describes them.
    private static func commands() throws -> [Command] {
        let help = try Program.run(["--experimental-dump-help"], data: "/nonexistent")
        let json = try JSONSerialization.jsonObject(with: Data(help.output.utf8))
        let root = try #require((json as? [String: Any])?["command"] as? [String: Any])
        return commands(in: root, path: [])
    }

    private static func commands(in node: [String: Any], path: [String]) -> [Command] {
        let subcommands = node["subcommands"] as? [[String: Any]] ?? []
        guard subcommands.isEmpty else {
            return subcommands.flatMap {
                commands(in: $0, path: path + [$0["commandName"] as? String ?? ""])
            }
        }
        var command = Command(path: path, needs: [], numbers: [])
        for argument in node["arguments"] as? [[String: Any]] ?? [] {
            let names = (argument["names"] as? [[String: Any]] ?? []).compactMap { name in
                (name["name"] as? String).map { $0.count == 1 ? "-" + $0 : "--" + $0 }
            }
            let kind = argument["kind"] as? String
            let value = argument["valueName"] as? String ?? ""
            let standard = argument["defaultValue"] as? String ?? ""
            if kind == "option", let name = names.last(where: { $0.hasPrefix("--") }) ?? names.first
            {
                if argument["isOptional"] as? Bool == false { command.needs += [name, "missing"] }
                if ["n", "seconds", "seed", "k"].contains(value) || Double(standard) != nil {
                    command.numbers.append(name)
                }
            } else if kind == "positional", argument["isOptional"] as? Bool == false {
                command.needs.append("missing")
            }
        }
        return [command]
    }

    @Test func `no option's number ends the program by a signal`() throws {
        let folder = try TemporaryFolder()
        var tried = 0
        for command in try Self.commands() {
            for option in command.numbers {
                for value in Self.extremes {
                    let call = command.path + command.needs + ["\(option)=\(value)"]
                    let outcome = try Program.run(call, data: folder.path + "/data")
                    let text = call.joined(separator: " ")
                    // What README.md names; a signal would show as its own number, from 4 on.
                    #expect([0, 1, 2, 3].contains(outcome.status), "\(text): \(outcome.status)")
                    #expect(!outcome.error.contains("Fatal error"), "\(text)")
                    tried += 1
                }
            }
        }
        #expect(tried > 200)
    }

    @Test func `a number out of range is refused with its option and the range`() throws {
        let folder = try TemporaryFolder()
        for (call, says) in [
            (["up", "--workers", "0"], "--workers is 0; it must be from 1 to 1024."),
            (
                ["index", "x", "--collection", "c", "--shards", "4097"],
                "--shards is 4097; it must be from 1 to 4096."
            ),
            (
                ["search", "x", "--collection", "c", "-k", "500001"],
                "-k is 500001; it must be from 1 to 500000."
            ),
            (["worker", "--coordinator", "ipc://x", "--name", "a/b"], "--name takes 1 to 64"),
        ] {
            let outcome = try Program.run(call, data: folder.path + "/data")
            #expect(outcome.status == 2, "\(call)")
            #expect(outcome.error.contains(says), "\(outcome.error)")
        }
    }

    /// Settings that are whole numbers, by section; seeds may be any.
    private static let whole = [
        "", "checkpoints.", "data.", "evaluation.", "input.", "memory.", "reader.", "schedule.",
    ]
    /// Numbers of these sections that are real ones.
    private static let real = ["evaluation.minimumDelta", "schedule.warmupRatio", "schedule.power"]

    @Test func `a training setting out of range is refused by its name`() throws {
        let folder = try TemporaryFolder()
        let yaml = try Program.run(["train", "--print"], data: folder.path).output
        var settings: [String] = []
        var section = ""
        for line in yaml.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 1).map {
                $0.trimmingCharacters(in: .whitespaces)
            }
            guard parts.count == 2 else { continue }
            if !line.hasPrefix(" ") { section = parts[1].isEmpty ? parts[0] + "." : "" }
            let name = section + parts[0]
            let isWhole = Self.whole.contains(section) && !Self.real.contains(name)
            if Int(parts[1]) != nil, isWhole, !name.hasSuffix("seed") { settings.append(name) }
        }
        #expect(settings.count > 15, "\(yaml)")
        for setting in settings {
            for value in ["9223372036854775807", "-9223372036854775808"] {
                let outcome = try Program.run(
                    [
                        "train", "--output", folder.path + "/run", "--data.training", "x",
                        "--model.folder", "x", "--workers", "1", "--\(setting)", value,
                    ], data: folder.path)
                #expect(outcome.status == 2, "\(setting) \(value): \(outcome.error)")
                let name = setting.split(separator: ".").last.map(String.init) ?? setting
                #expect(outcome.error.contains(name), "\(setting) \(value): \(outcome.error)")
            }
        }
    }
}
