internal import Glibc
internal import Synchronization

/// A file being written: a reader sees the whole of it or what was there before.
///
///     let file = try WholeFile("passages.tsv")
///     try file.write("id\ttext\ttitle\n")
///     try file.finish()
///
/// Bytes go to a temporary file in the same folder, which `finish()` syncs and renames before it
/// syncs the folder. Without `finish()` the temporary file is removed. A path that names a device
/// or a pipe is written to directly, and a symbolic link leads to what it points to. One owner at
/// a time.
package final class WholeFile {
    /// Who may read the file.
    package enum Readers {
        /// Whom the umask leaves.
        case others
        /// Its owner alone, whatever the umask.
        case owner
    }

    private let path: String
    private let folder: String
    /// Nil where bytes go straight to their place.
    private let temporary: String?
    private let file: OpenFile
    private var buffer: [UInt8] = []
    private var isFinished = false

    private static let bufferedBytes = 256 << 10

    /// Starts a file that will lie at `path`.
    package convenience init(_ path: String, for readers: Readers = .others) throws(FileError) {
        var path = path
        var information = stat()
        var kind = stat(path, &information) == 0 ? information.st_mode & S_IFMT : S_IFREG
        if kind == S_IFDIR { throw FileError("creating", path, .isFolder) }
        if kind == S_IFREG {
            path = FileNames.target(of: path)
            // A link that leads no further is an open file of the system, such as `/dev/stdout`.
            if lstat(path, &information) == 0 { kind = information.st_mode & S_IFMT }
        }
        try self.init(path, FileNames.folder(of: path), isDirect: kind != S_IFREG, readers)
    }

    /// Starts a file in a folder, whose name `finish(as:)` gives.
    package convenience init(
        namedLaterIn folder: String, for readers: Readers = .others
    ) throws(FileError) {
        try self.init(folder, folder, isDirect: false, readers)
    }

    private init(
        _ path: String, _ folder: String, isDirect: Bool, _ readers: Readers
    ) throws(FileError) {
        self.path = path
        self.folder = folder
        let temporary = isDirect ? nil : "\(folder)/\(Self.temporaryName())"
        self.temporary = temporary
        let mode: mode_t = readers == .owner ? 0o600 : 0o666
        file = try Self.naming(path) { () throws(FileError) in
            guard let temporary else { return try OpenFile(path, O_WRONLY, mode: mode) }
            return try Self.unfinished.withLock { names throws(FileError) in
                let file = try OpenFile(temporary, O_WRONLY | O_CREAT | O_EXCL, mode: mode)
                names.insert(temporary)
                return file
            }
        }
        if readers == .owner, !isDirect {
            try Self.naming(path) { () throws(FileError) in try file.setMode(mode) }
        }
    }

    deinit { discard() }

    /// Adds text.
    package func write(_ text: String) throws(FileError) {
        buffer.append(contentsOf: text.utf8)
        if buffer.count >= Self.bufferedBytes { try flush() }
    }

    /// Adds bytes.
    package func write(_ bytes: [UInt8]) throws(FileError) {
        buffer.append(contentsOf: bytes)
        if buffer.count >= Self.bufferedBytes { try flush() }
    }

    /// Adds bytes.
    package func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        try flush()
        try Self.naming(path) { () throws(FileError) in try file.write(bytes) }
    }

    /// Puts bytes in the place of others that were written.
    package func rewrite(_ bytes: [UInt8], at offset: UInt64) throws(FileError) {
        try flush()
        try Self.naming(path) { () throws(FileError) in try file.write(bytes, at: offset) }
    }

    /// Hands what was written so far to the system.
    private func flush() throws(FileError) {
        guard !buffer.isEmpty else { return }
        try Self.naming(path) { () throws(FileError) in try file.write(buffer) }
        buffer.removeAll(keepingCapacity: true)
    }

    /// Writes what is left and gives the file its name.
    ///
    /// - Parameter name: Its name in the folder; nil: that of the path.
    package func finish(as name: String? = nil) throws(FileError) {
        precondition(!isFinished, "a file is finished once")
        try flush()
        if let temporary {
            try Self.naming(path) { () throws(FileError) in
                try file.sync()
                try file.close()
            }
            try FileNames.rename(temporary, to: name.map { "\(folder)/\($0)" } ?? path)
            Self.unfinished.withLock { _ = $0.remove(temporary) }
        }
        isFinished = true
    }

    /// Removes an unfinished file.
    package func discard() {
        guard !isFinished else { return }
        isFinished = true
        guard let temporary else { return }
        unlink(temporary)
        Self.unfinished.withLock { _ = $0.remove(temporary) }
    }

    /// Temporary files of this process.
    private static let unfinished = Locked<Set<String>>([])

    /// Removes every unfinished file of this process, which ends then: no other is begun meanwhile.
    package static func discardAll(thenEnding end: () -> Never) -> Never {
        unfinished.withLock { names in
            for name in names { unlink(name) }
            end()
        }
    }

    /// Errors speak of the file that is meant, not of the temporary one.
    private static func naming<Value>(
        _ path: String, _ body: () throws(FileError) -> Value
    ) throws(FileError) -> Value {
        try giving({ FileError($0.operation, path, $0.cause) }, body)
    }

    /// What the names of temporary files begin with; one that is left was of a killed process.
    package static let temporaryPrefix = ".writing-"

    /// A name that no other write, thread or process uses.
    private static func temporaryName() -> String {
        let turn = counter.add(1, ordering: .relaxed).newValue
        let nonce = String(UInt64.random(in: .min ... .max), radix: 16)
        return "\(temporaryPrefix)\(getpid())-\(turn)-\(nonce)"
    }

    private static let counter = Atomic<UInt64>(0)

    /// Writes a file whose content is there.
    package static func write(
        _ bytes: [UInt8], to path: String, for readers: Readers = .others
    ) throws(FileError) {
        let file = try WholeFile(path, for: readers)
        try file.write(bytes)
        try file.finish()
    }
}
