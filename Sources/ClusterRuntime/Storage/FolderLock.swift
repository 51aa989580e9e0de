import Base

/// A ``FileLock`` whose errors say what to do about a data folder.
public final class FolderLock: Sendable {
    private let lock: FileLock

    /// Takes the lock on `path`, or throws `dataFolderLocked` with the holder's process id.
    public init(_ path: String) throws(ClusterError) {
        let outcome = try giving({
            ClusterError(storage: $0, remedy: "Name a folder you may write to with --data.")
        }) { () throws(FileError) in try FileLock.take(path) }
        switch outcome {
        case .taken(let lock): self.lock = lock
        case .held(let holder): throw .dataFolderLocked(path: path, holder: holder)
        }
    }

    /// Gives the lock back.
    func release() { lock.release() }

    /// True while the path names the very file that is locked: it was not removed or replaced.
    var isInPlace: Bool { lock.isInPlace }

    /// True when some process holds the lock on `path`.
    public static func isHeld(_ path: String) throws(ClusterError) -> Bool {
        try holder(of: path) != nil
    }

    /// The id of the process that holds the lock on `path`, as it wrote it; nil when none does.
    ///
    /// Throws where the file is there and this process may not look at it.
    public static func holder(of path: String) throws(ClusterError) -> String? {
        try giving({
            ClusterError(
                storage: $0,
                remedy: "Ask the owner of the data folder, or name another with --data.")
        }) { () throws(FileError) in try FileLock.holder(of: path) }
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
