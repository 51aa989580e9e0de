import ArgumentParser
import Formats
import Foundation
import Sheaf

struct CollectionsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "collections",
        abstract: "List, describe, drop and rebuild collections.",
        subcommands: [List.self, Describe.self, Drop.self, Rebuild.self],
        defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "List the collections of a data folder.",
            discussion: """
                Example:

                  sheaf collections list
                """)

        @OptionGroup var cluster: ClusterOptions

        @Flag(help: "Print one JSON array.")
        var json = false

        func run() async throws {
            let report = try await CollectionsCommand.report(cluster)
            try Terminal.answer(
                json ? report.document.text : report.isEmpty ? "no collections" : report.table)
        }
    }

    struct Describe: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "describe",
            abstract: "Tell all about one collection.",
            discussion: """
                Example:

                  sheaf collections describe wiki --json
                """)

        @Argument(help: "The collection.")
        var name: String

        @OptionGroup var cluster: ClusterOptions

        @Flag(help: "Print one JSON object.")
        var json = false

        func run() async throws {
            let report = try await CollectionsCommand.report(cluster, of: name)
            try Terminal.answer(
                json ? report.documents.map(\.text).joined(separator: "\n") : report.text)
        }
    }

    struct Drop: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "drop",
            abstract: "Remove a collection and its files.",
            discussion: """
                Example:

                  sheaf collections drop wiki --yes

                Asks at a terminal; elsewhere --yes is needed.
                """)

        @Argument(help: "The collection.")
        var name: String

        @OptionGroup var cluster: ClusterOptions

        @Flag(help: "Do not ask.")
        var yes = false

        @Flag(help: "Print one JSON object.")
        var json = false

        func run() async throws {
            let opened = try await CollectionsCommand.open(cluster)
            try await opened.closing {
                let items = try await opened.status(of: name).collections
                guard try yes || isConfirmed(items.first?.passages ?? 0) else {
                    throw SheafError.request("“\(name)” was not removed. Say yes, or give --yes.")
                }
                try await opened.drop(name)
            }
            let document: JSONValue = ["dropped": .string(name)]
            try Terminal.answer(json ? document.text : "“\(name)” is removed")
        }

        private func isConfirmed(_ passages: UInt64) throws -> Bool {
            guard isatty(STDIN_FILENO) == 1 else {
                throw SheafError.request(
                    "Nobody can be asked here. Give --yes to remove “\(name)”.")
            }
            Terminal.say(
                "Remove “\(name)” with its \(Quantity.count(passages, "passage"))? Type yes:")
            return readLine() == "yes"
        }
    }

    struct Rebuild: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "rebuild",
            abstract: "Make a damaged or missing catalog anew.",
            discussion: """
                Example:

                  sheaf collections rebuild --data DIR

                Reads the manifests in the data folder and looks which segments are there. The
                damaged catalog.sqlite is kept under another name; no segment is touched. A
                cluster on the folder must be stopped. Then run the `sheaf index` commands that
                made the collections again: they check every segment and make anew what is
                missing.
                """)

        @OptionGroup var data: DataOption

        @Flag(help: "Print one JSON object.")
        var json = false

        func run() throws {
            let report = try Cluster.rebuildCatalog(data.folder)
            try Terminal.answer(json ? report.document.text : report.text)
        }
    }

    private static func open(_ options: ClusterOptions) async throws(SheafError) -> Cluster {
        if let remote = try await options.remote() { return remote }
        return try await Cluster.openExisting(options.data.folder, workers: 0, mode: .processes)
    }

    private static func report(
        _ options: ClusterOptions, of name: String? = nil
    ) async throws -> CollectionReport {
        let cluster = try await open(options)
        let status = try await cluster.closing { try await cluster.status(of: name) }
        return CollectionReport(status.collections, isServing: !cluster.isOurs)
    }
}
