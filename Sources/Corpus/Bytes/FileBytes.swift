import Base

/// An open file for sequential reading.
final class FileBytes {
    let path: String
    /// The size when the file was opened, in bytes.
    let size: UInt64
    let file: OpenFile

    /// Opens a regular file.
    init(path: String) throws(CorpusError) {
        self.path = path
        let file = try giving(CorpusError.init(opening:)) { () throws(FileError) in
            try OpenFile(reading: path)
        }
        size = UInt64(
            try giving(CorpusError.init(opening:)) { () throws(FileError) in try file.size() })
        self.file = file
    }

    /// Reads up to `range.count` bytes to that range of the buffer; 0 at the end of the file.
    func read(into buffer: inout [UInt8], _ range: Range<Int>) throws(CorpusError) -> Int {
        do throws(FileError) {
            return try file.read(into: &buffer, range)
        } catch {
            throw CorpusError(reading: error)
        }
    }

    /// Goes to an offset from the start.
    func seek(to offset: UInt64) throws(CorpusError) {
        try giving(CorpusError.init(reading:)) { () throws(FileError) in try file.seek(to: offset) }
    }
}

extension CorpusError {
    /// A file could not be opened.
    init(opening error: FileError) {
        self =
            switch error.cause {
            case .isFolder: .isFolder(path: error.path)
            case .notRegular: .notRegularFile(path: error.path)
            default: .cannotOpen(path: error.path, reason: error.reason)
            }
    }

    /// A file could not be read.
    init(reading error: FileError) {
        self = .cannotRead(path: error.path, reason: error.reason)
    }

    /// A file could not be written.
    init(writing error: FileError) {
        self = .cannotWrite(path: error.path, reason: error.reason)
    }
}
