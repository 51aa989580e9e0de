public import Foundation

/// Writing a small file so that a reader finds the old or the new content, whatever dies in
/// between.
public enum DurableFile {
    /// Writes `data` to a temporary name, syncs it, renames it to `path` and syncs the folder.
    public static func write(_ data: Data, to path: String) throws(ClusterError) {
        let temporary = "\(path).\(getpid()).tmp"
        let mode = PrivateFolder.fileMode
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw failure(temporary, "cannot be created") }
        fchmod(descriptor, mode)
        var written = 0
        var failed = false
        data.withUnsafeBytes { bytes in
            while written < bytes.count, let base = bytes.baseAddress {
                let count = Foundation.write(descriptor, base + written, bytes.count - written)
                if count < 0 && errno == EINTR { continue }
                if count <= 0 {
                    failed = true
                    return
                }
                written += count
            }
        }
        let problem = errno
        if failed || fsync(descriptor) != 0 {
            let code = failed ? problem : errno
            close(descriptor)
            unlink(temporary)
            throw failure(temporary, "cannot be written", code)
        }
        close(descriptor)
        guard rename(temporary, path) == 0 else { throw failure(path, "cannot be renamed to") }
        try syncFolder((path as NSString).deletingLastPathComponent)
    }

    /// Makes the names in `folder` durable, those that are gone too.
    public static func syncFolder(_ folder: String) throws(ClusterError) {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        // A folder that may be entered but not read belongs to somebody else, and is there.
        guard descriptor >= 0 else {
            if errno == EACCES { return }
            throw failure(folder, "cannot be opened")
        }
        defer { close(descriptor) }
        // Some file systems sync their folders by themselves and do not know the call.
        guard fsync(descriptor) == 0 || errno == EINVAL else {
            throw failure(folder, "cannot be synced")
        }
    }

    /// Makes the content of the file at `path` durable.
    static func syncFile(_ path: String) throws(ClusterError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(path, "cannot be opened") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure(path, "cannot be synced") }
    }

    private static func failure(
        _ path: String, _ what: String, _ code: Int32 = errno
    ) -> ClusterError {
        .storage(
            path: path, reason: "\(what): \(String(cString: strerror(code)))",
            remedy: code == ENOSPC
                ? "Free some disk space and try again." : "Check the folder's permissions.")
    }
}

/// An exclusive lock on a file, held by one process until it ends, however it ends.
public final class FolderLock: Sendable {
    private let descriptor: Int32

    /// Takes the lock on `path`, or throws `dataFolderLocked` with the holder's process id.
    public init(_ path: String) throws(ClusterError) {
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, PrivateFolder.fileMode)
        guard descriptor >= 0 else {
            throw .storage(
                path: path, reason: String(cString: strerror(errno)),
                remedy: "Name a folder you may write to with --data.")
        }
        fchmod(descriptor, PrivateFolder.fileMode)
        guard Self.take(descriptor) else {
            var text = [UInt8](repeating: 0, count: 32)
            let count = max(0, pread(descriptor, &text, text.count, 0))
            // `deinit` closes: all properties have their values, so it runs after this throw too.
            throw .dataFolderLocked(
                path: path, holder: String(decoding: text.prefix(count), as: UTF8.self))
        }
        let text = Array("\(getpid())".utf8)
        ftruncate(descriptor, 0)
        pwrite(descriptor, text, text.count, 0)
    }

    /// Takes the lock; waits a moment for those who only look, see ``isHeld(_:)``.
    private static func take(_ descriptor: Int32) -> Bool {
        for _ in 0..<20 {
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return true }
            usleep(5_000)
        }
        return false
    }

    /// Gives the lock back.
    func release() { flock(descriptor, LOCK_UN) }

    deinit { close(descriptor) }

    /// True when some process holds the lock on `path`.
    public static func isHeld(_ path: String) -> Bool {
        let descriptor = open(path, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        // A shared lock asks without disturbing others who ask; who takes the lock waits for it.
        return flock(descriptor, LOCK_SH | LOCK_NB) != 0
    }
}
