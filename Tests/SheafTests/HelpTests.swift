import Foundation
import TestSupport
import Testing

/// What every command says of itself, in a window of 80 columns.
@Suite(.enabled(if: Program.isBuilt)) struct HelpTests {
    private struct Dump: Decodable {
        var command: Command
    }

    private struct Command: Decodable {
        var commandName: String
        var abstract: String?
        var discussion: String?
        var subcommands: [Command]?

        /// The commands that do something, by all words of their calls.
        func ends(_ path: [String] = []) -> [(name: String, command: Command)] {
            let subcommands = (subcommands ?? []).filter { $0.commandName != "help" }
            if subcommands.isEmpty { return [(path.joined(separator: " "), self)] }
            return subcommands.flatMap { $0.ends(path + [$0.commandName]) }
        }
    }

    @Test func `each command has a line of its own, an example and text that does not wrap`()
        throws
    {
        let help = try Program.run(["--experimental-dump-help"], data: "/nonexistent")
        let commands = try Program.decode(Dump.self, from: help.output).command.ends()
        #expect(commands.count > 20)
        for (name, command) in commands {
            let abstract = command.abstract ?? ""
            #expect(!abstract.isEmpty && abstract.count <= 54, "\(name): \(abstract)")
            let text = command.discussion ?? ""
            #expect(text.contains("Example"), "\(name) has no example")
            #expect(text.contains("sheaf \(name)"), "\(name): its example is another's")
            for line in text.split(separator: "\n") {
                #expect(line.count < 80, "\(name): \(line)")
            }
        }
    }
}
