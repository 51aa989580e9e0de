import ArgumentParser
import Formats
import Sheaf

struct TokenizeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokenize",
        abstract: "Show the tokens of each line of the standard input.",
        discussion: """
            Example:

              echo "a dense passage" | sheaf tokenize --model all-MiniLM-L6-v2 --json

            Plain: the tokens, a tab, their ids. With --json one object a line: ids,
            tokens, and offsets in code points of the line. Nothing is cut.
            """)

    @Option(help: ArgumentHelp("The model folder.", valueName: "dir"))
    var model: String

    @Option(help: "The side, where the folder holds both towers.")
    var tower = Tower.context

    @Flag(help: "Print one JSON object a line.")
    var json = false

    func run() throws {
        let tokenizer = try TokenizerTool(folder: model, tower: tower)
        let sink = try OutputSink(path: nil)
        while let line = readLine() {
            try sink.write((json ? tokenizer.document(line).text : tokenizer.text(line)) + "\n")
        }
    }
}
