import Glibc

/// An open file for sequential reading; the one owner of its descriptor.
final class FileBytes {
    let path: String
    /// The size when the file was opened, in bytes.
    let size: UInt64
    private let descriptor: Int32

    /// Opens a regular file.
    init(path: String) throws(CorpusError) {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw .cannotOpen(path: path, reason: Self.reason(errno))
        }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else {
            let reason = Self.reason(errno)
            close(descriptor)
            throw .cannotOpen(path: path, reason: reason)
        }
        let kind = status.st_mode & S_IFMT
        guard kind == S_IFREG else {
            close(descriptor)
            throw kind == S_IFDIR ? .isFolder(path: path) : .notRegularFile(path: path)
        }
        self.path = path
        self.size = UInt64(max(0, status.st_size))
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }

    /// Reads up to `range.count` bytes to that range of the buffer; 0 at the end of the file.
    func read(into buffer: inout [UInt8], _ range: Range<Int>) throws(CorpusError) -> Int {
        precondition(range.upperBound <= buffer.count)
        while true {
            let count = unsafe buffer.withUnsafeMutableBytes { raw in
                unsafe Glibc.read(
                    descriptor, raw.baseAddress.map { unsafe $0 + range.lowerBound }, range.count)
            }
            if count >= 0 { return count }
            if errno != EINTR {
                throw .cannotRead(path: path, reason: Self.reason(errno))
            }
        }
    }

    /// Goes to an offset from the start.
    func seek(to offset: UInt64) throws(CorpusError) {
        guard let target = off_t(exactly: offset), lseek(descriptor, target, SEEK_SET) >= 0 else {
            throw .cannotRead(path: path, reason: Self.reason(errno))
        }
    }

    /// The system's words for an error number.
    static func reason(_ number: Int32) -> String {
        unsafe String(cString: strerror(number))
    }
}
