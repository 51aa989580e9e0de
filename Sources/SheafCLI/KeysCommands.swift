public import ArgumentParser
import Formats
public import Sheaf

struct KeysCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys",
        abstract: "Make and show the CURVE keys of hosts.",
        subcommands: [Generate.self, List.self])

    struct Generate: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "generate",
            abstract: "Make a key pair: NAME.secret and NAME.public.",
            discussion: """
                Example:

                  sheaf keys generate --folder /etc/sheaf --name worker-1 --role worker

                Copy the public file of each worker and client into the coordinator's
                --allowed folder, and the coordinator's public file to them. A key is never
                overwritten. Its role says what the holder may do, as the second line of the
                public file in that folder:

                  client     index and search; end an indexing run of its own
                  read-only  search and ask for the status
                  worker     encode passages and hold shards
                  trainer    be a rank of a training
                  admin      what a client may; drop collections, end any run, stop the cluster

                A key without a role is a client's. A coordinator's own key needs none.
                """)

        @Option(
            help: ArgumentHelp(
                "The folder to write to; it is made where there is none.", valueName: "dir"))
        var folder: String

        @Option(help: ArgumentHelp("The name of the pair.", valueName: "name"))
        var name: String

        @Option(help: ArgumentHelp("What the holder may do.", valueName: "role"))
        var role: KeyRole?

        func validate() throws {
            if !DataFolder.isValidCollectionName(name) {
                throw ValidationError(
                    "--name takes letters, digits, “-”, “_” and “.”, not beginning with “.”.")
            }
        }

        func run() throws {
            do {
                let pair = try CurveKeys.generate(folder: folder, name: name, role: role)
                try Terminal.answer(
                    "public key \(pair.publicKey)\nfingerprint \(pair.fingerprint)")
            } catch {
                throw SheafError(error)
            }
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "Show names, roles and fingerprints of public keys.",
            discussion: """
                Example:

                  sheaf keys list --folder /etc/sheaf/allowed

                Ends with 2 where a file lets nobody in, and says why. Run it as the user of
                the coordinator, who must be able to read every file.
                """)

        @Option(help: ArgumentHelp("The folder of public key files.", valueName: "dir"))
        var folder: String

        @Flag(help: "Print one JSON object.")
        var json = false

        func run() throws {
            let report = try KeyReport(folder: folder)
            try Terminal.answer(json ? report.document.text : report.text)
            if !report.problems.isEmpty {
                if !json { Terminal.say(report.problems.joined(separator: "\n")) }
                throw ExitCode(SheafError.ExitStatus.input.rawValue)
            }
        }
    }
}

extension KeyRole: ExpressibleByArgument {}
