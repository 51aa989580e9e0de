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
