internal import Crypto
internal import Glibc
internal import Synchronization

/// A file that appears whole and synced, or not at all, named by its SHA-256; its owner alone can
/// read it.
enum DurableFile {
    /// Lets `body` fill a temporary file in `folder`, then gives it its name, `<sha256><suffix>`.
    ///
    /// When anything fails the temporary file is removed.
    static func write(
        folder: String, suffix: String, body: (inout HashedFile) throws(IndexError) -> Void
    ) throws(IndexError) -> (sha256: String, path: String, bytes: Int) {
        let temporary = "\(folder)/\(temporaryName())"
        var file = try HashedFile(creatingPrivate: temporary)
        do {
            try body(&file)
            let bytes = file.bytes
            let sha256 = try file.finish()
            let path = "\(folder)/\(sha256)\(suffix)"
            _ = try Errno.check("renaming to", path) { rename(temporary, path) }
            try syncFolder(folder)
            return (sha256, path, bytes)
        } catch {
            file.abandon()
            unlink(temporary)
            throw error
        }
    }

    /// A name that no other write, thread or process uses.
    private static func temporaryName() -> String {
        let turn = counter.add(1, ordering: .relaxed).newValue
        let nonce = String(UInt64.random(in: .min ... .max), radix: 16)
        return ".writing-\(getpid())-\(turn)-\(nonce)"
    }

    private static let counter = Atomic<UInt64>(0)

    /// Makes a rename in `folder` survive a crash.
    private static func syncFolder(_ folder: String) throws(IndexError) {
        let descriptor = try Errno.check("opening", folder) {
            open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        }
        defer { close(descriptor) }
        _ = try Errno.check("syncing", folder) { fsync(descriptor) }
    }
}

/// A new file being written, with the digest of what went in.
struct HashedFile {
    let path: String
    private(set) var bytes = 0
    private var descriptor: Int32
    private var hash = SHA256()

    init(creating path: String) throws(IndexError) {
        try self.init(path, flags: O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC)
    }

    /// Creates a file that its owner alone can read, whatever the umask.
    init(creatingPrivate path: String) throws(IndexError) {
        try self.init(creating: path)
        fchmod(descriptor, 0o600)
    }

    init(_ path: String, flags: Int32) throws(IndexError) {
        self.path = path
        descriptor = try Errno.check("creating", path) { open(path, flags, 0o644) }
    }

    /// Appends the memory of plain values.
    mutating func append<Value: BitwiseCopyable>(_ values: [Value]) throws(IndexError) {
        var failure: IndexError?
        values.withUnsafeBytes { buffer in
            hash.update(bufferPointer: buffer)
            do throws(IndexError) {
                try Self.writeAll(buffer, to: descriptor, path: path)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        bytes += values.count * MemoryLayout<Value>.stride
    }

    /// Syncs and closes the file; returns the digest in lowercase hexadecimal.
    mutating func finish() throws(IndexError) -> String {
        let descriptor = descriptor
        _ = try Errno.check("syncing", path) { fsync(descriptor) }
        self.descriptor = -1
        // After EINTR the descriptor is closed all the same, and the data is synced already.
        if close(descriptor) == -1, errno != EINTR {
            throw .fileSystem(operation: "closing", path: path, code: errno)
        }
        return Hexadecimal.text(hash.finalize())
    }

    /// Closes the file if it is still open.
    mutating func abandon() {
        if descriptor >= 0 { close(descriptor) }
        descriptor = -1
    }

    /// The kernel may take less than was offered; the rest is offered again.
    private static func writeAll(
        _ buffer: UnsafeRawBufferPointer, to descriptor: Int32, path: String
    ) throws(IndexError) {
        var rest = buffer[...]
        while !rest.isEmpty {
            let part = UnsafeRawBufferPointer(rebasing: rest)
            let count = try Errno.check("writing", path) {
                Glibc.write(descriptor, part.baseAddress, part.count)
            }
            // A device that takes nothing and says nothing would keep this loop forever.
            if count == 0 { throw .fileSystem(operation: "writing", path: path, code: ENOSPC) }
            rest = rest.dropFirst(count)
        }
    }
}

/// Bytes as lowercase hexadecimal.
enum Hexadecimal {
    static func text(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var result: [UInt8] = []
        for byte in bytes {
            result.append(digits[Int(byte >> 4)])
            result.append(digits[Int(byte & 15)])
        }
        return String(decoding: result, as: UTF8.self)
    }
}
