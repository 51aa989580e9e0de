internal import Base

extension IndexError {
    /// A call on a file failed.
    init(_ error: FileError) {
        self =
            switch error.cause {
            case .changed: .changedInUse(path: error.path)
            case .isFolder, .notRegular:
                .malformedSegment(path: error.path, offset: 0, reason: "it is not a regular file")
            case .refused, .ended:
                .fileSystem(operation: error.operation, path: error.path, code: error.code)
            }
    }
}

extension MappedFile {
    /// Throws where the file is no longer whole.
    func check() throws(IndexError) {
        if !isWhole { throw .changedInUse(path: path) }
    }
}
