import Base

/// A text file being written: it takes its name only when it is whole, see ``WholeFile``.
package final class TextOutput {
    private let file: WholeFile

    /// Opens a temporary file beside `path`.
    package init(path: String) throws(CorpusError) {
        file = try giving(CorpusError.init(writing:)) { () throws(FileError) in
            try WholeFile(path)
        }
    }

    /// Adds text.
    package func write(_ text: String) throws(CorpusError) {
        do throws(FileError) {
            try file.write(text)
        } catch {
            throw CorpusError(writing: error)
        }
    }

    /// Writes what is left and gives the file its name.
    package func finish() throws(CorpusError) {
        try giving(CorpusError.init(writing:)) { () throws(FileError) in try file.finish() }
    }
}
