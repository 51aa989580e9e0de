import ArgumentParser
import Sheaf

/// What a coordinator starts to try an index kind, before a corpus is encoded for it.
struct TryIndexCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "try-index",
        abstract: "Make, train and search an index on a small sample.",
        discussion: """
            Example:

              sheaf try-index --index IVF256,Flat --dimension 384

            `sheaf index` does so by itself before it encodes anything.
            """,
        shouldDisplay: false)

    @Option(help: ArgumentHelp("The index kind.", valueName: "kind"))
    var index: String

    @Option(help: "The metric (default: ip).")
    var metric: Metric?

    @Option(help: ArgumentHelp("Components of a vector.", valueName: "n"))
    var dimension: Int

    func validate() throws {
        try NumberRange.check("--dimension", dimension, 1...65_535)
    }

    func run() throws {
        do {
            try KindTrial.runHere(
                kind: index, dimension: dimension, metric: metric ?? .innerProduct)
        } catch {
            throw SheafError(error)
        }
    }
}
