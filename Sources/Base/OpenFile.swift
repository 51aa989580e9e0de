internal import Crypto
package import Glibc

/// An open file; the one owner of its descriptor.
///
/// Calls with an offset may be made by any number of threads, all others by one at a time.
package final class OpenFile: @unchecked Sendable {
    /// The path it was opened by.
    package let path: String
    /// The system's number for it; −1 once it is closed.
    package private(set) var descriptor: Int32

    /// Opens a file; `mode` is what a new one has, less the umask.
    package init(_ path: String, _ flags: Int32, mode: mode_t = 0o644) throws(FileError) {
        self.path = path
        let operation = flags & O_CREAT == 0 ? "opening" : "creating"
        descriptor = try FileError.check(operation, path) { open(path, flags | O_CLOEXEC, mode) }
    }

    /// Opens a regular file for reading.
    package convenience init(reading path: String) throws(FileError) {
        // A pipe without a writer would keep the call.
        try self.init(path, O_RDONLY | O_NONBLOCK)
        switch try information().st_mode & S_IFMT {
        case S_IFREG: break
        case S_IFDIR: throw FileError("opening", path, .isFolder)
        default: throw FileError("opening", path, .notRegular)
        }
    }

    /// Makes a file in a folder that has no name there: it is gone when it is closed, however the
    /// process ends.
    package convenience init(namelessIn folder: String) throws(FileError) {
        let path = "\(folder)/sheaf-scratch-\(UInt64.random(in: .min ... .max))"
        try self.init(path, O_RDWR | O_CREAT | O_EXCL, mode: 0o600)
        unlink(path)
    }

    private init(borrowing descriptor: Int32, _ name: String) {
        path = name
        self.descriptor = descriptor
    }

    deinit {
        if descriptor >= 0 { Glibc.close(descriptor) }
    }

    /// What the system knows of it.
    package func information() throws(FileError) -> stat {
        var information = stat()
        try FileError.check("inspecting", path) { fstat(descriptor, &information) }
        return information
    }

    /// Its size in bytes.
    package func size() throws(FileError) -> Int { Int(try information().st_size) }

    /// Says who may do what with it, whatever the umask.
    package func setMode(_ mode: mode_t) throws(FileError) {
        try FileError.check("changing the mode of", path) { fchmod(descriptor, mode) }
    }

    /// Brings its content to the disk.
    package func sync() throws(FileError) {
        try FileError.check("syncing", path) { fsync(descriptor) }
    }

    /// Closes it before its owner is gone; writes that the system put off may fail then.
    package func close() throws(FileError) {
        guard descriptor >= 0 else { return }
        let code = Glibc.close(descriptor) == 0 ? 0 : errno
        descriptor = -1
        // After EINTR the descriptor is closed all the same.
        if code != 0, code != EINTR { throw FileError("closing", path, code: code) }
    }

    /// Goes to an offset from the start.
    package func seek(to offset: UInt64) throws(FileError) {
        guard let target = off_t(exactly: offset) else {
            throw FileError("reading", path, code: EINVAL)
        }
        try FileError.check("reading", path) { lseek(descriptor, target, SEEK_SET) }
    }

    /// Cuts it to a length.
    package func truncate(to length: UInt64) throws(FileError) {
        try FileError.check("writing", path) { ftruncate(descriptor, off_t(length)) }
    }
}

extension OpenFile {
    /// Reads up to `range.count` bytes to that range of the buffer; 0 at the end of the file.
    package func read(into buffer: inout [UInt8], _ range: Range<Int>) throws(FileError) -> Int {
        precondition(range.upperBound <= buffer.count)
        return try FileError.check("reading", path) {
            buffer.withUnsafeMutableBytes { raw in
                Glibc.read(descriptor, raw.baseAddress.map { $0 + range.lowerBound }, range.count)
            }
        }
    }

    /// Reads from an offset until the buffer is full or the file ends; gives the bytes read.
    package func read(
        into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64
    ) throws(FileError) -> Int {
        var done = 0
        while done < buffer.count {
            let count = try FileError.check("reading", path) {
                pread(
                    descriptor, buffer.baseAddress.map { $0 + done }, buffer.count - done,
                    off_t(offset) + off_t(done))
            }
            if count == 0 { break }
            done += count
        }
        return done
    }

    /// Reads `count` elements from an offset; a file that ends before is an error.
    package func read<Element: BitwiseCopyable>(
        _ count: Int, _: Element.Type = UInt8.self, at offset: UInt64
    ) throws(FileError) -> [Element] {
        var outcome: Result<Int, FileError> = .success(0)
        let wanted = count * MemoryLayout<Element>.stride
        let elements = [Element](unsafeUninitializedCapacity: count) { buffer, filled in
            let bytes = UnsafeMutableRawBufferPointer(buffer)[..<wanted]
            outcome = Result { () throws(FileError) in
                try read(into: UnsafeMutableRawBufferPointer(rebasing: bytes), at: offset)
            }
            filled = (try? outcome.get()) == wanted ? count : 0
        }
        guard try outcome.get() == wanted else { throw FileError("reading", path, .ended) }
        return elements
    }

    /// Writes all bytes: the kernel may take less than was offered, the rest is offered again.
    ///
    /// - Parameter offset: nil: behind what was written before.
    package func write(
        _ bytes: UnsafeRawBufferPointer, at offset: UInt64? = nil
    ) throws(FileError) {
        var done = 0
        while done < bytes.count {
            let start = bytes.baseAddress.map { $0 + done }
            let count = try FileError.check("writing", path) {
                if let offset {
                    pwrite(descriptor, start, bytes.count - done, off_t(offset) + off_t(done))
                } else {
                    Glibc.write(descriptor, start, bytes.count - done)
                }
            }
            // A device that takes nothing and says nothing would keep this loop forever.
            if count == 0 { throw FileError("writing", path, code: ENOSPC) }
            done += count
        }
    }

    /// Writes bytes to the standard output, past every buffer.
    package static func writeToStandardOutput(_ bytes: [UInt8]) throws(FileError) {
        let output = OpenFile(borrowing: STDOUT_FILENO, "standard output")
        // Its owner is the process: it stays open.
        defer { output.descriptor = -1 }
        try output.write(bytes)
    }

    /// Writes the memory of plain values.
    package func write<Element: BitwiseCopyable>(
        _ elements: [Element], at offset: UInt64? = nil
    ) throws(FileError) {
        try elements.withUnsafeBufferPointer { elements throws(FileError) in
            try write(UnsafeRawBufferPointer(elements), at: offset)
        }
    }

    /// SHA-256 over all from here to the end, in pieces of 1 MiB.
    package func sha256() throws(FileError) -> String {
        var hash = SHA256()
        var piece = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = try read(into: &piece, 0..<piece.count)
            if count == 0 { return Hexadecimal.text(hash.finalize()) }
            piece.withUnsafeBytes {
                hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: $0[..<count]))
            }
        }
    }

    /// SHA-256 of a whole file.
    package static func sha256(_ path: String) throws(FileError) -> String {
        try OpenFile(reading: path).sha256()
    }
}
