import Foundation
import TestSupport
import Testing

@testable import Sheaf

/// The files of `cluster/`: every call of `sheaf` in them is one that the program takes.
struct TopologyTests {
    private static let root = TestFiles.repository

    private static let files: [String] =
        (FileManager.default.enumerator(atPath: root + "/cluster")?
        .compactMap { $0 as? String } ?? []).sorted()
        .filter { ![".", ""].contains(URL(fileURLWithPath: $0).pathExtension) }

    private static func text(_ name: String) throws -> String {
        try String(contentsOfFile: "\(root)/cluster/\(name)", encoding: .utf8)
    }

    /// The words behind `sheaf` of every call in a file; comments and continued lines included.
    private static func calls(in text: String) -> [[String]] {
        let plain = text.replacing("\\\n", with: " ").replacing(/[\[\],"']/, with: " ")
            .replacing(/command:\s+sheaf (\w+)\s+args:/) { "sheaf \($0.1)" }
        return plain.matches(of: /(?:^|[\s`\/])sheaf ([a-z]+)((?: +[^ \n&|;]+)*)/).map { match in
            [String(match.1)] + match.2.split(separator: " ").map(String.init)
        }.filter { ["coordinator", "worker", "keys", "index", "search", "down"].contains($0[0]) }
    }

    @Test func `there are topologies of every kind`() {
        #expect(
            Set(Self.files.map { $0.split(separator: "/")[0] }) == [
                "kubernetes", "slurm", "systemd",
            ])
    }

    @Test(.enabled(if: Program.isBuilt, "the program is not built"), arguments: files)
    func `every option of every call exists`(file: String) throws {
        let calls = Self.calls(in: try Self.text(file))
        #expect(!calls.isEmpty, "\(file) calls nothing")
        for call in calls {
            let command = call[0] == "keys" ? ["keys", "generate"] : [call[0]]
            let help = try Program.run(command + ["--help"], data: "/nowhere").output
            for option in call where option.hasPrefix("--") {
                #expect(
                    help.contains(option + " ") || help.contains(option + "\n"), "\(file): \(call)")
            }
        }
    }

    @Test(arguments: files.filter { $0.hasPrefix("systemd/") })
    func `a unit has its three sections and starts one program`(file: String) throws {
        let lines = try Self.text(file).split(separator: "\n").filter { !$0.hasPrefix("#") }
        #expect(lines.filter { $0.hasPrefix("[") } == ["[Unit]", "[Service]", "[Install]"])
        #expect(lines.count { $0.hasPrefix("ExecStart=/usr/local/bin/sheaf ") } == 1)
        #expect(lines.allSatisfy { $0.hasPrefix("[") || $0.contains("=") })
    }

    @Test(arguments: files.filter { $0.hasSuffix(".sbatch") })
    func `a batch script parses`(file: String) throws {
        let shell = Process()
        shell.executableURL = URL(fileURLWithPath: "/bin/bash")
        shell.arguments = ["-n", "\(Self.root)/cluster/\(file)"]
        try shell.run()
        shell.waitUntilExit()
        #expect(shell.terminationStatus == 0)
    }

    @Test(arguments: files.filter { $0.hasSuffix(".yaml") })
    func `every manifest says what it is, and volumes that are mounted exist`(file: String) throws {
        let documents = try Self.text(file).components(separatedBy: "\n---\n")
        for document in documents {
            for key in ["apiVersion: ", "kind: ", "metadata:", "spec:"] {
                #expect(document.contains("\n" + key) || document.hasPrefix(key), "\(file): \(key)")
            }
            #expect(!document.contains("\t"))
            let mounted = document.matches(of: /name: (\w+), mountPath/).map { String($0.1) }
            for name in mounted {
                #expect(document.contains("        - name: \(name)\n"), "\(name)")
            }
        }
        #expect(documents.count == 4)
    }
}
