import Base
import Foundation

/// Folders and files that their owner alone can read, and that a power cut leaves where they are.
///
/// A name is in a folder once the folder is synced. That a folder is there does not say that: who
/// made it may have been killed before the sync. So a process syncs the parents of each folder that
/// it writes to once, whoever made them.
enum PrivateFolder {
    /// Mode of every folder below a data folder, whatever the umask.
    static let folderMode: mode_t = 0o700
    /// Mode of every file below a data folder, whatever the umask.
    static let fileMode: mode_t = 0o600

    /// Folders whose names this process has synced, with those of their parents.
    private static let synced = Locked<Set<String>>([])

    /// Makes `folder` and its parents where they are missing, and syncs their names.
    ///
    /// - Parameter root: The data folder; what is above it belongs to others, who may not let us
    ///   sync it.
    static func make(_ folder: String, below root: String) throws(ClusterError) {
        var status = stat()
        let isThere = stat(folder, &status) == 0
        if isThere, synced.withLock({ $0.contains(folder) }) { return }
        let parent = (folder as NSString).deletingLastPathComponent
        guard folder != "/", !parent.isEmpty else { return }
        try make(parent, below: root)
        if !isThere {
            guard mkdir(folder, folderMode) == 0 || errno == EEXIST else { throw failure(folder) }
            // The umask may have taken bits from the owner, too.
            chmod(folder, folderMode)
        } else if status.st_mode & S_IFMT != S_IFDIR {
            throw failure(folder, ENOTDIR)
        }
        do {
            try DurableFile.syncFolder(parent)
        } catch {
            let isOthers = isThere && folder != root && !folder.hasPrefix(root + "/")
            guard isOthers else { throw error }
        }
        synced.withLock { _ = $0.insert(folder) }
    }

    /// Makes the empty file `path` where it is missing.
    static func makeFile(_ path: String) throws(ClusterError) {
        do throws(FileError) {
            try OpenFile(path, O_WRONLY | O_CREAT | O_EXCL, mode: fileMode).setMode(fileMode)
        } catch {
            if error.code != EEXIST { throw failure(path, error.code) }
        }
    }

    /// Takes what others may do from a folder, the folders in it and their files.
    ///
    /// What cannot be changed is left: it belongs to somebody else.
    static func tighten(_ path: String) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        switch status.st_mode & S_IFMT {
        case S_IFDIR:
            chmod(path, folderMode)
            for name in (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [] {
                tighten(path + "/" + name)
            }
        case S_IFREG: chmod(path, fileMode)
        default: break
        }
    }

    private static func failure(_ path: String, _ code: Int32 = errno) -> ClusterError {
        .storage(
            path: path, reason: "cannot be made: \(FileError.words(code))",
            remedy: code == ENOSPC || code == EDQUOT
                ? "Free some disk space and try again."
                : "Name a folder you may write to with --data.")
    }
}
