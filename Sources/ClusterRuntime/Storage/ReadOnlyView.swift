import Base
import Foundation

/// A data folder that may be read and not written to, seen through one that may.
///
/// A coordinator writes even where it only searches: an epoch, a lock, sockets, logs. The view is a
/// folder of this call with a copy of the catalog and a link to the collections, removed at the
/// end. Nothing of what the folder holds can change through it.
public final class ReadOnlyView: Sendable {
    /// The folder to search.
    public let data: DataFolder

    /// Whether this process may read a data folder and not write to it.
    public static func isNeeded(for data: DataFolder) -> Bool {
        guard access(data.path, R_OK | X_OK) == 0 else { return false }
        return access(data.path, W_OK) != 0 && [EACCES, EROFS, EPERM].contains(errno)
    }

    /// Makes the view of a folder in which no coordinator runs.
    public init(of data: DataFolder) throws(ClusterError) {
        if let holder = try data.holder() {
            throw .dataFolderLocked(path: data.lock, holder: holder)
        }
        let place = NSTemporaryDirectory()
        // Readable by its owner alone, by mkdtemp's own promise.
        let unknown = String(repeating: "X", count: 6)
        var template = Array("\(place)/sheaf-view-\(unknown)".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw .storage(
                path: place, reason: FileError.words(),
                remedy: "Name a folder you may write to in $TMPDIR: a search needs one.")
        }
        let bytes = template.dropLast().map { UInt8(bitPattern: $0) }
        self.data = DataFolder(path: String(decoding: bytes, as: UTF8.self))
        do {
            let files = FileManager.default
            // The log holds what was committed and not yet moved into the file.
            for suffix in ["", "-wal"] where files.fileExists(atPath: data.catalog + suffix) {
                let copy = self.data.catalog + suffix
                try files.copyItem(atPath: data.catalog + suffix, toPath: copy)
                // A copy has the mode of the file, which may be read-only itself.
                chmod(copy, PrivateFolder.fileMode)
            }
            try files.createSymbolicLink(
                atPath: self.data.path + "/collections",
                withDestinationPath: data.path + "/collections")
        } catch {
            remove()
            throw .storage(
                path: data.path, reason: "it cannot be read: \(error.localizedDescription)",
                remedy: "Ask its owner for the right to read all of it.")
        }
    }

    /// Removes the view; what it showed stays.
    public func remove() {
        try? FileManager.default.removeItem(atPath: data.path)
    }
}
