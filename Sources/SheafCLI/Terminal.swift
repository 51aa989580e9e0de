import Formats
import Foundation
import Sheaf

/// What the program says, and what it knows of the terminal it says it on.
enum Terminal {
    /// Columns where there is no terminal to ask.
    private static let defaultWidth = 100
    /// What may be believed of a variable.
    private static let widths = 1...10_000

    /// Whether the standard error is a terminal.
    static var errorIsTerminal: Bool { isatty(STDERR_FILENO) == 1 }

    /// Columns of the terminal behind the standard output or error.
    static var width: Int {
        for descriptor in [STDOUT_FILENO, STDERR_FILENO] {
            var size = winsize()
            if unsafe ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 {
                return Int(size.ws_col)
            }
        }
        let named = ProcessInfo.processInfo.environment["COLUMNS"].flatMap(Int.init)
        return named.map { min(max($0, widths.lowerBound), widths.upperBound) } ?? defaultWidth
    }

    /// Writes a line to the standard error.
    static func say(_ line: String) {
        FileHandle.standardError.write(Data((line + "\n").utf8))
    }

    /// Says notes, each on a line.
    static func say(notes: [String]) {
        for note in notes { say("note: " + note) }
    }

    /// Writes a result to the standard output.
    static func answer(_ text: String) throws(SheafError) {
        try OutputSink(path: nil).write(text.hasSuffix("\n") ? text : text + "\n")
    }

    /// Tells of an error on the standard error.
    static func report(error message: String, code: String, asJSON: Bool) {
        let document: JSONValue = [
            "error": ["code": .string(code), "message": .string(message)]
        ]
        say(asJSON ? document.text : "error: " + message)
    }
}
