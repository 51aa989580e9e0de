import Base
import Glibc

extension ModelError {
    /// A file could not be written.
    init(writing error: FileError) {
        self = .unwritableFile(path: error.path, reason: error.reason)
    }
}

extension MappedFile {
    /// Maps a file of a model.
    convenience init(_ path: String, purpose: String) throws(ModelError) {
        do throws(FileError) {
            try self.init(path)
        } catch {
            switch error.cause {
            case .refused(ENOENT): throw .missingFile(path: path, purpose: purpose)
            case .isFolder:
                throw .unreadableFile(path: path, reason: "it is not a regular file")
            default: throw .unreadableFile(path: path, reason: error.reason)
            }
        }
        // A clone without git-lfs has such texts in the place of large files, whatever their form.
        if bytes.count < Self.longestPointer, bytes.starts(with: Self.pointerHead) {
            throw .pointerFile(path: path)
        }
    }

    /// What each pointer of git-lfs begins with, and more bytes than one has.
    private static var pointerHead: [UInt8] {
        Array("version https://git-lfs.github.com/spec/".utf8)
    }
    private static var longestPointer: Int { 1024 }

    /// Throws where what was read of the file may have been zeros that are not in it.
    func check() throws(ModelError) {
        guard isWhole else {
            throw .unreadableFile(
                path: path, reason: "it was shortened, or could not be read, while it was in use")
        }
    }
}
