import Foundation
import Locks

/// An exclusive lock on a file, held by one process until it ends, however it ends.
public final class FolderLock: Sendable {
    private let path: String
    private let descriptor: Int32

    /// Takes the lock on `path`, or throws `dataFolderLocked` with the holder's process id.
    public init(_ path: String) throws(ClusterError) {
        self.path = path
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, PrivateFolder.fileMode)
        guard descriptor >= 0 else {
            throw .storage(
                path: path, reason: String(cString: strerror(errno)),
                remedy: "Name a folder you may write to with --data.")
        }
        fchmod(descriptor, PrivateFolder.fileMode)
        guard Self.take(descriptor) else {
            // `deinit` closes: all properties have their values, so it runs after this throw too.
            throw .dataFolderLocked(
                path: path, holder: Self.content(descriptor))
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

    /// True while `path` names the very file that is locked: it was not removed or replaced.
    var isInPlace: Bool {
        var ours = stat()
        var there = stat()
        return fstat(descriptor, &ours) == 0 && stat(path, &there) == 0
            && ours.st_ino == there.st_ino && ours.st_dev == there.st_dev
    }

    /// True when some process holds the lock on `path`.
    public static func isHeld(_ path: String) throws(ClusterError) -> Bool {
        try holder(of: path) != nil
    }

    /// The id of the process that holds the lock on `path`, as it wrote it; nil when none does.
    ///
    /// Throws where the file is there and this process may not look at it.
    public static func holder(of path: String) throws(ClusterError) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if [ENOENT, ENOTDIR].contains(errno) { return nil }
            throw .storage(
                path: path, reason: String(cString: strerror(errno)),
                remedy: "Ask the owner of the data folder, or name another with --data.")
        }
        defer { close(descriptor) }
        // A shared lock asks without disturbing others who ask; who takes the lock waits for it.
        guard flock(descriptor, LOCK_SH | LOCK_NB) != 0 else { return nil }
        return content(descriptor)
    }

    private static func content(_ descriptor: Int32) -> String {
        var text = [UInt8](repeating: 0, count: 32)
        let count = max(0, pread(descriptor, &text, text.count, 0))
        return String(decoding: text.prefix(count), as: UTF8.self)
    }
}

/// The locks of the one coordinator of a data folder.
///
/// The one that counts lies in the folder itself, so that nobody removes it with `run/`; the one in
/// `run/` is where earlier releases look and take theirs.
final class DataFolderLock: Sendable {
    private let data: DataFolder
    private let lock: FolderLock
    private let former: Locked<FolderLock>

    /// Takes both, or throws `dataFolderLocked`.
    init(_ data: DataFolder) throws(ClusterError) {
        self.data = data
        lock = try FolderLock(data.lock)
        former = Locked(try FolderLock(data.formerLock))
    }

    /// True while the folder is the one that was locked.
    var isInPlace: Bool { lock.isInPlace }

    /// Takes the lock in `run/` again where that was removed.
    func restore() throws(ClusterError) {
        guard !former.withLock({ $0.isInPlace }) else { return }
        let again = try FolderLock(data.formerLock)
        former.withLock { $0 = again }
    }

    /// Gives them back.
    func release() {
        former.withLock { $0.release() }
        lock.release()
    }
}
